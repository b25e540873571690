import { describe, expect, it } from 'vitest';
import type { Engine } from '../../src/index.js';
import { engineFor, linkages, pause } from '../support/engine.js';
import { bitcode } from '../support/toolchain.js';

const here = 'long here; __asm__("lea 0(%%rip), %0" : "=r"(here)); return here;';
const broken = {
  name: 'broken',
  passes: 'no-such-pass',
  codegenLevel: 0,
  hostCpu: false,
  counters: false,
  bindLocalCalls: false,
} as const;

/** Which copy of its module a code address lies in: the one that starts last before it. */
function copyOf(starts: readonly bigint[], code: bigint): bigint | undefined {
  return starts
    .filter((start) => start <= code)
    .reduce<bigint | undefined>(
      (best, start) => (best === undefined || start > best ? start : best),
      undefined,
    );
}

const starts = (engine: Engine): bigint[] =>
  ['a', 'b'].map(
    (module) => engine.snapshot().modules.find(({ name }) => name === module)?.codeAddress ?? 0n,
  );

describe.each(linkages)('a group with linkage %s', (linkage) => {
  it('is published together, and an atomic one is never seen in part', async () => {
    const engine = engineFor({ linkage });
    engine.addModule('a', bitcode(`long inA(void) { ${here} }`));
    engine.addModule('b', bitcode(`long inB(void) { ${here} }`));
    engine.addModule(
      'look',
      bitcode(
        'long inA(void); long inB(void); void look(long *out) { for (int i = 0; i < 64; i++) { out[2 * i] = inA(); out[2 * i + 1] = inB(); } }',
      ),
    );
    await engine.link();
    const look = engine.fn('look');
    let mixed = 0;
    let seen = 0;
    let going = true;
    /** Every pair of copies that was published together. */
    const together: (readonly bigint[])[] = [starts(engine)];
    const observed: BigInt64Array[] = [];
    const observer = async (): Promise<void> => {
      while (going) {
        const out = new BigInt64Array(128);
        await look.async(out);
        observed.push(out);
      }
    };
    const observers = [observer(), observer()];
    for (let round = 0; round < 40; round += 1) {
      const tier = round % 2 === 0 ? 'quick' : 'baseline';
      const group = ['a', 'b'].map((module) => ({ module, tier }));
      const published = await engine.recompileGroup(group, { atomic: true, timeoutMs: 10_000 });
      expect(published.map(({ module, tier: got }) => [module, got])).toEqual([
        ['a', tier],
        ['b', tier],
      ]);
      together.push(starts(engine));
    }
    going = false;
    await Promise.all(observers);
    const [inA, inB] = [0, 1].map((column) => together.map((pair) => pair[column] ?? 0n));
    for (const out of observed) {
      for (let at = 0; at < out.length; at += 2) {
        const a = copyOf(inA ?? [], out[at] ?? 0n);
        const b = copyOf(inB ?? [], out[at + 1] ?? 0n);
        seen += 1;
        if (!together.some(([one, other]) => one === a && other === b)) mixed += 1;
      }
    }
    expect(seen).toBeGreaterThan(1000);
    expect(mixed).toBe(0);
  });

  it('is not published at all if one member fails, and leaves no trace (I8)', async () => {
    const engine = engineFor({ linkage, tiers: ['baseline', 'quick', broken] });
    engine.addModule('a', bitcode('int a(void) { return 1; }'));
    engine.addModule('b', bitcode('int a(void); int b(void) { return a() + 1; }'));
    await engine.link();
    const before = engine.snapshot();
    await expect(
      engine.recompileGroup([
        { module: 'a', tier: 'quick' },
        { module: 'b', tier: 'broken' },
      ]),
    ).rejects.toMatchObject({ code: 'COMPILE_FAILED', details: { module: 'b' } });
    const after = engine.snapshot();
    expect(after.memory).toEqual(before.memory);
    expect(after.modules.map(({ version, codeAddress }) => [version, codeAddress])).toEqual(
      before.modules.map(({ version, codeAddress }) => [version, codeAddress]),
    );
    expect(engine.fn('b')()).toBe(2);
    await engine.recompileGroup([
      { module: 'a', tier: 'quick' },
      { module: 'b', tier: 'quick' },
    ]);
    expect(engine.snapshot().versionsByTier).toEqual({ quick: 2 });
    expect(engine.fn('b')()).toBe(2);
  });
});

it('an atomic group waits for a moment without a thread inside, and says when there is none', async () => {
  const engine = engineFor();
  engine.addModule('main', bitcode('extern volatile int go; int main(void) { while (go) ; return 0; }'));
  engine.addModule('go', bitcode('volatile int go = 1; void stop(void) { go = 0; }'));
  await engine.link();
  const running = engine.run();
  await pause(5);
  const group = ['main', 'go'].map((module) => ({ module, tier: 'quick' }));
  await expect(engine.recompileGroup(group, { atomic: true, timeoutMs: 50 })).rejects.toMatchObject({
    code: 'GROUP_NOT_QUIESCENT',
    details: { modules: ['main', 'go'], threads: 1, timeoutMs: 50 },
  });
  expect(engine.snapshot().versionsByTier).toEqual({ baseline: 2 });
  await engine.recompileGroup(group);
  expect(engine.snapshot().versionsByTier).toEqual({ quick: 2 });
  const waiting = engine.recompileGroup(group, { atomic: true, timeoutMs: 60_000 });
  engine.fn('stop')();
  expect(await running).toEqual({ how: 'return', status: 0 });
  await waiting;
});

it('a group names each module once', async () => {
  const engine = engineFor();
  engine.addModule('a', bitcode('int a(void) { return 1; }'));
  const twice = ['a', 'a'].map((module) => ({ module, tier: 'quick' }));
  await expect(engine.recompileGroup(twice)).rejects.toMatchObject({ code: 'OPTION_INVALID' });
  await expect(engine.recompileGroup(twice.slice(1))).rejects.toMatchObject({ code: 'NOT_LINKED' });
});
