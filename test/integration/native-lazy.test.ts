/** Calls of functions that are not compiled yet: arguments, waiting, failures, signals, forks, the end. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { bind } from '../../src/call/callable.js';
import { TierlinkError } from '../../src/core/errors.js';
import { address } from '../../src/core/ids.js';
import { addonCandidates, loadAddon } from '../../src/native/loader.js';
import type { Handle } from '../../src/native/contract.js';
import { bundled } from '../support/bundled.js';
import { LazyProgram } from './lazy-program.js';
import {
  asIs,
  createEngine,
  destroyAll,
  destroyEngine,
  place,
  type PlacedProgram,
  readInt,
  readText,
  regionsOf,
} from './native-program.js';

const addon = loadAddon();
const mebibyte = 2 ** 20;
const engines: Handle[] = [];
const processor = readFileSync('/proc/cpuinfo', 'utf8');

interface Made {
  readonly engine: Handle;
  readonly program: PlacedProgram;
  readonly lazy: LazyProgram;
  readonly bind: (name: string, signature: string) => (...args: unknown[]) => unknown;
  readonly callAsync: (name: string, signature: string, ...args: unknown[]) => Promise<unknown>;
  readonly int: (variable: string) => number;
}

function make(source: string, language: 'c' | 'c++' = 'c'): Made {
  const engine = createEngine(addon, mebibyte, mebibyte, 4 * mebibyte);
  engines.push(engine);
  const program = place(addon, engine, source, language);
  addon.framesRegister(...program.frames);
  const lazy = new LazyProgram(addon, engine, program);
  return {
    engine,
    program,
    lazy,
    bind: (name, signature) => addon.bindFunction(engine, program.slot(name), signature, name, asIs),
    callAsync: (name, signature, ...args) =>
      addon.callAsync(engine, program.slot(name), signature, name, args),
    int: (variable) => readInt(addon, engine, program.address(variable)),
  };
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** An answer that uses vector registers before it compiles. */
function disturbed(lazy: LazyProgram): (cell: bigint) => void {
  return (cell) => {
    new Float64Array(1000)
      .fill(0.5)
      .map((x, i) => Math.sin(x) * i)
      .fill(-1)
      .sort();
    Buffer.alloc(1000, 'text').toString('base64');
    lazy.compile(cell);
  };
}

afterEach(() => {
  destroyAll(addon, engines);
});

describe('what a lazy call carries', () => {
  test('integers, doubles and the number of vector registers', async () => {
    const { lazy, callAsync, bind } = make(`
      #include <stdarg.h>
      long (*words)(long, long, long, long, long, long, long, long);
      double (*doubles)(double, double, double, double, double, double, double, double, double);
      double (*variadic)(int, ...);
      long words_(long a, long b, long c, long d, long e, long f, long g, long h) {
        return a + 10 * (b + 10 * (c + 10 * (d + 10 * (e + 10 * (f + 10 * (g + 10 * h)))))); }
      double doubles_(double a, double b, double c, double d, double e, double f, double g, double h, double i) {
        return a + 10 * (b + 10 * (c + 10 * (d + 10 * (e + 10 * (f + 10 * (g + 10 * (h + 10 * i))))))); }
      double variadic_(int n, ...) {
        va_list list;  double sum = 0;  va_start(list, n);
        for (int i = 0; i < n; i++) sum = sum * 10 + (i % 2 ? va_arg(list, int) : va_arg(list, double));
        va_end(list);  return sum; }
      long call_words(void) { return words(1, 2, 3, 4, 5, 6, 7, 8); }
      double call_doubles(void) { return doubles(1, 2, 3, 4, 5, 6, 7, 8, 9); }
      double call_variadic(void) { return variadic(6, 1.0, 2, 3.0, 4, 5.0, 6); }`);
    for (const name of ['words', 'doubles', 'variadic']) lazy.add(`${name}_`, name);
    lazy.serve();
    for (let round = 0; round < 2; round += 1) {
      expect(await callAsync('call_words', '8')).toBe(87654321n);
      expect(await callAsync('call_doubles', 'd')).toBe(987654321);
      expect(await callAsync('call_variadic', 'd')).toBe(123456);
    }
    expect(lazy.requests.length).toBe(3);
    expect(bind('call_words', '8')()).toBe(87654321n);
  });

  test('structs in registers and in memory, and the address of a result', async () => {
    const { lazy, callAsync } = make(`
      struct two { long a;  double b; };  struct big { long a[5]; };
      struct two (*pair)(struct two, struct two);  struct big (*many)(struct big, long, long, long, long, long, long);
      struct two pair_(struct two x, struct two y) { return (struct two){x.a * 10 + y.a, x.b * 10 + y.b}; }
      struct big many_(struct big x, long a, long b, long c, long d, long e, long f) {
        return (struct big){{x.a[0] + a, x.a[1] + b, x.a[2] + c, x.a[3] + d, x.a[4] + e * f}}; }
      double call_pair(void) { struct two r = pair((struct two){1, 2}, (struct two){3, 4});  return r.a + r.b / 100; }
      long call_many(void) {
        struct big r = many((struct big){{10, 20, 30, 40, 50}}, 1, 2, 3, 4, 5, 6);
        return r.a[0] + 100 * (r.a[1] + 100 * (r.a[2] + 100 * (r.a[3] + 100 * r.a[4]))); }`);
    lazy.add('pair_', 'pair');
    lazy.add('many_', 'many');
    lazy.serve();
    expect(await callAsync('call_pair', 'd')).toBe(13.24);
    expect(await callAsync('call_many', '8')).toBe(8044332211n);
  });

  test('the static chain, and every other register that is not r11', async () => {
    const { lazy, callAsync } = make(`
      long (*chained)(long);
      __asm__(".globl chained_\\nchained_: lea (%r10,%rdi), %rax\\n ret");
      __attribute__((noinline)) long call_chained(void *chain) {
        return __builtin_call_with_static_chain(chained(1000), chain); }
      long before[15], after[15];
      __asm__(".globl kept_\\nkept_: ret");
      void (*kept)(void);
      __attribute__((noinline)) void call_kept(void) {
        __asm__ volatile(
          "push %%rbp\\n push %%rbx\\n lea before(%%rip), %%rbx\\n"
          "mov $1, %%eax\\n mov $2, %%ecx\\n mov $3, %%edx\\n mov $4, %%esi\\n mov $5, %%edi\\n"
          "mov $6, %%r8d\\n mov $7, %%r9d\\n mov $8, %%r10d\\n mov $9, %%r12d\\n mov $10, %%r13d\\n"
          "mov $11, %%r14d\\n mov $12, %%r15d\\n mov $13, %%ebp\\n"
          "sub $128, %%rsp\\n mov %%rsp, before+104(%%rip)\\n"
          "call *kept(%%rip)\\n"
          "mov %%rsp, after+104(%%rip)\\n add $128, %%rsp\\n lea after(%%rip), %%rbx\\n"
          "mov %%rax, (%%rbx)\\n mov %%rcx, 8(%%rbx)\\n mov %%rdx, 16(%%rbx)\\n mov %%rsi, 24(%%rbx)\\n"
          "mov %%rdi, 32(%%rbx)\\n mov %%r8, 40(%%rbx)\\n mov %%r9, 48(%%rbx)\\n mov %%r10, 56(%%rbx)\\n"
          "mov %%r12, 64(%%rbx)\\n mov %%r13, 72(%%rbx)\\n mov %%r14, 80(%%rbx)\\n mov %%r15, 88(%%rbx)\\n"
          "mov %%rbp, 96(%%rbx)\\n pop %%rbx\\n pop %%rbp"
          ::: "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory", "cc"); }
      int call(void) {
        call_kept();
        for (int i = 0; i < 13; i++) if (after[i] != i + 1) return i + 1;
        return before[13] == after[13] ? 0 : 99; }`);
    lazy.add('chained_', 'chained');
    lazy.add('kept_', 'kept');
    lazy.serve();
    expect(await callAsync('call_chained', '8p', 234n)).toBe(1234n);
    expect(await callAsync('call', '4')).toBe(0);
  });

  test.each([
    [16, 'sse2'],
    [32, 'avx2'],
    [64, 'avx512f'],
  ])('vectors of %i bytes', async (bytes, feature) => {
    if (!processor.includes(` ${feature} `)) return;
    const numbers = bytes / 4;
    const { engine, lazy, callAsync } = make(`
      #define target __attribute__((target("${feature}")))
      typedef float vector __attribute__((vector_size(${String(bytes)})));
      vector (*eight)(vector, vector, vector, vector, vector, vector, vector, vector);
      target vector eight_(vector a, vector b, vector c, vector d, vector e, vector f, vector g, vector h) {
        return a + 2 * b + 4 * c + 8 * d + 16 * e + 32 * f + 64 * g + 128 * h; }
      target int call(void) {
        vector v[8];
        for (int k = 0; k < 8; k++) for (int i = 0; i < ${String(numbers)}; i++) v[k][i] = k * 100 + i;
        vector r = eight(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]);
        for (int i = 0; i < ${String(numbers)}; i++) {
          float sum = 0;
          for (int k = 0; k < 8; k++) sum += (1 << k) * (k * 100 + i);
          if (r[i] != sum) return i + 1;
        }
        return 0; }`);
    lazy.add('eight_', 'eight');
    lazy.serve(disturbed(lazy));
    expect(await callAsync('call', '4')).toBe(0);
    lazy.forget(lazy.of(lazy.requests[0] ?? 0n));
    addon.engineOnLazyCall(engine, disturbed(lazy));
    expect(await callAsync('call', '4')).toBe(0);
  });

  test('errno, and the modes of floating point, which JS does not see', () => {
    const { engine, lazy, bind } = make(`
      #include <errno.h>
      #include <fenv.h>
      double (*third)(double);
      double third_(double x) { volatile double three = 3;  return x / three; }
      int call(void) {
        errno = 77;  fesetround(FE_UPWARD);
        volatile double up = third(1);
        int mode = fegetround();  fesetround(FE_TONEAREST);
        volatile double nearest = third(1);
        return errno != 77 ? 1 : mode != FE_UPWARD ? 2 : up <= nearest ? 3 : 0; }`);
    lazy.add('third_', 'third');
    let seen = 0;
    addon.engineOnLazyCall(engine, (cell) => {
      seen = [1].map((one) => one / 3)[0] ?? 0;
      lazy.compile(cell);
    });
    expect([bind('call', '4')(), seen]).toEqual([0, 1 / 3]);
  });
});

describe('threads that meet in one entry', () => {
  test.each([2, 8])('%i of them all get what is compiled once', async (count) => {
    const { lazy, callAsync, int } = make(`
      #include <pthread.h>
      int (*callee)(int);  int called;  pthread_barrier_t barrier;
      int callee_(int x) { __sync_fetch_and_add(&called, 1);  return x * 2; }
      void prepare(int n) { pthread_barrier_init(&barrier, 0, n); }
      int meet(int x) { pthread_barrier_wait(&barrier);  return callee(x); }`);
    lazy.add('callee_', 'callee');
    await callAsync('prepare', 'v4', count);
    let compiled = 0;
    const calls = Array.from({ length: count }, (_, i) => callAsync('meet', '44', i));
    await until(() => lazy.take().length > 0, 'one of them asks');
    await pause(20);
    expect(int('called')).toBe(0);
    const wanted = new Set([...lazy.requests, ...lazy.take()]);
    for (const cell of wanted) {
      lazy.compile(cell);
      compiled += 1;
    }
    lazy.settled();
    expect(await Promise.all(calls)).toEqual(Array.from({ length: count }, (_, i) => i * 2));
    expect([compiled, int('called')]).toEqual([1, count]);
  });

  test('thousands of entries are served to several threads by a control that is slow', async () => {
    const functions = 2000;
    const names = Array.from({ length: functions }, (_, i) => `f${String(i)}`);
    const { lazy, callAsync } = make(`
      typedef int (*function)(int);  function all[${String(functions)}];
      ${names.map((name, i) => `int ${name}(int x) { return x + ${String(i)}; }`).join('\n')}
      long walk(int from, int step) {
        long sum = 0;
        for (int i = 0; i < ${String(functions)}; i++) sum += all[(from + i * step) % ${String(functions)}](1);
        return sum; }`);
    names.forEach((name, i) => {
      lazy.write('all', BigInt(lazy.add(name).stub), i);
    });
    let answered = 0;
    lazy.serve((cell) => {
      answered += 1;
      const end = performance.now() + 0.2;
      while (performance.now() < end);
      lazy.compile(cell);
    });
    const walks = [1, 3, 7, 9].map((step, i) => callAsync('walk', '844', i * 500, step));
    const sum = BigInt((functions * (functions - 1)) / 2 + functions);
    expect(await Promise.all(walks)).toEqual([sum, sum, sum, sum]);
    expect(new Set(lazy.requests).size).toBe(functions);
    expect(answered).toBeLessThanOrEqual(4 * functions);
  });

  test('one that wakes when the function is forgotten again, as with new source, asks again', async () => {
    const { lazy, callAsync } = make(`
      int (*callee)(int);
      int callee_(int x) { return x * 2; }
      int call(int x) { return callee(x); }`);
    const callee = lazy.add('callee_', 'callee');
    const called = callAsync('call', '44', 21);
    for (let round = 0; round < 3; round += 1) {
      await until(() => lazy.take().length > 0, 'it asks');
      lazy.compile(callee.cell);
      lazy.forget(callee);
      lazy.settled();
    }
    await until(() => lazy.take().length > 0, 'it asks');
    lazy.compile(callee.cell);
    lazy.settled();
    expect(await called).toBe(42);
  });

  test('one that comes while the function is compiled, and calls it in turn, gets it too', async () => {
    const { engine, lazy, callAsync } = make(`
      long (*fib)(long);
      long fib_(long n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
      long call(long n) { return fib(n); }`);
    const fib = lazy.add('fib_', 'fib');
    let compiling = false;
    addon.engineOnRequests(engine, () => {
      if (lazy.take().length === 0 || compiling) return;
      compiling = true;
      setTimeout(() => {
        lazy.compile(fib.cell);
        lazy.settled();
      }, 30);
    });
    const first = callAsync('call', '88', 20);
    await until(() => compiling, 'it is compiled');
    expect(await Promise.all([first, callAsync('call', '88', 15)])).toEqual([6765n, 610n]);
  });
});

describe('a function that can not be compiled', () => {
  const source = `
    #include <exception>
    #include <cstring>
    #include <cstdlib>
    extern "C" {
      int (*callee)(int);  char seen[1000];  int destroyed;
      int callee_(int x) { if (x < 0) throw x;  return x + 1; }
      int call(int x) { return callee(x); }
      struct Guard { ~Guard() { destroyed++; } };
      int guarded(int x) { Guard guard;  return callee(x) + 1; }
      int caught(int x) {
        for (int tries = 0;; tries++)
          try { return callee(x) * 10 + tries; }
          catch (const std::exception &e) { strcpy(seen, e.what()); if (tries) return -1; } }
      int thrown(int x) { try { Guard guard; return callee(x) + callee(-x); } catch (int y) { return y; } }
    }`;
  const details = { module: 'm', tier: 'baseline', reason: 'no' };

  test('is an error at the caller, and asked for again by the next call', async () => {
    const { engine, lazy, callAsync, program, int } = make(source, 'c++');
    const callee = lazy.add('callee_', 'callee');
    lazy.serve((cell) => {
      addon.engineLazyFailed(engine, cell, 'COMPILE_FAILED', 'it did not compile', JSON.stringify(details));
    });
    await expect(callAsync('guarded', '44', 1)).rejects.toMatchObject({
      code: 'COMPILE_FAILED',
      message: 'it did not compile',
    });
    expect(int('destroyed')).toBe(1);
    const host = {
      addon,
      handle: () => engine,
      settled: () => undefined,
      expectCallbacks: () => undefined,
      trappedAt: () => undefined,
    };
    const slot = address(Number(program.slot('call')));
    const call = bind(host, { symbol: 'call', letters: '44', type: 'i32 (i32)', slot, stub: callee.stub });
    const failure: unknown = await call.async(1).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(TierlinkError);
    expect(failure).toMatchObject({ code: 'COMPILE_FAILED', details });
    expect(lazy.requests).toEqual([callee.cell, callee.cell]);
    expect(addon.engineMutatorsInside(engine)).toBe(0);
    lazy.serve();
    expect(await call.async(1)).toBe(2);
  });

  test('is caught by compiled C++, which may try again', async () => {
    const { engine, lazy, callAsync, program } = make(source, 'c++');
    lazy.add('callee_', 'callee');
    let answers = 0;
    lazy.serve((cell) => {
      answers += 1;
      if (answers === 1) addon.engineLazyFailed(engine, cell, 'COMPILE_FAILED', 'not today', '');
      else lazy.compile(cell);
    });
    expect(await callAsync('caught', '44', 4)).toBe(51);
    expect(readText(addon, engine, program.address('seen'))).toBe('not today');
  });

  test('fails those who asked for it, and nobody else', async () => {
    const { engine, lazy, callAsync } = make(`
      int (*one)(void), (*two)(void);  int one_(void) { return 1; }  int two_(void) { return 2; }
      int call_one(void) { return one(); }  int call_two(void) { return two(); }`);
    const one = lazy.add('one_', 'one');
    const two = lazy.add('two_', 'two');
    const calls = [callAsync('call_one', '4'), callAsync('call_two', '4')];
    const settled = Promise.allSettled(calls);
    await until(() => lazy.take().length >= 0 && lazy.requests.length === 2, 'both ask');
    addon.engineLazyFailed(engine, one.cell, 'COMPILE_FAILED', 'one', '');
    await expect(calls[0]).rejects.toThrow('one');
    lazy.compile(two.cell);
    lazy.settled();
    expect((await settled)[1]).toMatchObject({ status: 'fulfilled', value: 2 });
  });

  test('and what a function throws later, passes through frames that made a lazy call', async () => {
    const { lazy, callAsync, int } = make(source, 'c++');
    lazy.add('callee_', 'callee');
    lazy.serve();
    expect(await callAsync('thrown', '44', -5)).toBe(-5);
    expect(await callAsync('thrown', '44', 5)).toBe(-5);
    expect(int('destroyed')).toBe(2);
  });
});

describe('on the thread of control itself', () => {
  const source = `
    #include <exception>
    #include <cstring>
    extern "C" {
      int (*callee)(int), (*other)(int);  char seen[1000];
      int callee_(int x) { return x + 1; }  int other_(int x) { return x * 2; }
      int call(int x) { return callee(x); }  int call_other(int x) { return other(x); }
      int caught(int x) {
        try { return callee(x); } catch (const std::exception &e) { strcpy(seen, e.what());  return -1; } }
    }`;

  test('control is called in the middle of the call', () => {
    const { engine, lazy, bind: bound } = make(source, 'c++');
    const callee = lazy.add('callee_', 'callee');
    const seen: bigint[] = [];
    addon.engineOnLazyCall(engine, (cell) => {
      seen.push(cell);
      lazy.compile(cell);
    });
    expect([bound('call', '44')(1), bound('call', '44')(2), seen]).toEqual([2, 3, [callee.cell]]);
  });

  test('what control throws comes out at the caller as it is, or is caught on the way', () => {
    const { engine, lazy, program, bind: bound } = make(source, 'c++');
    lazy.add('callee_', 'callee');
    const thrown = new TierlinkError('COMPILE_FAILED', { module: 'm', tier: 'baseline', reason: 'no' });
    addon.engineOnLazyCall(engine, () => {
      throw thrown;
    });
    const failure = (action: () => unknown): unknown => {
      try {
        return action();
      } catch (error) {
        return error;
      }
    };
    expect(failure(() => bound('call', '44')(1))).toBe(thrown);
    expect(failure(() => addon.callPlain(engine, program.slot('call')))).toBe(thrown);
    expect(bound('caught', '44')(1)).toBe(-1);
    expect(readText(addon, engine, program.address('seen'))).toBe(thrown.message);
    addon.engineOnLazyCall(engine, () => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- a user may
      throw 'no error';
    });
    expect(failure(() => bound('call', '44')(1))).toBe('no error');
    addon.engineOnLazyCall(engine, () => undefined);
    expect(failure(() => bound('call', '44')(1))).toMatchObject({ code: 'CALL_UNFINISHED' });
    expect(addon.engineMutatorsInside(engine)).toBe(0);
  });

  test('control may call compiled code that makes lazy calls, and scan its own stack', () => {
    const { engine, program, lazy, bind: bound } = make(source, 'c++');
    const callee = lazy.add('callee_', 'callee');
    lazy.add('other_', 'other');
    const results: unknown[] = [];
    const { code } = regionsOf(addon, engine);
    const [mine, none] = [code.base + 0x90000n, code.base + 0x91000n];
    addon.engineOnLazyCall(engine, (cell) => {
      if (cell === callee.cell) {
        results.push(bound('call_other', '44')(21));
        const scan = addon.engineScanStacks(engine, BigUint64Array.of(mine, mine + 64n, none, none + 64n));
        results.push(...scan.held, scan.threads);
        expect(() => {
          addon.engineDestroy(engine);
        }).toThrow(/inside/);
      }
      lazy.compile(cell);
    });
    const call = addon.bindFunction(engine, program.slot('call'), '4p', 'call', asIs);
    expect([call(mine + 5n), results]).toEqual([Number(BigInt.asIntN(32, mine + 6n)), [42, 1, 0, 1]]);
  });

  test('other threads wait for it', async () => {
    const { engine, lazy, callAsync, bind: bound } = make(source, 'c++');
    lazy.add('callee_', 'callee');
    lazy.add('other_', 'other');
    addon.engineOnLazyCall(engine, (cell) => {
      lazy.compile(cell);
      lazy.settled();
    });
    lazy.serve();
    const call = callAsync('call', '44', 5);
    expect(bound('call_other', '44')(4)).toBe(8);
    expect(await call).toBe(6);
  });
});

describe('signals, jumps and callbacks', () => {
  test('a handler that interrupts a waiting thread may make a lazy call and wait itself', async () => {
    const { engine, lazy, callAsync, int } = make(`
      #include <pthread.h>
      #include <signal.h>
      int (*slow)(int), (*quick)(int);  void (*handler)(int);
      volatile int handled;  pthread_t waiter;
      int slow_(int x) { return x + 1; }  int quick_(int x) { return x * 3; }
      void handler_(int s) { handled = quick(14); }
      void prepare(void) { signal(SIGUSR2, handler); }
      int wait_for(int x) { waiter = pthread_self();  return slow(x); }
      void interrupt(void) { pthread_kill(waiter, SIGUSR2); }`);
    const slow = lazy.add('slow_', 'slow');
    const quick = lazy.add('quick_', 'quick');
    const handler = lazy.add('handler_', 'handler');
    lazy.serve((cell) => {
      if (cell !== slow.cell) lazy.compile(cell);
    });
    await callAsync('prepare', 'v');
    // Compiled when it was registered, although nothing has called it.
    expect(lazy.requests).toEqual([handler.cell]);
    const call = callAsync('wait_for', '44', 1);
    await until(() => lazy.requests.includes(slow.cell), 'it waits');
    await callAsync('interrupt', 'v');
    await until(() => int('handled') === 42, 'the handler has run');
    expect(lazy.requests).toContain(quick.cell);
    lazy.compile(slow.cell);
    lazy.settled();
    expect(await call).toBe(2);
    expect(addon.engineMutatorsInside(engine)).toBe(0);
  });

  test('sigaction, atexit, qsort and pthread_atfork take functions that are not compiled', async () => {
    const {
      lazy,
      callAsync,
      bind: bound,
      engine,
      int,
    } = make(`
      #include <signal.h>
      #include <stdlib.h>
      #include <pthread.h>
      int (*compare)(const void *, const void *);  void (*action)(int, siginfo_t *, void *);  void (*last)(void);
      void (*before)(void);
      int handled, ended;
      int compare_(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
      void action_(int s, siginfo_t *i, void *c) { handled = s; }
      void last_(void) { ended++; }
      void before_(void) { }
      int sort(void) { int v[] = {5, 3, 9, 1};  qsort(v, 4, sizeof *v, compare);
        return v[0] * 1000 + v[1] * 100 + v[2] * 10 + v[3]; }
      int act(void) {
        struct sigaction a = {0}, none = {0};  a.sa_sigaction = action;  a.sa_flags = SA_SIGINFO;
        sigaction(SIGUSR2, &a, 0);  raise(SIGUSR2);  none.sa_handler = SIG_DFL;  sigaction(SIGUSR2, &none, &a);
        return a.sa_sigaction == action; }
      void later(void) { atexit(last); }
      void forking(void) { pthread_atfork(0, before, 0); }`);
    lazy.add('compare_', 'compare');
    lazy.add('action_', 'action');
    lazy.add('last_', 'last');
    const before = lazy.add('before_', 'before');
    lazy.serve();
    addon.engineOnLazyCall(engine, (cell) => {
      lazy.compile(cell);
    });
    expect(await callAsync('sort', '4')).toBe(1359);
    expect([await callAsync('act', '4'), int('handled')]).toEqual([1, 12]);
    bound('later', 'v')();
    addon.engineRunExitHandlers(engine);
    expect(int('ended')).toBe(1);
    await callAsync('forking', 'v');
    expect(lazy.entries.isEntry(lazy.table.current(before.slot))).toBe(false);
  });

  test('setjmp before, and longjmp out of what was called first', async () => {
    const { lazy, callAsync } = make(`
      #include <setjmp.h>
      jmp_buf place;  int (*leave)(int);
      int leave_(int x) { longjmp(place, x); }
      int call(int x) { int r = setjmp(place);  return r ? r + 100 : leave(x); }`);
    lazy.add('leave_', 'leave');
    lazy.serve();
    expect([await callAsync('call', '44', 5), await callAsync('call', '44', 6)]).toEqual([105, 106]);
  });

  test('a handler may jump out of a wait; when such requests have filled the queue, others wait for room', async () => {
    const {
      engine,
      lazy,
      callAsync,
      bind: bound,
      int,
    } = make(`
      #include <setjmp.h>
      #include <signal.h>
      #include <pthread.h>
      #include <unistd.h>
      sigjmp_buf place;  int (*never)(int), (*later)(int);  volatile int left, waiting;  pthread_t thread;
      int never_(int x) { return 1; }  int later_(int x) { return x + 1; }
      void on(int s) { if (waiting) siglongjmp(place, 1); }
      int flood(int n) {
        signal(SIGUSR2, on);  thread = pthread_self();
        while (left < n) { if (sigsetjmp(place, 1)) { waiting = 0;  left++; } else { waiting = 1;  never(0); } }
        signal(SIGUSR2, SIG_IGN);
        return left; }
      void shake(int n) { while (left < n) { pthread_kill(thread, SIGUSR2);  usleep(20); } }
      int call(int x) { return later(x); }`);
    const never = lazy.add('never_', 'never');
    const later = lazy.add('later_', 'later');
    const flood = callAsync('flood', '44', 1500);
    await pause(20);
    const shake = callAsync('shake', 'v4', 1500);
    expect(await flood).toBe(1500);
    await shake;
    const call = callAsync('call', '44', 1);
    await pause(20);
    expect(int('left')).toBe(1500);
    // The queue holds 1,024; the last one's has not fitted.
    expect(lazy.take()).toEqual(Array.from({ length: 1024 }, () => never.cell));
    await until(() => lazy.take().includes(later.cell), 'it has found room');
    lazy.compile(later.cell);
    lazy.settled();
    expect(await call).toBe(2);
    expect(addon.engineMutatorsInside(engine)).toBe(0);
    addon.engineOnLazyCall(engine, (cell) => {
      lazy.compile(cell);
    });
    lazy.forget(later);
    expect(bound('call', '44')(2)).toBe(3);
  });
});

describe('a waiting thread', () => {
  test('is examined like any other: its arguments are on its stack', async () => {
    const { engine, lazy, callAsync } = make(`
      long (*callee)(void *, double);  long callee_(void *p, double d) { return (long)p; }
      long call(void *p) { return callee(p, 0); }`);
    const callee = lazy.add('callee_', 'callee');
    const { code } = regionsOf(addon, engine);
    const [mine, none] = [code.base + 0x90000n, code.base + 0x91000n];
    const call = callAsync('call', '8p', mine + 8n);
    await until(() => lazy.take().length > 0, 'it asks');
    await pause(5);
    const scan = addon.engineScanStacks(engine, BigUint64Array.of(mine, mine + 64n, none, none + 64n));
    expect([[...scan.held], scan.threads]).toEqual([[1, 0], 1]);
    lazy.compile(callee.cell);
    lazy.settled();
    expect(await call).toBe(mine + 8n);
  });

  test('is told that the engine is disposed, if it was called by JS and nothing else is inside', async () => {
    const { engine, lazy, callAsync } = make(`
      int (*callee)(void);  int callee_(void) { return 1; }
      volatile int leave;  void spin(void) { while (!leave) ; }
      int call(void) { return callee(); }`);
    lazy.add('callee_', 'callee');
    const calls = [1, 2, 3].map(() => callAsync('call', '4'));
    const settled = Promise.allSettled(calls);
    await until(() => lazy.take().length >= 0 && lazy.requests.length === 3, 'they wait');
    const spin = callAsync('spin', 'v');
    expect(() => {
      destroyEngine(addon, engine);
    }).toThrow(/inside/);
    lazy.write('leave', 1n);
    await spin;
    destroyEngine(addon, engine);
    for (const outcome of await settled)
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'ENGINE_DISPOSED' } });
  });
});

describe('a fork', () => {
  const source = `
    #include <exception>
    #include <stdio.h>
    #include <string.h>
    #include <spawn.h>
    #include <unistd.h>
    #include <sys/wait.h>
    extern "C" {
      int (*callee)(int);  int callee_(int x) { return x + 1; }
      int call(int x) { return callee(x); }
      int status_of(int pid) { int s;  waitpid(pid, &s, 0);  return WIFEXITED(s) ? WEXITSTATUS(s) : 1000 + WTERMSIG(s); }
      int in_child(int x) {
        int pid = fork();
        if (pid == 0) {
          try { _exit(callee(x)); }
          catch (const std::exception &e) { _exit(strstr(e.what(), "fork") ? 99 : 98); } }
        return status_of(pid); }
      int uncaught(int x) {
        int pid = fork();
        if (pid == 0) { close(2);  _exit(callee(x)); }
        return status_of(pid); }
      int borrowed(int x) {
        int pid = vfork();
        if (pid == 0) _exit(callee(x));
        return status_of(pid); }
      int spawned() {
        char *arguments[] = {(char *)"true", nullptr};  int pid;
        return posix_spawnp(&pid, "true", 0, 0, arguments, environ) ? -1 : status_of(pid); }
    }`;

  test('asks for all functions first, so that the child has them', async () => {
    const { engine, lazy, callAsync, bind: bound } = make(source, 'c++');
    const callee = lazy.add('callee_', 'callee');
    lazy.serve();
    expect(await callAsync('in_child', '44', 40)).toBe(41);
    expect(lazy.requests).toEqual([0n]);
    expect(await callAsync('in_child', '44', 41)).toBe(42);
    expect(lazy.requests).toEqual([0n]);
    lazy.forget(callee);
    lazy.settled();
    addon.engineOnLazyCall(engine, (cell) => {
      lazy.compile(cell);
      lazy.settled();
    });
    expect(bound('in_child', '44')(42)).toBe(43);
  });

  test('of which control says that it failed gives a child whose lazy calls throw', async () => {
    const { engine, lazy, callAsync } = make(source, 'c++');
    const callee = lazy.add('callee_', 'callee');
    lazy.serve((cell) => {
      addon.engineLazyFailed(engine, cell, 'COMPILE_FAILED', 'not all of them', '');
    });
    expect(await callAsync('in_child', '44', 40)).toBe(99);
    expect(await callAsync('uncaught', '44', 40)).toBe(1006);
    lazy.compile(callee.cell);
    lazy.settled();
    expect(await callAsync('call', '44', 40)).toBe(41);
  });

  test('by vfork asks for nothing: the child finds control; nor does posix_spawn', async () => {
    const { lazy, callAsync } = make(source, 'c++');
    const callee = lazy.add('callee_', 'callee');
    lazy.serve();
    expect(await callAsync('spawned', '4')).toBe(0);
    expect(lazy.requests).toEqual([]);
    expect(await callAsync('borrowed', '44', 6)).toBe(7);
    expect(lazy.requests).toEqual([callee.cell]);
  });

  test('of the host asks for nothing', () => {
    const { lazy } = make(source, 'c++');
    lazy.add('callee_', 'callee');
    expect(spawnSync('true').status).toBe(0);
    expect(lazy.take()).toEqual([]);
  });
});

describe('the end of control', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tierlink-lazy-'));
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  beforeAll(async () => {
    const sources = ['native-program', 'lazy-program'].map((name) => join(import.meta.dirname, `${name}.ts`));
    await bundled(sources, folder);
  });
  const path = addonCandidates().find((candidate) => existsSync(candidate)) ?? '';

  function child(script: string): object {
    const file = join(folder, 'child.mjs');
    writeFileSync(
      file,
      `import { createRequire } from 'node:module';
       import { Worker, isMainThread, parentPort } from 'node:worker_threads';
       import { createEngine, place } from './native-program.mjs';
       import { LazyProgram } from './lazy-program.mjs';
       const addon = createRequire(import.meta.url)(${JSON.stringify(path)});
       const start = () => {
         const engine = createEngine(addon, 1 << 20, 1 << 20, 4 << 20);
         const program = place(addon, engine, 'int (*callee)(void);  int callee_(void) { return 1; }'
           + 'int main(void) { return callee(); }');
         addon.framesRegister(...program.frames);
         const lazy = new LazyProgram(addon, engine, program);
         lazy.add('callee_', 'callee');
         void addon.run(engine, program.slot('main'), []);
         const call = addon.callAsync(engine, program.slot('main'), '4', 'main', []);
         call.catch(() => undefined);
         return { engine, lazy };
       };
       const asked = async (lazy) => {
         while (lazy.take().length >= 0 && lazy.requests.length < 2) await new Promise((r) => setTimeout(r, 1));
       };
       ${script}`,
    );
    return spawnSync(process.execPath, [file], { encoding: 'utf8', timeout: 30_000 });
  }

  test('does not end a process whose program waits: process.exit decides', () => {
    const seen = child(`const { lazy } = start();  await asked(lazy);  process.exit(5);`);
    expect(seen).toMatchObject({ status: 5, signal: null, stderr: '' });
  });

  test('in a worker leaves the process alone, and ends its calls', () => {
    const seen = child(`
      if (isMainThread) {
        const worker = new Worker(new URL(import.meta.url));
        await new Promise((resolve) => worker.once('message', resolve));
        await worker.terminate();
        await new Promise((resolve) => setTimeout(resolve, 50));
        console.log('alive');
        process.exit(0);
      } else {
        const { lazy } = start();
        await asked(lazy);
        parentPort.postMessage('waiting');
      }`);
    expect(seen).toMatchObject({ status: 0, signal: null, stdout: 'alive\n', stderr: '' });
  });
});
