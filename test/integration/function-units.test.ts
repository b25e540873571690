/** Units of one function: compiled when they are called for the first time, promoted one by one. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Engine, type EngineOptions, type PublishedEvent, TierlinkError } from '../../src/index.js';
import { engineFor, examined, linkages, pause } from '../support/engine.js';
import { bitcode, scratch } from '../support/toolchain.js';

/** An engine of function units with modules of C text, linked. */
async function linked(
  modules: Readonly<Record<string, string>>,
  options: EngineOptions = {},
): Promise<{ readonly engine: Engine; readonly published: PublishedEvent[] }> {
  const engine = engineFor({ unit: 'function', ...options });
  const published: PublishedEvent[] = [];
  engine.on('published', (event) => published.push(event));
  for (const [name, text] of Object.entries(modules)) engine.addModule(name, bitcode(text));
  await engine.link();
  return { engine, published };
}

/** Functions that are compiled, of all modules. */
function compiled(engine: Engine): number {
  return engine
    .snapshot()
    .modules.flatMap(({ compiled: byTier }) => Object.values(byTier))
    .reduce((sum, count) => sum + count, 0);
}

const calculator = {
  add: `
    int total = 5; static int calls;
    static int bump(int by) { calls++; return total += by; }
    int add(int by) { return by < 0 ? by : bump(by); }
    int count(void) { return calls; }
    int never(int by) { return bump(by) / 0; }`,
  main: `
    int add(int); int count(void); int never(int); extern int total;
    static int twice(int x) { return x * 2; }
    int run(int x) { return x == 99 ? never(x) : add(twice(x)); }
    int (*pointer(void))(int) { return twice; }
    int through(int (*f)(int), int x) { return f(x); }
    int read(void) { return total; }`,
};

describe.each(linkages)('units of one function with linkage %s', (linkage) => {
  it('are compiled when they are called, and no others', async () => {
    const { engine, published } = await linked(calculator, { linkage });
    expect(published).toEqual([]);
    expect(compiled(engine)).toBe(0);
    expect(engine.fn('run')(-1)).toBe(-2);
    const names = published.map(({ unit }) => unit);
    expect(names).toContain('run');
    expect(names.some((name) => name.startsWith('never') || name.startsWith('count'))).toBe(false);
    const before = published.length;
    expect(engine.fn('run')(-1)).toBe(-2);
    expect(published.length).toBe(before);
    expect(engine.fn('run')(4)).toBe(13);
    expect(engine.fn('count')()).toBe(1);
    expect(compiled(engine)).toBeLessThanOrEqual(7);
  });

  it('I1: the address of a function is the same before and after it is compiled, and wherever it goes', async () => {
    const { engine } = await linked(calculator, { linkage });
    const { address } = engine.fn('run');
    const pointer = engine.fn('pointer')();
    expect(engine.fn('through')(pointer ?? 0, 21)).toBe(42);
    await engine.recompile('main', 'optimized');
    engine.move('main');
    engine.compact();
    expect(engine.fn('pointer')()).toBe(pointer);
    expect(engine.fn('through')(pointer ?? 0, 4)).toBe(8);
    expect(engine.fn('run').address).toBe(address);
    expect(engine.fn('run')(1)).toBe(7);
    expect(engine.audit().violations).toEqual([]);
  });

  it('are promoted one by one, and the batch they came with goes when the last has left it', async () => {
    const text = `
      __attribute__((noinline)) long inner(long n) { long s = 0; for (long i = 0; i < n; i++) s += i ^ (s << 1); return s; }
      long outer(long n) { return inner(n) + inner(n + 1); }
      long cold(long n) { return n < 0 ? inner(n) : n; }`;
    const { engine } = await linked(
      { kernel: text },
      { linkage, policy: 'counters', thresholds: { quick: 50, optimized: 200, peak: 1000 } },
    );
    let reclaimed = 0;
    engine.on('reclaimed', ({ versions }) => (reclaimed += versions));
    const [outer, cold] = [engine.fn('outer'), engine.fn('cold')];
    const expected = outer(10n);
    expect(cold(1n)).toBe(1n);
    const deadline = Date.now() + 20_000;
    const peaks = (): number => engine.snapshot().modules[0]?.compiled['peak'] ?? 0;
    while (peaks() < 2 && Date.now() < deadline) {
      for (let i = 0; i < 100; i += 1) expect(outer(10n)).toBe(expected);
      await pause(1);
    }
    expect(engine.snapshot().modules[0]?.compiled).toEqual({ baseline: 1, peak: 2 });
    await examined(engine, 0);
    expect(engine.snapshot().retired).toEqual([]);
    expect(reclaimed).toBeGreaterThan(0);
    expect(outer(10n)).toBe(expected);
    expect(cold(-1n)).toBe(0n);
  });

  it('are promoted together when several are hot at once: one compile, and each may leave it', async () => {
    const numbers = Array.from({ length: 12 }, (_, index) => index);
    const text = numbers.map((index) => `int f${String(index)}(int x) { return x + ${String(index)}; }`);
    const { engine, published } = await linked(
      { many: text.join('\n') },
      { linkage, policy: 'counters', thresholds: { quick: 50, optimized: 100_000 }, compileThreads: 1 },
    );
    const functions = numbers.map((index) => engine.fn(`f${String(index)}`));
    const addresses = functions.map(({ address }) => address);
    const call = (times: number): void => {
      for (let time = 0; time < times; time += 1)
        for (const [index, fn] of functions.entries())
          if (fn(time) !== time + index) throw new Error('is wrong');
    };
    const compiledAt = (tier: string): number => engine.snapshot().modules[0]?.compiled[tier] ?? 0;
    const deadline = Date.now() + 20_000;
    while (compiledAt('quick') < numbers.length && Date.now() < deadline) {
      call(100);
      await pause(1);
    }
    expect(compiledAt('quick')).toBe(numbers.length);
    const quick = published.filter(({ tier }) => tier === 'quick');
    expect(quick.length).toBeLessThan(numbers.length / 2);
    expect(Math.max(...quick.map((event) => event.functions))).toBeGreaterThan(numbers.length / 2);
    call(1);
    expect(functions.map(({ address }) => address)).toEqual(addresses);
    await examined(engine, 0);
    expect(engine.snapshot().retired).toEqual([]);

    await engine.replaceModule('many', bitcode(text.join('\n').replaceAll('return x', 'return 1000 + x')));
    expect(functions[3]?.(5)).toBe(1008);
    await examined(engine, 0);
    expect(engine.snapshot().retired).toEqual([]);
    expect(engine.audit().violations).toEqual([]);
  });

  it('I2: new source keeps the state, and functions are compiled from it when they are called', async () => {
    const { engine } = await linked(calculator, { linkage });
    const [run, read] = [engine.fn('run'), engine.fn('read')];
    expect(run(1)).toBe(7);
    const text = calculator.add.replace('total += by', 'total += by * 100');
    await engine.replaceModule('add', bitcode(`${text} int extra(void) { return 7; }`));
    expect(engine.snapshot().modules[0]).toMatchObject({ name: 'add', compiled: {} });
    expect(read()).toBe(7);
    expect(run(1)).toBe(207);
    expect(engine.fn('count')()).toBe(2);
    expect(engine.fn('extra')()).toBe(7);
    await examined(engine, 0);
    expect(engine.snapshot().retired).toEqual([]);
  });

  it('go with their module, compiled or not, and come back with it', async () => {
    const { engine } = await linked(calculator, { linkage });
    const run = engine.fn('run');
    await expect(engine.removeModule('add')).rejects.toMatchObject({ code: 'MODULE_IN_USE' });
    await engine.removeModule('add', { force: true });
    expect(() => run(1)).toThrow(expect.objectContaining({ code: 'FUNCTION_REMOVED' }) as Error);
    engine.addModule('add', bitcode(calculator.add));
    await engine.link();
    expect(run(1)).toBe(7);
    await engine.removeModule('main');
    await engine.removeModule('add');
    await examined(engine, 0);
    const { modules, retired, slots } = engine.snapshot();
    expect({ modules, retired, slots }).toEqual({ modules: [], retired: [], slots: 0 });
  });

  // Direct calls are patched by what is preserved.
  it.each(linkage === 'direct' ? (['preserve'] as const) : (['preserve', 'discard'] as const))(
    'are there for a thread that is inside while their module goes, or gets others (relocations: %s)',
    async (relocations) => {
      const work = `
        #include <unistd.h>
        extern volatile int go, inside;
        static int deeper(int n) { return n > 1000 ? deeper(n - 1) + 1 : n * 3; }
        static int late(int n) { return __builtin_expect(n < 1000, 0) ? deeper(n) + 1 : n; }
        static int (*const table[])(int) = { late, deeper };
        int work(int n) {
          __sync_fetch_and_add(&inside, 1); while (!go) usleep(200);
          return __builtin_expect(n == 7, 0) ? late(n) + table[n & 1](n) : 0; }`;
      const { engine, published } = await linked(
        {
          flags:
            'volatile int go, inside; int isInside(void) { return inside; } void release(void) { go = 1; }',
          gone: work,
          other: work.replaceAll('work', 'worked'),
        },
        { linkage, relocations },
      );
      const results = [engine.fn('work').async(7), engine.fn('worked').async(7)];
      while (engine.fn('isInside')() !== 2) await pause(1);
      const names = published.map(({ unit }) => unit);
      expect(names.some((name) => name.startsWith('late') || name.startsWith('deeper'))).toBe(false);
      await engine.removeModule('gone');
      await engine.replaceModule('other', bitcode('int worked(int n) { return n; }'));
      engine.fn('release')();
      expect(await Promise.all(results)).toEqual([43, 43]);
      await examined(engine, 0);
      expect(engine.snapshot().retired).toEqual([]);
      expect(engine.fn('worked')(7)).toBe(7);
    },
  );

  it('of a module without functions are the module', async () => {
    const { engine } = await linked({
      data: 'int value = 4;',
      code: 'extern int value; int f(void) { return value; }',
    });
    expect(await engine.recompile('data', 'optimized')).toMatchObject({ unit: 'data', functions: 0 });
    await engine.replaceModule('data', bitcode('int value = 5; int g(void) { return value; }'), {
      state: 'reset',
    });
    expect([engine.fn('f')(), engine.fn('g')()]).toEqual([5, 5]);
  });

  it('of several modules are recompiled as a group', async () => {
    const { engine } = await linked(calculator, { linkage });
    const run = engine.fn('run');
    expect(run(1)).toBe(7);
    await engine.recompileGroup(
      [
        { module: 'add', tier: 'optimized' },
        { module: 'main', tier: 'peak' },
      ],
      { atomic: true },
    );
    expect(run(1)).toBe(9);
    expect(engine.snapshot().modules.map(({ compiled: byTier }) => Object.keys(byTier))).toEqual([
      ['optimized'],
      ['peak'],
    ]);
  });
});

describe('a first call', () => {
  it('of two threads meets in one compile', async () => {
    const functions = Array.from(
      { length: 200 },
      (_, i) => `long f${String(i)}(long n) { return n * ${String(i)} + ${String(i % 7)}; }`,
    );
    const calls = functions.map((_, i) => `f${String(i)}`).join(', ');
    const { engine, published } = await linked({
      many: functions.join('\n'),
      meet: `
        #include <pthread.h>
        typedef long (*function)(long);
        ${functions.map((_, i) => `long f${String(i)}(long);`).join(' ')}
        static function all[] = { ${calls} };
        static pthread_barrier_t barrier;
        static void *worker(void *seed) {
          long sum = 0;
          for (int i = 0; i < 200; i++) { pthread_barrier_wait(&barrier); sum += all[i]((long)seed); }
          return (void *)sum;
        }
        int main(void) {
          pthread_t threads[3]; void *sums[3];
          pthread_barrier_init(&barrier, 0, 3);
          for (long i = 0; i < 3; i++) pthread_create(&threads[i], 0, worker, (void *)7L);
          for (int i = 0; i < 3; i++) pthread_join(threads[i], &sums[i]);
          long expected = 0;
          for (long i = 0; i < 200; i++) expected += 7 * i + i % 7;
          return sums[0] == sums[1] && sums[1] == sums[2] && (long)sums[0] == expected ? 0 : 1;
        }`,
    });
    expect(await engine.run('main')).toMatchObject({ status: 0 });
    const counts = new Map<string, number>();
    for (const { unit } of published) counts.set(unit, (counts.get(unit) ?? 0) + 1);
    expect([...counts.values()].every((count) => count === 1)).toBe(true);
    expect(compiled(engine)).toBe(202);
  });

  it('may come from libc: qsort, signal, atexit, bsearch, pthread_once', async () => {
    const { engine } = await linked({
      callbacks: `
        #include <pthread.h>
        #include <signal.h>
        #include <stdlib.h>
        #include <unistd.h>
        static volatile int seen; static pthread_once_t once = PTHREAD_ONCE_INIT;
        static int step(int a) { return a + 1; }
        static int compare(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
        static void handler(int signal) { seen += step(signal) - signal; }
        static void first(void) { seen += step(9); }
        static void last(void) { write(1, "", 0); _exit(seen == 11 ? 42 : 1); }
        int main(void) {
          int values[] = { 5, 3, 9, 1 };
          qsort(values, 4, sizeof *values, compare);
          if (values[0] != 1 || values[3] != 9) return 2;
          int key = 5;
          if (!bsearch(&key, values, 4, sizeof key, compare)) return 3;
          pthread_once(&once, first);
          signal(SIGUSR1, handler);
          raise(SIGUSR1);
          return seen == 11 ? 0 : 4;
        }`,
    });
    expect(await engine.run('main')).toMatchObject({ status: 0 });
  });

  it('may be left by longjmp, and by an exception', async () => {
    const { engine } = await linked({
      jump: `
        #include <setjmp.h>
        static jmp_buf back;
        static void deep(int n) { if (n == 0) longjmp(back, 7); deep(n - 1); }
        static int never(void) { return 1; }
        int main(void) { volatile int kept = 3; int got = setjmp(back); if (!got) { deep(5); return never(); } return got == 7 && kept == 3 ? 0 : 1; }`,
    });
    expect(await engine.run('main')).toMatchObject({ status: 0 });
  });

  it('may come at the end of the engine, from a destructor', async () => {
    const file = join(scratch(), 'ended');
    const { engine } = await linked({
      end: `
        #include <stdio.h>
        static void told(void) { FILE *f = fopen("${file}", "w"); fputs("yes", f); fclose(f); }
        __attribute__((destructor)) static void last(void) { told(); }
        int main(void) { return 0; }`,
    });
    await engine.dispose();
    expect(readFileSync(file, 'utf8')).toBe('yes');
  });

  it('works in a child that was forked before', async () => {
    const { engine } = await linked({
      fork: `
        #include <sys/wait.h>
        #include <unistd.h>
        static int later(int n) { return n * 3; }
        int main(void) {
          int status; pid_t child = fork();
          if (child == 0) _exit(later(14));
          waitpid(child, &status, 0);
          return WIFEXITED(status) && WEXITSTATUS(status) == 42 && later(1) == 3 ? 0 : 1;
        }`,
    });
    expect(await engine.run('main')).toMatchObject({ status: 0 });
  });

  it('recurses into a function that another thread has compiled', async () => {
    const { engine } = await linked({
      recursion: `
        long odd(long n); long even(long n) { return n == 0 ? 1 : odd(n - 1); }
        long odd(long n) { return n == 0 ? 0 : even(n - 1); }`,
    });
    const results = await Promise.all([engine.fn('even').async(1001n), engine.fn('odd').async(1001n)]);
    expect(results).toEqual([0n, 1n]);
  });

  it('that fails is a clear error at the call, the process lives, and the next call tries again', async () => {
    let broken = true;
    const { LlvmCompiler } = await import('../../src/native/llvm-compiler.js');
    const { loadAddon } = await import('../../src/native/loader.js');
    const inner = new LlvmCompiler(loadAddon(), 1);
    const refuse = (names: readonly string[] = []): void => {
      if (broken && names.includes('bad'))
        throw new TierlinkError('COMPILE_FAILED', {
          module: 'm',
          tier: 'baseline',
          reason: 'it was told to',
        });
    };
    const { engine } = await linked(
      {
        m: 'int bad(int x) { return x + 1; } int good(int x) { return __builtin_expect(x > 100, 0) ? bad(x) : x; }',
      },
      {
        parts: {
          compiler: () => ({
            threads: 1,
            compile: async (request) => {
              refuse(request.functions?.wanted);
              return inner.compile(request);
            },
            compileNow: (request) => {
              refuse(request.functions?.wanted);
              return inner.compileNow(request);
            },
            forget: (bytes) => {
              inner.forget(bytes);
            },
            pending: () => inner.pending(),
            destroy: () => inner.destroy(),
          }),
        },
      },
    );
    const [good, bad] = [engine.fn('good'), engine.fn('bad')];
    expect(good(1)).toBe(1);
    const failed = expect.objectContaining({ code: 'COMPILE_FAILED' }) as Error;
    expect(() => good(101)).toThrow(failed);
    await expect(good.async(101)).rejects.toMatchObject({ code: 'COMPILE_FAILED' });
    expect(() => bad(1)).toThrow(failed);
    broken = false;
    expect(good(101)).toBe(102);
    expect(await bad.async(1)).toBe(2);
  });
});
