/** Functions that were called the last time are there before they are called. */
import { expect, it, vi } from 'vitest';
import { encodeEntry } from '../../src/cache/entry.js';
import {
  type CacheEvent,
  createEngine,
  directory as cacheDirectory,
  type Engine,
  memory,
  type ObjectStore,
  type PublishedEvent,
} from '../../src/index.js';
import { bitcode, scratch } from '../support/toolchain.js';

const modules = {
  first: `
    int next(int); static int own(int x) { return x - 1; }
    static int (*const table[])(int) = { own, next };
    int begin(int x) { return table[x & 1](x); }
    int never(int x) { return x + 9; }`,
  second: 'int state = 3; int next(int x) { return x * 2 + state; } int other(int x) { return x; }',
};

/** Made once: clang writes the path of its input into them. */
const sources = Object.entries(modules).map(([name, text]) => ({ name, source: bitcode(text) }));

interface Started {
  readonly engine: Engine;
  readonly published: PublishedEvent[];
  readonly cached: CacheEvent[];
}

async function started(cache: ObjectStore): Promise<Started> {
  const engine = createEngine({ cache, policy: 'never' });
  const published: PublishedEvent[] = [];
  const cached: CacheEvent[] = [];
  engine.on('published', (event) => published.push(event));
  engine.on('cache', (event) => cached.push(event));
  engine.addModules(sources);
  await engine.link();
  return { engine, published, cached };
}

/** What became of lists of calls. */
const lists = ({ cached }: Started): string[] =>
  cached.filter(({ content }) => content === 'calls').map(({ outcome }) => outcome);

/** Runs once, and has its calls remembered. */
async function remembered(cache: ObjectStore): Promise<Started> {
  const run = await started(cache);
  expect([run.engine.fn('begin')(1), run.engine.fn('begin')(4)]).toEqual([5, 3]);
  await run.engine.dispose();
  return run;
}

it('compiles what was called, the functions of a module together, and nothing else', async () => {
  const cache = memory();
  expect(lists(await remembered(cache))).toEqual(['miss', 'stored']);
  const again = await started(cache);
  await vi.waitFor(() => {
    expect(again.published).toHaveLength(2);
  });
  expect(again.engine.snapshot().modules.map(({ compiled }) => compiled)).toEqual([
    { baseline: 2 },
    { baseline: 1 },
  ]);
  expect(again.published.map(({ reason }) => reason)).toEqual(['likely to be called', 'likely to be called']);
  expect([again.engine.fn('begin')(1), again.engine.fn('begin')(4)]).toEqual([5, 3]);
  expect(again.published).toHaveLength(2);
  await again.engine.dispose();
  // It was all known.
  expect(lists(again)).toEqual(['hit']);

  const third = await started(cache);
  await vi.waitFor(() => {
    expect(third.published).toHaveLength(2);
  });
  expect(third.engine.fn('begin')(1)).toBe(5);
  expect(new Set(third.cached.map(({ outcome }) => outcome))).toEqual(new Set(['hit']));
  await third.engine.dispose();
});

it.each(['worker', 'inline'] as const)(
  'finds what it compiled together, whatever is called meanwhile, control %s',
  async (control) => {
    const directory = scratch();
    const many = Array.from({ length: 12 }, (_, n) => ({
      name: `m${String(n)}`,
      source: bitcode(
        `int a${String(n)}(int x) { return x + ${String(n)}; } int b${String(n)}(int x) { return x * 2; }`,
      ),
    }));
    /** Calls after a while or at once, in this order. */
    const run = async (order: readonly number[], waits: boolean): Promise<string[]> => {
      const engine = createEngine({ cache: cacheDirectory(directory), policy: 'never', control });
      const outcomes: string[] = [];
      let published = 0;
      engine.on('cache', ({ outcome, content }) => outcomes.push(`${String(content)} ${outcome}`));
      engine.on('published', () => (published += 1));
      engine.addModules(many);
      await engine.link();
      if (waits)
        await vi.waitFor(() => {
          expect(published).toBe(12);
        });
      for (const n of order) {
        expect(engine.fn(`b${String(n)}`)(4)).toBe(8);
        expect(engine.fn(`a${String(n)}`)(4)).toBe(4 + n);
      }
      await engine.dispose();
      return outcomes;
    };
    const upwards = many.map((_, n) => n);
    await run(upwards, false);
    expect(await run(upwards, true)).toContain('calls hit');
    const outcomes = await run(upwards.toReversed(), false);
    expect(outcomes.filter((outcome) => !outcome.endsWith(' hit'))).toEqual([]);
    // In line, what is on its way can't be waited for, and is asked for alone.
    if (control === 'worker') expect(outcomes.filter((outcome) => outcome === 'code hit')).toHaveLength(12);
  },
);

it('asks for no more than 32 functions at a time, so that no call waits for all of them', async () => {
  const cache = memory();
  const functions = Array.from(
    { length: 150 },
    (_, n) => `int f${String(n)}(int x) { return x + ${String(n)}; }`,
  );
  const calls = functions.map((_, n) => `f${String(n)}(x)`).join(' + ');
  const source = bitcode(`${functions.join('\n')}\nint all(int x) { return x < 0 ? 0 : ${calls}; }`);
  const run = async (ahead: number): Promise<number[]> => {
    const engine = createEngine({ cache, policy: 'never' });
    const published: PublishedEvent[] = [];
    engine.on('published', (event) => published.push(event));
    engine.addModule('many', source);
    await engine.link();
    await vi.waitFor(() => {
      expect(published).toHaveLength(ahead);
    });
    expect(engine.fn('all')(1)).toBe(150 + (149 * 150) / 2);
    await engine.dispose();
    return published.map(({ functions: count }) => count);
  };
  await run(0);
  const counts = await run(5);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(151);
  expect(Math.max(...counts)).toBeLessThanOrEqual(32 + 15);
});

it('learns what it did not know', async () => {
  const cache = memory();
  await remembered(cache);
  const more = await started(cache);
  expect([more.engine.fn('never')(1), more.engine.fn('begin')(1)]).toEqual([10, 5]);
  await more.engine.flushCache();
  expect(lists(more)).toEqual(['hit', 'stored']);
  await more.engine.dispose();
  const again = await started(cache);
  await vi.waitFor(() => {
    expect(again.engine.snapshot().modules[0]?.compiled).toEqual({ baseline: 3 });
  });
  await again.engine.dispose();
});

it.each([
  ['names what is not there', '["nothing","printf","state","begin"]', 'hit'],
  ['is no list', '{"begin":1}', 'rejected'],
  ['holds more than names', '["begin",1]', 'rejected'],
  ['is damaged', '["begin"', 'rejected'],
])('a list that %s does no harm', async (_what, text, outcome) => {
  const cache = memory();
  const { cached } = await remembered(cache);
  const key = cached.find(({ content }) => content === 'calls')?.key ?? '';
  await cache.put(key, encodeEntry(key, Buffer.from(text)), () => undefined);
  const again = await started(cache);
  expect(again.engine.fn('begin')(1)).toBe(5);
  expect(lists(again)[0]).toBe(outcome);
  await again.engine.dispose();
});

it('a function that can’t be compiled ahead is compiled when it is called', async () => {
  const cache = memory();
  await remembered(cache);
  const again = await started(cache);
  // While its compile is under way.
  const replaced = again.engine.replaceModule('second', bitcode(modules.second.replace('* 2', '* 4')));
  expect(again.engine.fn('begin')(4)).toBe(3);
  await replaced;
  expect(again.engine.fn('begin')(1)).toBe(7);
  await again.engine.dispose();
});
