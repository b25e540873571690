/** Threads that a shared library makes by itself, and on which it calls compiled code back. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { churn, engineFor, examined, pause } from '../support/engine.js';
import { bitcode, llvmBin, scratch } from '../support/toolchain.js';

/** Each calls `work` on a thread that it makes, and `finish` waits for it. */
const libraries = {
  pthread_create: `
    static pthread_t thread;
    static void *body(void *work) { return (void *)((long (*)(void))work)(); }
    extern "C" void begin(long (*work)(void)) { pthread_create(&thread, nullptr, body, (void *)work); }
    extern "C" long finish() { void *result; pthread_join(thread, &result); return (long)result; }`,
  thrd_create: `
    static thrd_t thread;
    static long (*task)(void);
    static long result;
    static int body(void *) { result = task(); return 0; }
    extern "C" void begin(long (*work)(void)) { task = work; thrd_create(&thread, body, nullptr); }
    extern "C" long finish() { thrd_join(thread, nullptr); return result; }`,
  'std::thread': `
    static std::thread thread;
    static long result;
    extern "C" void begin(long (*work)(void)) { thread = std::thread([work] { result = work(); }); }
    extern "C" long finish() { thread.join(); return result; }`,
  'a thread of such a thread': `
    static std::thread thread;
    static long result;
    extern "C" void begin(long (*work)(void)) {
      thread = std::thread([work] { std::thread([work] { result = work(); }).join(); });
    }
    extern "C" long finish() { thread.join(); return result; }`,
};

function library(source: string): string {
  const folder = scratch();
  const input = join(folder, 'input.cc');
  const output = join(folder, 'library.so');
  writeFileSync(input, `#include <pthread.h>\n#include <thread>\n#include <threads.h>\n${source}`);
  execFileSync(join(llvmBin, 'clang++'), ['-O1', '-fPIC', '-shared', input, '-o', output], {
    stdio: 'pipe',
  });
  return output;
}

const program = `
  extern void begin(long (*)(void));
  extern long finish(void);
  extern long value(long);
  static volatile int go = 1;
  static volatile long turns;
  static long work(void) {
    long sum = 0, expected = 0;
    for (long n = 0; go; n++) { sum += value(n); expected += n * 3 + 1; turns = n; }
    return sum == expected ? 7 : 8;
  }
  void start(void) { begin(work); }
  long turned(void) { return turns; }
  long end(void) { go = 0; return finish(); }`;

it.each(Object.entries(libraries))(
  'I5: code that a thread of a library is in stays (%s)',
  async (_, source) => {
    const engine = engineFor({ linkage: 'direct', libraries: [library(source)] });
    engine.addModule('program', bitcode(program));
    engine.addModule('value', bitcode('long value(long n) { return n * 3 + 1; }'));
    await engine.link();
    engine.fn('start')();
    await churn(engine, ['program', 'value'], 20);
    // It is in the loop of the first version, and calls the newest one of the other module.
    const { retired, mutatorsInside } = await examined(engine, 1);
    expect(retired.map(({ name, hold }) => [name, hold])).toEqual([
      ['program at baseline, version 1', 'referred'],
    ]);
    expect(mutatorsInside).toBe(0);
    const before = engine.fn('turned')() as bigint;
    for (let look = 0; look < 1000 && engine.fn('turned')() === before; look += 1) await pause(1);
    expect(engine.fn('turned')() as bigint).toBeGreaterThan(before);
    expect(engine.fn('end')()).toBe(7n);
    await examined(engine, 0);
    expect(engine.snapshot().retired).toEqual([]);
  },
);

/** What GCC makes of an OpenMP parallel region: the function runs on the calling thread and on one of the library's. */
const parallel = `
  extern void GOMP_parallel(void (*)(void *), void *, unsigned threads, unsigned flags);
  extern long value(long);
  static volatile int go = 1;
  static int running, wrong;
  static void region(void *unused) {
    __atomic_add_fetch(&running, 1, __ATOMIC_SEQ_CST);
    long sum = 0, expected = 0;
    for (long n = 0; go; n++) { sum += value(n); expected += n * 3 + 1; }
    if (sum != expected) __atomic_add_fetch(&wrong, 1, __ATOMIC_SEQ_CST);
  }
  int all(void) { GOMP_parallel(region, 0, 2, 0); return wrong; }
  int count(void) { return __atomic_load_n(&running, __ATOMIC_SEQ_CST); }
  void stop(void) { go = 0; }`;

it('I5: code that threads of OpenMP are in stays', async () => {
  const engine = engineFor({ linkage: 'direct', libraries: ['libgomp.so.1'] });
  engine.addModule('program', bitcode(parallel));
  engine.addModule('value', bitcode('long value(long n) { return n * 3 + 1; }'));
  await engine.link();
  const result = engine.fn('all').async();
  for (let look = 0; look < 1000 && engine.fn('count')() !== 2; look += 1) await pause(1);
  expect(engine.fn('count')()).toBe(2);
  await churn(engine, ['program', 'value'], 20);
  await examined(engine, 1);
  expect(engine.snapshot().retired).toHaveLength(1);
  engine.fn('stop')();
  expect(await result).toBe(0);
});
