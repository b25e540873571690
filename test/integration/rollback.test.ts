/** Versions that are slower than those before them are noticed while a program runs, and go. */
import { describe, expect, it } from 'vitest';
import {
  type EngineOptions,
  type Policy,
  type PublishedEvent,
  type RolledBackEvent,
  type TierRecipe,
  optimized,
} from '../../src/index.js';
import { engineFor } from '../support/engine.js';
import { bitcode } from '../support/toolchain.js';

/** Two functions take the time, until `stop` is called, or for so many seconds of CPU time. */
const program = bitcode(`
  #include <stdlib.h>
  #include <time.h>
  static volatile int stopped;
  void stop(void) { stopped = 1; }
  __attribute__((noinline)) long work(long x, long n) {
    long t[16];
    for (int i = 0; i < 16; i++) t[i] = x + i;
    for (long i = 0; i < n; i++) t[i & 15] = t[(i + 3) & 15] * 31 + (t[(i + 7) & 15] ^ i);
    return t[0] ^ t[9];
  }
  __attribute__((noinline)) long other(long x, long n) {
    for (long i = 0; i < n; i++) x = x * 6364136223846793005 + 1442695040888963407;
    return x;
  }
  int main(int argc, char **argv) {
    clock_t until = clock() + atol(argv[1]) * CLOCKS_PER_SEC;
    long x = 1;
    while (!stopped && clock() < until) x = work(x, 4000) + other(x, 4000);
    return x == 42;
  }
`);

const fast: TierRecipe = { ...optimized, name: 'fast' };
/** What should be better, and is not: nothing is optimised. */
const slow: TierRecipe = { ...optimized, name: 'slow', passes: 'default<O0>', codegenLevel: 0 };
const alike: TierRecipe = { ...optimized, name: 'alike' };

/** One rung up after 20 calls. */
const next: Policy = {
  name: 'next',
  firstRequest: () => 20,
  decide: ({ tierIndex, ladder }) =>
    tierIndex + 1 < ladder.length
      ? { kind: 'promote', target: tierIndex + 1, reason: 'called', mode: 'background' }
      : { kind: 'wait', calls: Infinity },
};

interface Outcome {
  readonly status: number;
  readonly published: readonly PublishedEvent[];
  readonly rolledBack: readonly RolledBackEvent[];
}

/** Runs it until a version is barred, or back after a comparison if that `ends` it, or for so many seconds. */
async function run(options: EngineOptions, seconds: number, ends?: 'it was not slower'): Promise<Outcome> {
  const engine = engineFor({
    unit: 'function',
    policy: next,
    // Whatever takes time is tried at once.
    rollback: { explore: 1 },
    penalty: { baseMs: 50, limit: 2 },
    ...options,
  });
  const published: PublishedEvent[] = [];
  const rolledBack: RolledBackEvent[] = [];
  engine.addModule('program', program);
  await engine.link();
  const stop = engine.fn('stop');
  engine.on('published', (event) => {
    published.push(event);
    if (event.reason === ends) stop();
  });
  engine.on('rolledBack', (event) => {
    rolledBack.push(event);
    if (event.retry === 'barred') stop();
  });
  const { status } = await engine.run('main', ['program', String(seconds)]);
  return { status, published, rolledBack };
}

describe('a version that is slower than the one before it', () => {
  it('is rolled back, tried again after a while, and barred when it is slower again', async () => {
    const { status, published, rolledBack } = await run({ tiers: [fast, slow] }, 60);
    expect(status).toBe(0);
    const { unit } = rolledBack.at(-1) ?? { unit: 'none was barred' };
    const mine = rolledBack.filter((event) => event.unit === unit);
    // On a machine that is slower for a while it may seem as fast once, and begins anew.
    const before = Array.from({ length: Math.max(1, mine.length - 1) }, () => ['slow', 'fast', 50]);
    expect(mine.map(({ tier, to, retry }) => [tier, to, retry])).toEqual([
      ...before,
      ['slow', 'fast', 'barred'],
    ]);
    for (const { ratio, low, high } of mine) {
      expect(low).toBeGreaterThan(1);
      expect(ratio).toBeGreaterThan(low);
      expect(high).toBeGreaterThan(ratio);
    }
    expect(published.filter((event) => event.unit === unit).at(-1)?.tier).toBe('fast');
  }, 120_000);

  it('is left alone when nobody asked for rolling back', async () => {
    const { rolledBack, published } = await run({ tiers: [fast, slow], rollback: false }, 1);
    expect(rolledBack).toEqual([]);
    expect(published.filter(({ tier }) => tier === 'slow')).toHaveLength(2);
  });
});

describe('a version that is as fast as the one before it', () => {
  it('is compared, and comes back', async () => {
    const { rolledBack, published } = await run({ tiers: [fast, alike] }, 60, 'it was not slower');
    // On a machine that is slower for a while it may seem slower once.
    expect(rolledBack.filter(({ retry }) => retry === 'barred')).toEqual([]);
    const tried = published.find(({ reason }) => reason === 'a higher tier may be slower');
    const back = published.find(({ reason }) => reason === 'it was not slower');
    expect([tried?.tier, back?.unit, back?.tier]).toEqual(['fast', tried?.unit, 'alike']);
  }, 120_000);
});

describe('the option rollback', () => {
  it.each([
    { sampleUs: 1 },
    { leastWindows: 1 },
    { leastWindows: 20, mostWindows: 10 },
    { leastShare: -1 },
    { explore: 2 },
    { certainty: Number.NaN },
    { leastHarm: Infinity },
  ])('refuses %o', (rollback) => {
    expect(() => engineFor({ rollback })).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }));
  });
});
