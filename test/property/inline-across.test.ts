/** Inlining across modules changes nothing but the code that runs, however the modules come and go meanwhile. */
import { expect, it } from 'vitest';
import { type EngineOptions, memory } from '../../src/index.js';
import { engineFor, examined, linkages } from '../support/engine.js';
import { moduleCount, splitModule } from '../support/split-programs.js';
import { randomFrom } from '../support/stress-program.js';
import { bitcode } from '../support/toolchain.js';

const inputs = [3, 10, 40];
const rounds = 6;

const nameOf = (module: number): string => `m${String(module)}`;

/** Bitcode of each module by seed, made once. */
function sourcesOf(seed: number): (variant: number, module: number) => Uint8Array {
  const made = new Map<string, Uint8Array>();
  return (variant, module) => {
    const key = `${String(variant)} ${String(module)}`;
    const known =
      made.get(key) ??
      bitcode(splitModule(seed * 10 + variant, module), ['-fwrapv', '-ffp-contract=off', '-w']);
    made.set(key, known);
    return known;
  };
}

interface Outcome {
  readonly results: readonly unknown[];
  /** How many modules relied on others when all was compiled. */
  readonly relying: number;
}

/** Runs the program, gives modules new source between runs, and moves; `peak`: has all count first, and be compiled there before each run. */
async function outcome(
  seed: number,
  source: ReturnType<typeof sourcesOf>,
  options: EngineOptions,
  peak: boolean,
): Promise<Outcome> {
  const random = randomFrom(seed);
  const engine = engineFor({ unit: 'function', control: 'inline', ...options });
  const failures: unknown[] = [];
  engine.on('failed', ({ error }) => failures.push(error.message));
  for (let module = 0; module < moduleCount; module += 1) engine.addModule(nameOf(module), source(0, module));
  await engine.link();
  const run = engine.fn('run');
  const results: unknown[] = [];
  let relying = 0;
  const all = Array.from({ length: moduleCount }, (_, module) => ({ module: nameOf(module), tier: 'peak' }));
  if (peak) await engine.recompileGroup(all.map(({ module }) => ({ module, tier: 'quick' })));
  for (const input of inputs) results.push(run(input));
  for (let round = 0; round < rounds; round += 1) {
    const kept = random(moduleCount);
    if (peak) await engine.recompileGroup(all.filter((_, module) => round === 0 || module !== kept));
    relying = Math.max(
      relying,
      engine.snapshot().modules.filter(({ reliesOn }) => reliesOn.length > 0).length,
    );
    for (const input of inputs) results.push(run(input));
    const changed = random(moduleCount);
    await engine.replaceModule(nameOf(changed), source(1 + random(2), changed));
    results.push(run(7));
    if (random(2) === 0) engine.compact();
  }
  expect(failures).toEqual([]);
  await examined(engine, 0);
  expect(engine.snapshot().retired).toEqual([]);
  expect(engine.audit().violations).toEqual([]);
  await engine.dispose();
  return { results, relying };
}

it.each(Array.from({ length: 8 }, (_, index) => index + 1))(
  'a generated program of several modules, of seed %i, gives the same results',
  async (seed) => {
    const source = sourcesOf(seed);
    const linkage = linkages[seed % linkages.length] ?? 'stub';
    const expected = await outcome(seed, source, {}, false);
    expect(expected.relying).toBe(0);
    const all = await outcome(seed, source, { linkage }, true);
    expect(all.results).toEqual(expected.results);
    expect(all.relying).toBe(moduleCount - 1);
    // From the first call on, with bodies that are read when they are needed, and objects from a cache the second time.
    const cache = memory();
    for (const bodies of ['eager', 'lazy'] as const) {
      const only = await outcome(seed, source, { linkage, cache, bodies, tiers: ['peak'] }, false);
      expect(only.results).toEqual(expected.results);
      const again = await outcome(seed, source, { linkage, cache, bodies, tiers: ['peak'] }, false);
      expect(again.results).toEqual(expected.results);
      expect(only.relying).toBeGreaterThan(0);
    }
    const left = await outcome(seed, source, { linkage, osr: { forcedAt: 2 } }, false);
    expect(left.results).toEqual(expected.results);
    expect(left.relying).toBeGreaterThan(0);
  },
  120_000,
);
