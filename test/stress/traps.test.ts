/** Traps and callbacks at random, from several threads, while code is published: nothing is lost, nothing is left over. */
import { expect, it } from 'vitest';
import { TierlinkError } from '../../src/index.js';
import { engineFor } from '../support/engine.js';
import { collectGarbage } from '../support/garbage.js';
import { randomFrom } from '../support/stress-program.js';
import { bitcode } from '../support/toolchain.js';

const program = bitcode(`
  int host(int);
  int readAt(const int *p) { return *(const volatile int *)p; }
  int divide(int x, int y) { return x / y; }
  int callIt(int (*f)(int), int x) { return f(x); }
  int never(int x) { if (x > 2) __builtin_trap(); return x; }
  volatile int limit = -1;
  int deeper(int n) { volatile char frame[4000]; frame[n % 4000] = 1; if (n == limit) return 0; return deeper(n + 1) + frame[n % 4000]; }
  int through(int x) { return host(x) + 1; }
  int fine(int x) { return x * 2 + 1; }`);

it.each(['inline', 'worker'] as const)(
  '10,000 traps, errors and results, control %s, leave memory and threads as they were',
  async (control) => {
    const random = randomFrom(11);
    const engine = engineFor({ control });
    engine.define('host', 'i32 (i32)', (x: number): number => {
      if (x % 3 === 0) throw new RangeError('asked for');
      if (x % 3 === 1) return Number(engine.fn('readAt')(null));
      return x;
    });
    engine.addModule('m', program);
    await engine.link();
    const fine = engine.fn('fine');
    const acts: readonly (readonly [
      name: string,
      args: readonly (number | bigint | null)[],
      ends: string,
    ])[] = [
      ['readAt', [null], 'TRAPPED'],
      ['readAt', [2n ** 46n], 'TRAPPED'],
      ['divide', [1, 0], 'TRAPPED'],
      ['divide', [8, 4], '2'],
      ['callIt', [null, 1], 'TRAPPED'],
      ['never', [7], 'TRAPPED'],
      ['never', [1], '1'],
      ['through', [3], 'RangeError'],
      ['through', [4], 'TRAPPED'],
      ['through', [5], '6'],
    ];
    const callables = acts.map(([name]) => engine.fn(name));
    const deeper = engine.fn('deeper');
    const named = (error: unknown): string => {
      if (error instanceof TierlinkError) return String(error.code);
      return error instanceof Error ? error.name : String(error);
    };
    const round = async (times: number): Promise<void> => {
      const pending: Promise<void>[] = [];
      for (let time = 0; time < times; time += 1) {
        const index = random(acts.length);
        const act = acts[index];
        const call = callables[index];
        if (act === undefined || call === undefined) throw new Error('there is no such act');
        const [, args, ends] = act;
        if (time % 20 === 0) {
          const ended = call.async(...args).then(String, named);
          pending.push(
            ended.then((result) => {
              expect(result).toBe(ends);
            }),
          );
        } else {
          let result: string;
          try {
            result = String(call(...args));
          } catch (error) {
            result = named(error);
          }
          if (result !== ends) expect({ act, result }).toEqual({ act, result: ends });
        }
        if (time % 250 === 0) {
          expect(() => deeper(0)).toThrow(expect.objectContaining({ code: 'TRAPPED' }));
          pending.push(
            engine.recompile('m', time % 500 === 0 ? 'baseline' : 'optimized').then(() => undefined),
          );
        }
        if (fine(time) !== time * 2 + 1) throw new Error('a function is wrong');
        if (pending.length > 20) await Promise.all(pending.splice(0));
      }
      await Promise.all(pending);
    };
    const settled = async () => {
      await engine.recompile('m', 'baseline');
      engine.reclaim();
      collectGarbage();
      const { memory, ledger, retired } = engine.snapshot();
      const { code, readonly, data } = memory;
      return { code, readonly, data, ledger: ledger.total, retired };
    };
    await round(1000);
    const before = await settled();
    const rss = process.memoryUsage().rss;
    await round(9000);
    expect(await settled()).toEqual(before);
    expect(before.retired).toEqual([]);
    // Objects of exceptions that were in flight, stacks of threads and the heap of JS, not more.
    expect(process.memoryUsage().rss - rss).toBeLessThan(48 * 2 ** 20);
  },
  180_000,
);

it('callbacks from many threads, while what calls them is published, all come and give their results', async () => {
  const engine = engineFor({ control: 'worker', linkage: 'direct' });
  let calls = 0;
  engine.define('host', 'i64 (i64)', (x: bigint) => {
    calls += 1;
    return x + 1n;
  });
  engine.addModule(
    'threads',
    bitcode(`
      #include <pthread.h>
      long step(long);
      static void *work(void *seed) { long wrong = 0; for (long n = 0; n < 5000; n++) wrong += step(n + (long)seed) != (n + (long)seed + 1) * 2; return (void *)wrong; }
      long all(void) {
        pthread_t threads[6]; long wrong = 0;
        for (long i = 0; i < 6; i++) pthread_create(&threads[i], 0, work, (void *)(i * 10000));
        for (int i = 0; i < 6; i++) { void *part; pthread_join(threads[i], &part); wrong += (long)part; }
        return wrong;
      }`),
  );
  engine.addModule('step', bitcode('long host(long); long step(long n) { return host(n) * 2; }'));
  await engine.link();
  const state = { isDone: false };
  const wrong = engine
    .fn('all')
    .async()
    .finally(() => {
      state.isDone = true;
    });
  let publishes = 0;
  while (!state.isDone) {
    await engine.recompile(publishes % 2 === 0 ? 'step' : 'threads', publishes % 4 < 2 ? 'quick' : 'peak');
    publishes += 1;
  }
  expect(await wrong).toBe(0n);
  expect(calls).toBe(30000);
  expect(publishes).toBeGreaterThan(2);
});
