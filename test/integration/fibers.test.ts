/** Fibers: stacks that are no thread's own, on which code is suspended while it is replaced, moved and reclaimed. */
import { expect, it } from 'vitest';
import type { Engine } from '../../src/index.js';
import { churn, engineFor, examined, linkages, pause } from '../support/engine.js';
import { bitcode } from '../support/toolchain.js';

/** One fiber that yields value(0), value(1) ... from a loop that it never leaves. */
const generator = `
  #include <string.h>
  #include <ucontext.h>
  extern long value(long);
  static ucontext_t caller, fiber;
  static char stack[64 * 1024];
  static long produced;
  static void yield(long n) { produced = n; swapcontext(&fiber, &caller); }
  static void body(int high, int low) { for (long n = ((long)high << 32) + low;; n++) yield(value(n)); }
  void begin(void) {
    memset(stack, 0, sizeof stack);
    getcontext(&fiber);
    fiber.uc_stack.ss_sp = stack;
    fiber.uc_stack.ss_size = sizeof stack;
    fiber.uc_link = &caller;
    makecontext(&fiber, (void (*)(void))body, 2, 0, 7);
  }
  long next(void) { swapcontext(&caller, &fiber); return produced; }`;

/** The same with a switch of its own, on a stack that it maps and unmaps. */
const handmade = `
  #include <sys/mman.h>
  extern void tierlink_add_stack(void *low, unsigned long bytes) __attribute__((weak));
  extern void tierlink_remove_stack(void *low) __attribute__((weak));
  extern long value(long);
  enum { bytes = 256 * 1024 };
  static void *caller, *fiber;
  static char *stack;
  static long produced;
  __attribute__((naked, noinline)) static void change(void **from, void *to) {
    __asm__("pushq %rbp; pushq %rbx; pushq %r12; pushq %r13; pushq %r14; pushq %r15; movq %rsp, (%rdi);"
            "movq %rsi, %rsp; popq %r15; popq %r14; popq %r13; popq %r12; popq %rbx; popq %rbp; retq");
  }
  static void body(void) { for (long n = 7;; n++) { produced = value(n); change(&fiber, caller); } }
  void end(int isTold) {
    if (isTold) tierlink_remove_stack(stack);
    munmap(stack, bytes);
  }
  void begin(void) {
    stack = mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    tierlink_add_stack(stack, bytes);
    void **top = (void **)(stack + bytes) - 2;
    *--top = (void *)body;
    fiber = top - 6;
  }
  long next(void) { change(&caller, fiber); return produced; }`;

const value = 'long value(long n) { return n * 3 + 1; }';

async function engineWith(source: string, linkage: (typeof linkages)[number]): Promise<Engine> {
  const engine = engineFor({ linkage });
  engine.addModule('fiber', bitcode(source));
  engine.addModule('value', bitcode(value));
  await engine.link();
  return engine;
}

const programs = { makecontext: generator, 'a switch of its own': handmade };

it.each(
  linkages.flatMap((linkage) =>
    Object.entries(programs).map(([kind, source]) => ({ linkage, kind, source })),
  ),
)(
  'I5: code in which a fiber is suspended stays while no thread is inside ($kind, $linkage)',
  async ({ linkage, source }) => {
    const engine = await engineWith(source, linkage);
    const [begin, next] = [engine.fn('begin'), engine.fn('next')];
    begin();
    for (let round = 0; round < 5; round += 1) {
      expect(next()).toBe(BigInt((7 + round) * 3 + 1));
      await churn(engine, ['fiber', 'value'], 6);
    }
    // Of all versions that were retired it is the one that the loop is in.
    const { retired } = await examined(engine, 1);
    expect(retired.map(({ name, hold }) => [name, hold])).toEqual([
      ['fiber at baseline, version 1', 'referred'],
    ]);
    expect(next()).toBe(BigInt((7 + 5) * 3 + 1));
    // A fiber that begins anew is in the newest version, and nothing of the old one is left on its stack.
    if (source === handmade) engine.fn('end')(1);
    begin();
    await examined(engine, 0);
    expect(engine.snapshot().retired).toEqual([]);
    expect(next()).toBe(22n);
  },
);

it('a stack that is unmapped without a word is forgotten', async () => {
  const engine = await engineWith(handmade, 'direct');
  for (let round = 0; round < 3; round += 1) {
    engine.fn('begin')();
    expect(engine.fn('next')()).toBe(22n);
    engine.fn('end')(0);
    await churn(engine, ['fiber', 'value'], 6);
  }
  await examined(engine, 0);
  expect(engine.snapshot().retired).toEqual([]);
});

/** Two threads that take fibers from one queue, and so run each of them in turn, until they are told to stop. */
const stealing = `
  #include <pthread.h>
  #include <stdlib.h>
  #include <ucontext.h>
  enum { fibers = 24, threads = 2, bytes = 32 * 1024 };
  extern volatile int go;
  extern long value(long);
  struct fiber { ucontext_t context; ucontext_t *back; long count, sum; struct fiber *next; };
  static struct fiber all[fibers], *queue;
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  static void yield(struct fiber *self) { swapcontext(&self->context, self->back); }
  static void body(int index) {
    struct fiber *self = &all[index];
    for (;;) { self->sum += value(self->count); self->count++; yield(self); }
  }
  static struct fiber *take(void) {
    pthread_mutex_lock(&lock);
    struct fiber *one = queue;
    if (one) queue = one->next;
    pthread_mutex_unlock(&lock);
    return one;
  }
  static void give(struct fiber *one) {
    pthread_mutex_lock(&lock);
    struct fiber **end = &queue;
    while (*end) end = &(*end)->next;
    one->next = 0;
    *end = one;
    pthread_mutex_unlock(&lock);
  }
  static void *work(void *unused) {
    ucontext_t own;
    while (go) {
      struct fiber *one = take();
      if (!one) continue;
      one->back = &own;
      swapcontext(&own, &one->context);
      give(one);
    }
    return 0;
  }
  long turns(void) { long n = 0; for (int i = 0; i < fibers; i++) n += all[i].count; return n; }
  int main(void) {
    for (int i = 0; i < fibers; i++) {
      getcontext(&all[i].context);
      all[i].context.uc_stack.ss_sp = malloc(bytes);
      all[i].context.uc_stack.ss_size = bytes;
      makecontext(&all[i].context, (void (*)(void))body, 1, i);
      give(&all[i]);
    }
    pthread_t running[threads];
    for (int i = 0; i < threads; i++) pthread_create(&running[i], 0, work, 0);
    for (int i = 0; i < threads; i++) pthread_join(running[i], 0);
    for (int i = 0; i < fibers; i++) {
      long expected = 0;
      for (long n = 0; n < all[i].count; n++) expected += n * 3 + 1;
      if (all[i].count == 0 || all[i].sum != expected) return 1;
    }
    return 0;
  }`;

it.each(['module', 'function'] as const)(
  'I5: fibers go from thread to thread while all code is replaced, moved and reclaimed (units: %s)',
  async (unit) => {
    const engine = engineFor({ linkage: 'direct', unit });
    engine.addModule('fibers', bitcode(stealing));
    engine.addModule('value', bitcode(`volatile int go = 1; void stop(void) { go = 0; } ${value}`));
    await engine.link();
    const running = engine.run();
    await pause(20);
    const before = engine.snapshot().memory.reclaimed;
    await churn(engine, ['fibers', 'value'], 40);
    for (let look = 0; look < 500 && engine.snapshot().memory.reclaimed === before; look += 1) {
      await pause(2);
      engine.reclaim();
    }
    const { reclaimed } = engine.snapshot().memory;
    engine.fn('stop')();
    expect(await running).toMatchObject({ how: 'return', status: 0 });
    expect(engine.fn('turns')() as bigint).toBeGreaterThan(1000n);
    expect(reclaimed).toBeGreaterThan(before);
  },
);
