import { expect, it } from 'vitest';
import { engineFor, linkages } from '../support/engine.js';
import { bitcode } from '../support/toolchain.js';

/** How long each stress goes on at most; it ends when so many publishes have been made. */
const longestMs = 90_000;
const publishes = { stub: 20_000, 'offset-table': 20_000, direct: 100_000 } as const;
const tiers = ['baseline', 'quick', 'optimized', 'peak'];

/** Three threads: one that never leaves compiled code, one that starts threads, one that jumps and waits. */
const callers = `
  #include <pthread.h>
  #include <setjmp.h>
  #include <time.h>
  extern volatile int go; long mix(long, long); long leap(long, jmp_buf); long deep(int, long); long handed(long);
  static volatile long wrong;
  static void check(int ok) { if (!ok) __sync_fetch_and_add(&wrong, 1); }
  static long work(long n) {
    check(mix(n, 7) == n * 3 + 7 + (n ^ 5));
    check(handed(n) == n + 9);
    jmp_buf back; volatile long kept = n; long got = setjmp(back);
    if (!got) leap(n & 15, back); else check(got == (kept & 15) + 1);
    check(deep(20, kept) == kept * 21);
    return (kept * 1103515245 + 12345) & 0xfffff;
  }
  static void *inside(void *seed) { long n = (long)seed, rounds = 0; while (go) { n = work(n); rounds++; } return (void *)rounds; }
  static void *brief(void *seed) { work((long)seed); return 0; }
  static void *waiting(void *seed) {
    long n = (long)seed, rounds = 0;
    while (go) { n = work(n); rounds++; struct timespec t = {0, 50000}; check(nanosleep(&t, 0) == 0);
      pthread_t other; if (rounds % 16 == 0 && !pthread_create(&other, 0, brief, (void *)n)) pthread_join(other, 0); }
    return (void *)rounds;
  }
  long mistakes(void) { return wrong; }
  int main(void) {
    pthread_t threads[2]; void *rounds[2];
    pthread_create(&threads[0], 0, inside, (void *)1); pthread_create(&threads[1], 0, waiting, (void *)2);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], &rounds[i]);
    return wrong ? 1 : (long)rounds[0] > 10000 && (long)rounds[1] > 1000 ? 0 : 2;
  }`;

const others = {
  mix: 'long tail(long); long mix(long a, long b) { return a * 3 + b + tail(a); }',
  tail: `
    #include <setjmp.h>
    volatile int go = 1; void stop(void) { go = 0; }
    static long helper(long a) { return a ^ 5; }
    static long (*const table[2])(long) = { helper, helper };
    long tail(long a) { return table[a & 1](a); }
    long leap(long n, jmp_buf back) { longjmp(back, (int)n + 1); }`,
  deep: `
    long deeper(int, long);
    long deep(int depth, long n) { switch (depth & 7) { case 0: return n + (depth ? deeper(depth - 1, n) : 0);
      case 1: return deeper(depth - 1, n) + n; case 5: return deeper(depth - 1, n + 0) + n;
      default: return deeper(depth - 1, n) + n; } }`,
  deeper: 'long deep(int, long); long deeper(int depth, long n) { return deep(depth, n); }',
};

/** The same, said otherwise. */
const rewritten: Readonly<Record<string, string>> = {
  mix: 'long tail(long); static long three(long a) { return a + a + a; } long mix(long a, long b) { return b + three(a) + tail(a); }',
  deep: 'long deeper(int, long); long deep(int depth, long n) { return n + (depth == 0 ? 0 : deeper(depth - 1, n)); }',
  deeper:
    'long deep(int, long); static long step(int depth, long n) { return deep(depth, n); } long deeper(int depth, long n) { return step(depth, n); }',
};

/** Two modules have it; whichever is taken out, the other goes on. */
const handed = '__attribute__((weak)) long handed(long n) { return n + 9; }';

it.each(linkages)(
  'threads go on without a wrong result over many thousand publishes, moves, compactions, replacements and removals (%s)',
  async (linkage) => {
    const engine = engineFor({ linkage });
    engine.addModule('callers', bitcode(callers));
    for (const [name, text] of Object.entries(others)) engine.addModule(name, bitcode(text));
    for (const name of ['left', 'right']) engine.addModule(name, bitcode(handed));
    await engine.link();
    const replacing = Object.entries(rewritten).map(([name, text]) => {
      return { name, sources: [bitcode(text), bitcode(others[name as keyof typeof others])] };
    });
    const again = bitcode(handed);
    const modules = ['callers', ...Object.keys(others)];
    let exchanged = 0;
    let stored = 0;
    engine.on('moved', () => (stored += 1));
    engine.on('published', () => (stored += 1));
    const running = engine.run();
    const { start } = engine.snapshot().codeCache;
    let state = linkage.length;
    const random = (below: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    let most = { code: 0, retired: 0 };
    const end = performance.now() + longestMs;
    for (let round = 0; stored < publishes[linkage] && performance.now() < end; round += 1) {
      const module = modules[random(modules.length)] ?? '';
      const chance = random(1000);
      if (chance < 5) await engine.recompile(module, tiers[random(tiers.length)] ?? '');
      else if (chance < 7) {
        const { name, sources } = replacing[random(replacing.length)] ?? { name: '', sources: [] };
        await engine.replaceModule(name, sources[random(2)] ?? '');
        exchanged += 1;
      } else if (chance < 9) {
        const name = ['left', 'right'][random(2)] ?? '';
        await engine.removeModule(name);
        engine.addModule(name, again);
        await engine.link();
        exchanged += 1;
      } else if (chance < 15) engine.compact();
      else if (chance < 25) engine.relayout([module, modules[random(modules.length)] ?? '']);
      else if (chance < 45) engine.reclaim();
      else if (chance < 400) {
        // Somewhere, unless it is taken; what can't be, must leave no trace.
        try {
          engine.move(module, start + 0x8_0000n + BigInt(random(100_000)) * 64n);
        } catch (error) {
          expect(error).toMatchObject({ code: 'MEMORY_EXHAUSTED' });
        }
      } else engine.move(module);
      if (round % 64 === 0) {
        await new Promise((resolve) => setImmediate(resolve));
        const { code, retired } = engine.snapshot().memory;
        most = { code: Math.max(most.code, code), retired: Math.max(most.retired, retired) };
      }
    }
    expect(engine.fn('mistakes')()).toBe(0n);
    engine.fn('stop')();
    expect(await running).toEqual({ how: 'return', status: 0 });
    expect(stored).toBeGreaterThanOrEqual(publishes[linkage]);
    expect(exchanged).toBeGreaterThan(20);
    // What is retired and not yet looked at: some hundred copies of a few hundred bytes.
    expect(most.code).toBeLessThan(2 ** 20);
    expect(engine.snapshot().retired).toEqual([]);
  },
  120_000,
);
