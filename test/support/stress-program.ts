/** A program for stress: threads that call through modules which may be changed meanwhile in every way. */
import type { Engine, EngineOptions } from '../../src/index.js';
import { engineFor } from './engine.js';
import { bitcode } from './toolchain.js';

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
  mix: 'long tail(long); long mix(long a, long b) { long sum = b; for (int i = 0; i < 3; i++) sum += a; return sum + tail(a); }',
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

/** Modules of the program, and what they can be replaced by and added as again. */
export interface StressProgram {
  readonly engine: Engine;
  /** All modules that are never taken out. */
  readonly modules: readonly string[];
  readonly replacing: readonly { readonly name: string; readonly sources: readonly Uint8Array[] }[];
  /** Modules of which one at a time may be taken out, and their source. */
  readonly spare: readonly string[];
  readonly spareSource: Uint8Array;
}

/** Links the program; `run` starts it, its function `stop` ends it, `mistakes` counts wrong results. */
export async function stressProgram(options: EngineOptions): Promise<StressProgram> {
  const engine = engineFor(options);
  engine.addModule('callers', bitcode(callers));
  for (const [name, text] of Object.entries(others)) engine.addModule(name, bitcode(text));
  const spare = ['left', 'right'];
  const spareSource = bitcode(handed);
  for (const name of spare) engine.addModule(name, spareSource);
  await engine.link();
  const replacing = Object.entries(rewritten).map(([name, text]) => {
    return { name, sources: [bitcode(text), bitcode(others[name as keyof typeof others])] };
  });
  return { engine, modules: ['callers', ...Object.keys(others)], replacing, spare, spareSource };
}

/** A linear congruential generator (Numerical Recipes' constants), so that a seed gives one order of things. */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
