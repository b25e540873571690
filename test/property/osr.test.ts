/** Leaving a loop changes nothing but the code that runs: generated programs give the same results with and without. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Engine, type EngineOptions, memory, readMemory } from '../../src/index.js';
import { engineFor, linkages } from '../support/engine.js';
import { loopProgram } from '../support/loop-programs.js';
import { bitcode, llvmBin, scratch } from '../support/toolchain.js';

const arrivals = [1, 2, 3, 7, 20];
const inputs = [1, 5, 10, 1234];

/** Bitcode of a program: as clang has it before any pass, or as passes leave it. */
function compile(text: string, passes: string): Uint8Array {
  // No fused multiplications, which differ from one processor to the other.
  const plain = bitcode(text, ['-fwrapv', '-ffp-contract=off', '-w']);
  if (passes === '') return plain;
  const input = join(scratch(), 'input.bc');
  writeFileSync(input, plain);
  const args = [`-passes=${passes}`, input, '-o', '-'];
  return execFileSync(join(llvmBin, 'opt'), args, { maxBuffer: 2 ** 26 });
}

/** More arrivals than any loop has. */
const never = 2 ** 30;

interface Outcome {
  readonly results: readonly unknown[];
  readonly continued: readonly string[];
  readonly failed: readonly string[];
  /** How often each loop was reached before it was left, as far as that was counted. */
  readonly arrivals: readonly number[];
}

/** What the cells of loops have counted down from the arrival at which they are left. */
function arrivalsOf(engine: Engine, forcedAt: number): number[] {
  const cells = engine.audit().parts.filter(({ role }) => role === 'loops');
  return cells.flatMap(({ start, end }) => {
    const words = new BigInt64Array(readMemory(start, Number(end - start)).slice().buffer);
    const counts = [...words.filter((_, index) => index % 2 === 1)].filter((count) => count > 0n);
    return counts.map((count) => forcedAt - Number(count));
  });
}

/** What `run` returns at the two tiers that poll. */
async function outcome(source: Uint8Array, options: EngineOptions, given = inputs): Promise<Outcome> {
  const engine = engineFor({ control: 'inline', ...options });
  const continued: string[] = [];
  const failed: string[] = [];
  engine.on('continued', ({ from, function: name, loop }) =>
    continued.push(`${name} ${String(loop)} ${from}`),
  );
  engine.on('failed', ({ error }) => failed.push(error.message));
  engine.addModule('loops', source);
  await engine.link();
  const results: unknown[] = [];
  for (const tier of ['baseline', 'quick']) {
    if (tier !== 'baseline') await engine.recompile('loops', tier);
    const run = engine.fn('run');
    for (const input of given) results.push(run(input));
  }
  const arrivals = typeof options.osr === 'object' ? arrivalsOf(engine, options.osr.forcedAt) : [];
  await engine.dispose();
  return { results, continued, failed, arrivals };
}

describe.each([
  ['as clang has it', ''],
  ['in SSA form', 'sroa,simplifycfg'],
  ['optimised', 'default<O2>'],
])('a generated program %s', (_, passes) => {
  it.each(Array.from({ length: 6 }, (_unused, index) => index + 1))(
    'of seed %i gives the same results wherever and whenever its loops are left',
    async (seed) => {
      const source = compile(loopProgram(seed), passes);
      const expected = await outcome(source, { osr: false });
      expect(expected.continued).toEqual([]);
      const linkage = linkages[seed % linkages.length] ?? 'stub';
      const unit = seed % 2 === 0 ? 'function' : 'module';
      // Continuations are the same at whichever arrival.
      const cache = memory();
      for (const forcedAt of arrivals) {
        const osr = { forcedAt };
        const { results, continued, failed } = await outcome(source, { osr, linkage, unit, cache });
        expect({ forcedAt, results }).toEqual({ forcedAt, results: expected.results });
        expect(failed).toEqual([]);
        for (const tier of ['baseline', 'quick'])
          expect(continued.filter((name) => name.startsWith('run ') && name.endsWith(tier))).not.toEqual([]);
      }
    },
    120_000,
  );

  it.each([1, 2, 3, 4, 5, 6])(
    'of seed %i gives the same results at every arrival',
    async (seed) => {
      const source = compile(loopProgram(seed, 40), passes);
      const expected = await outcome(source, { osr: false }, [seed]);
      const cache = memory();
      const inFull = (await outcome(source, { osr: { forcedAt: never }, cache }, [seed])).arrivals;
      const last = Math.max(...inFull);
      expect(last).toBeGreaterThanOrEqual(8);
      const total = (arrivals: readonly number[]): number => arrivals.reduce((sum, one) => sum + one, 0);
      let saved = 0;
      for (let forcedAt = 1; forcedAt <= last; forcedAt += 1) {
        const seen = await outcome(source, { osr: { forcedAt }, cache }, [seed]);
        const { results, failed } = seen;
        expect({ forcedAt, results, failed }).toEqual({ forcedAt, results: expected.results, failed: [] });
        // Some cell ran down, or all loops would have been reached as often as when none is left.
        expect(Math.max(...seen.arrivals)).toBe(forcedAt - 1);
        saved += total(inFull.map((full) => Math.min(full, forcedAt - 1))) - total(seen.arrivals);
      }
      // A continuation does not poll: what it did at the other loops is missing.
      expect(saved).toBeGreaterThan(0);
    },
    120_000,
  );
});

/** At its loop a place in a table is alive, not the label that lies there. */
const placed = (tables: string, place: string, more = ''): string => `
  int run(int n) {
    static void *const ${tables};
    void *const *place = ${place};
    int sum = 0, turn = 0;
  loop:
    if (turn++ > n) return sum;
    goto **place;
  a: sum += 1; goto loop;
  b: sum += 2; goto loop;
  ${more}
  }`;
const placeInOne = placed('labels[] = {&&a, &&b}', '&labels[n & 1]');
const placeInAny = placed(
  'labels[] = {&&a, &&b}, *const others[] = {&&b, &&c, &&a}',
  'n & 4 ? &labels[n & 1] : &others[n % 3]',
  'c: sum += 5; place = &others[turn % 3]; goto loop;',
);

describe.each([
  ['a table of labels', placeInOne],
  ['one of several tables of labels', placeInAny],
])('a place in %s', (_, text) => {
  it.each(['sroa,simplifycfg', 'default<O2>'])('is handed over, after %s', async (passes) => {
    const source = compile(text, passes);
    const expected = await outcome(source, { osr: false });
    for (const forcedAt of arrivals) {
      const { results, continued, failed } = await outcome(source, { osr: { forcedAt } });
      expect({ forcedAt, results, failed }).toEqual({ forcedAt, results: expected.results, failed: [] });
      expect(continued).not.toEqual([]);
    }
  });

  it('keeps the loop where it is, as long as a variable of the frame holds it', async () => {
    const source = compile(text, '');
    const expected = await outcome(source, { osr: false });
    const { results, continued } = await outcome(source, { osr: { forcedAt: 1 } });
    expect(results).toEqual(expected.results);
    expect(continued).toEqual([]);
  });
});
