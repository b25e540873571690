import { expect, it } from 'vitest';
import { engineFor, linkages } from '../support/engine.js';
import { bitcode } from '../support/toolchain.js';

/** How long each stress goes on. */
const milliseconds = 4_000;
const tiers = ['baseline', 'quick', 'optimized', 'peak'];

it.each(linkages)(
  'threads of a program call across modules while these are published again and again (%s)',
  async (linkage) => {
    const engine = engineFor({ linkage });
    engine.addModule(
      'main',
      bitcode(`
        #include <pthread.h>
        #include <setjmp.h>
        extern volatile int go; long mix(long, long); long leap(long, jmp_buf);
        static long wrong; static _Thread_local long mine;
        static void *work(void *seed) {
          long n = (long)seed;
          while (go) {
            long expected = n * 3 + 7 + (n ^ 5);
            if (mix(n, 7) != expected) __sync_fetch_and_add(&wrong, 1);
            jmp_buf back; volatile long kept = n; long got = setjmp(back);
            if (!got) leap(n & 15, back); else if (got != (kept & 15) + 1) __sync_fetch_and_add(&wrong, 1);
            mine++; n = (n * 1103515245 + 12345) & 0xfffff;
          }
          return (void *)mine;
        }
        int main(void) {
          pthread_t threads[2]; long total = 0;
          for (long i = 0; i < 2; i++) pthread_create(&threads[i], 0, work, (void *)(i + 1));
          for (int i = 0; i < 2; i++) { void *rounds; pthread_join(threads[i], &rounds); total += (long)rounds; }
          return wrong ? 1 : total > 1000 ? 0 : 2;
        }`),
    );
    engine.addModule(
      'mix',
      bitcode('long tail(long); long mix(long a, long b) { return a * 3 + b + tail(a); }'),
    );
    engine.addModule(
      'tail',
      bitcode(`
        #include <setjmp.h>
        volatile int go = 1; void stop(void) { go = 0; }
        static long helper(long a) { return a ^ 5; }
        static long (*const table[2])(long) = { helper, helper };
        long tail(long a) { return table[a & 1](a); }
        long leap(long n, jmp_buf back) { if (n == 0) longjmp(back, 1); jmp_buf *b = (jmp_buf *)back; longjmp(*b, (int)n + 1); }`),
    );
    await engine.link();
    const running = engine.run();
    const end = performance.now() + milliseconds;
    let publishes = 0;
    while (performance.now() < end) {
      const module = ['main', 'mix', 'tail'][publishes % 3] ?? '';
      await engine.recompile(module, tiers[(publishes >> 1) % tiers.length] ?? '');
      publishes += 1;
    }
    engine.fn('stop')();
    expect(await running).toEqual({ how: 'return', status: 0 });
    expect(publishes).toBeGreaterThan(20);
    expect(engine.snapshot().memory.retired).toBe(0);
  },
  60_000,
);

it('memory is flat over many publishes of one unit', async () => {
  const engine = engineFor();
  engine.addModule('a', bitcode('static int n; int bump(void) { return ++n; }'));
  await engine.link();
  const bump = engine.fn('bump');
  await engine.recompile('a', 'baseline');
  const { code, readonly, data } = engine.snapshot().memory;
  for (let round = 1; round <= 400; round += 1) {
    await engine.recompile('a', 'baseline');
    expect(bump()).toBe(round);
  }
  expect(engine.snapshot().memory).toMatchObject({ code, readonly, data, retired: 0 });
}, 60_000);
