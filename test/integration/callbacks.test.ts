/** JS functions that compiled code calls: as symbols and function pointers, from any thread, and what they throw. */
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type ErrorCode, type Engine, type EngineOptions, TierlinkError } from '../../src/index.js';
import { execute } from '../support/command.js';
import { engineFor, pause } from '../support/engine.js';
import { bitcode, root } from '../support/toolchain.js';

const withCode = (code: ErrorCode, details: object = {}): unknown =>
  expect.objectContaining({ code, details: expect.objectContaining(details) as unknown });
const cxx = ['-x', 'c++', '-std=c++20', '-fexceptions'];
const controls = ['inline', 'worker'] as const;

async function engineWith(
  modules: Readonly<Record<string, string | Uint8Array>>,
  prepare: (engine: Engine) => void = () => undefined,
  options: EngineOptions = {},
): Promise<Engine> {
  const engine = engineFor(options);
  prepare(engine);
  for (const [name, source] of Object.entries(modules)) engine.addModule(name, source);
  await engine.link();
  return engine;
}

/** Calls the function pointer that it is given. */
const caller = bitcode('int call(int (*f)(int), int x) { return f(x) + 1; }');

describe.each(controls)('a JS function, control %s', (control) => {
  it('is called under the name that it was defined by, at every tier', async () => {
    const seen: number[] = [];
    const engine = await engineWith(
      { m: bitcode('int host(int); int twice(int x) { return host(host(x)); }') },
      (made) => {
        made.define('host', 'i32 (i32)', (x: number) => {
          seen.push(x);
          return x * 3;
        });
      },
      { control, linkage: 'direct' },
    );
    expect(engine.fn('twice')(2)).toBe(18);
    for (const tier of ['quick', 'optimized', 'peak']) {
      await engine.recompile('m', tier);
      expect(engine.fn('twice')(1)).toBe(9);
    }
    expect(seen).toEqual([2, 6, 1, 3, 1, 3, 1, 3]);
  });

  it("is qsort's comparator, which calls compiled code again", async () => {
    const engine = await engineWith(
      {
        m: bitcode(`#include <stdlib.h>
          void sort(double *all, long n, int (*order)(const void *, const void *)) { qsort(all, n, sizeof *all, order); }
          double at(const double *p) { return *p; }`),
      },
      undefined,
      { control },
    );
    const at = engine.fn('at');
    const order = engine.callback('i32 (ptr, ptr)', (a: bigint, b: bigint) =>
      Math.sign(Number(at(a)) - Number(at(b))),
    );
    const numbers = Float64Array.from({ length: 500 }, (_, i) => Math.sin(i) * 1000);
    const expected = Float64Array.from(numbers).sort();
    engine.fn('sort')(numbers, numbers.length, order.address);
    expect(numbers).toEqual(expected);
  });

  it('is called by a thread of fn.async, by threads of the program and by its main, on its own thread', async () => {
    const engine = await engineWith(
      {
        m: bitcode(`#include <pthread.h>
          int host(int);
          static void *body(void *x) { long sum = 0; for (int i = 0; i < 50; i++) sum += host((long)x); return (void *)sum; }
          long all(void) {
            pthread_t threads[4]; long sum = 0;
            for (long i = 0; i < 4; i++) pthread_create(&threads[i], 0, body, (void *)(i + 1));
            for (int i = 0; i < 4; i++) { void *part; pthread_join(threads[i], &part); sum += (long)part; }
            return sum;
          }
          int main(void) { return all() == 1000 && host(5) == 10; }`),
      },
      (made) => {
        made.define('host', 'i32 (i32)', (x: number) => x * 2);
      },
      { control },
    );
    expect(await Promise.all([engine.fn('all').async(), engine.fn('all').async()])).toEqual([1000n, 1000n]);
    expect(await engine.run('main')).toEqual({ how: 'return', status: 1 });
  });

  it('that throws gives JS its error back, past C++ frames whose destructors run, and one that catches it', async () => {
    const engine = await engineWith(
      {
        m: bitcode(
          `#include <exception>
          #include <cstring>
          extern "C" { int host(int); extern int left; int left = 0;
          int guarded(int x) { struct Guard { ~Guard() { left++; } } guard; return host(x); }
          int caught(int x) { try { return host(x); } catch (const std::exception &e) { return strlen(e.what()); } }
          int readLeft() { return left; } }`,
          cxx,
        ),
      },
      (made) => {
        made.define('host', 'i32 (i32)', (x: number) => {
          if (x > 0) throw new RangeError(`no ${String(x)}`);
          throw x; // eslint-disable-line @typescript-eslint/only-throw-error
        });
      },
      { control },
    );
    const guarded = engine.fn('guarded');
    expect(() => guarded(7)).toThrow(new RangeError('no 7'));
    expect(() => guarded(7)).toThrow(RangeError);
    expect(engine.fn('readLeft')()).toBe(2);
    await expect(guarded.async(8)).rejects.toThrow(new RangeError('no 8'));
    await expect(guarded.async(0)).rejects.toBe(0);
    expect(engine.fn('readLeft')()).toBe(4);
    expect(engine.fn('caught')(9)).toBeGreaterThan(0);
    expect(guarded.symbol).toBe('guarded');
  });

  it('nests with compiled code as deep as one likes, and an error from the innermost comes out at each', async () => {
    const engine = await engineWith({ m: caller }, undefined, { control });
    const call = engine.fn('call');
    let errors = 0;
    const down = engine.callback('i32 (i32)', (x: number): number => {
      if (x === 0) return 0;
      if (x === -50) throw new Error('the bottom');
      try {
        return Number(call(down.address, x > 0 ? x - 1 : x - 1));
      } catch (error) {
        errors += 1;
        throw error;
      }
    });
    expect(call(down.address, 100)).toBe(101);
    expect(() => call(down.address, -1)).toThrow('the bottom');
    expect(errors).toBe(49);
    expect(call(down.address, 3)).toBe(4);
  });

  it('is called by a constructor while JS waits for control', async () => {
    const engine = engineFor({ control });
    const seen: number[] = [];
    engine.define('host', 'void (i32)', (x: number) => seen.push(x));
    engine.addModule(
      'm',
      bitcode('void host(int); __attribute__((constructor)) void begin(void) { host(5); }'),
    );
    const linked = engine.link();
    while (seen.length === 0) {
      engine.snapshot();
      await pause(1);
    }
    await linked;
    expect(seen).toEqual([5]);
  });

  it('that replaces code and reclaims it leaves what is on the stack alone (I5)', async () => {
    const engine = await engineWith(
      { m: bitcode('int host(int); int f(int x) { return host(x) + x; }') },
      (made) => {
        made.define('host', 'i32 (i32)', (x: number) => {
          if (x > 0) engine.move('m');
          engine.reclaim();
          return engine.snapshot().retired.length;
        });
      },
      { control },
    );
    const f = engine.fn('f');
    // The version that calls is retired, and held by the stack of its own call.
    expect(f(1)).toBe(2);
    engine.reclaim();
    expect(engine.snapshot().retired).toHaveLength(0);
    expect(f(0)).toBe(0);
  });
});

describe('values', () => {
  it('of all types reach JS, from registers and from the stack', async () => {
    const seen: unknown[][] = [];
    const engine = await engineWith(
      {
        m: `
declare double @host(i1, i8, i16, i32, i64, ptr, float, double, i64, i32, double, double, double, double, double, double, double, i8)
define double @f(ptr %p) {
  %r = call double @host(i1 true, i8 -3, i16 -300, i32 -70000, i64 -5000000000, ptr %p, float 1.5, double 2.5, i64 7, i32 8, double 3.0, double 4.0, double 5.0, double 6.0, double 7.0, double 8.0, double 9.0, i8 200)
  ret double %r
}
`,
      },
      (made) => {
        const type =
          'double (i1, i8, i16, i32, i64, ptr, float, double, i64, i32, double, double, double, double, double, double, double, i8)';
        made.define('host', type, (...args: unknown[]) => {
          seen.push(args);
          return 0.5;
        });
      },
    );
    expect(engine.fn('f')(4096n)).toBe(0.5);
    expect(seen).toEqual([
      [true, -3, -300, -70000, -5000000000n, 4096n, 1.5, 2.5, 7n, 8, 3, 4, 5, 6, 7, 8, 9, -56],
    ]);
  });

  const results: [string, unknown, unknown][] = [
    ['i1', true, true],
    ['i8', -5, -5],
    ['i16', 40000, -25536],
    ['i32', 2 ** 31, -(2 ** 31)],
    ['i64', 12n, 12n],
    ['ptr', null, 0n],
    ['float', 0.1, Math.fround(0.1)],
    ['double', 0.1, 0.1],
    ['void', 'whatever', undefined],
  ];
  it.each(results)('of type %s come back', async (type, given, received) => {
    const body = type === 'void' ? '' : '%r = ';
    const result = type === 'void' ? 'ret void' : `ret ${type} %r`;
    const engine = await engineWith(
      {
        m: `declare ${type} @host()\ndefine ${type} @f() {\n  ${body}call ${type} @host()\n  ${result}\n}\n`,
      },
      (made) => {
        made.define('host', `${type} ()`, () => given);
      },
    );
    expect(engine.fn('f')()).toBe(received);
  });

  it.each([
    ['i32', 1.5, 'the number 1.5'],
    ['i32', undefined, 'undefined'],
    ['i64', 'seven', 'a string'],
    ['ptr', new Uint8Array(8), 'an object'],
    ['i1', 2, 'the number 2'],
  ])('that do not fit %s are RESULT_INVALID', async (type, given, found) => {
    const engine = await engineWith(
      {
        m: `declare ${type} @host()\ndefine ${type} @f() {\n  %r = call ${type} @host()\n  ret ${type} %r\n}\n`,
      },
      (made) => {
        made.define('host', `${type} ()`, () => given);
      },
    );
    expect(() => engine.fn('f')()).toThrow(withCode('RESULT_INVALID', { symbol: 'host', found }));
  });

  it('keep the modes of floating-point arithmetic apart', async () => {
    const engine = await engineWith(
      {
        m: bitcode(`#include <fenv.h>
          double host(void);
          int f(void) { fesetround(FE_UPWARD); host(); int mode = fegetround() == FE_UPWARD; fesetround(FE_TONEAREST); return mode; }`),
      },
      (made) => {
        made.define('host', 'double ()', () => {
          expect(0.1 + 0.2).toBe(0.30000000000000004);
          expect(1 + Number.EPSILON / 4).toBe(1);
          return 0;
        });
      },
    );
    expect(engine.fn('f')()).toBe(1);
  });
});

describe('refused', () => {
  it.each([
    ['i32 (i32, ...)', 'SIGNATURE_UNSUPPORTED'],
    ['i32', 'SIGNATURE_UNSUPPORTED'],
    ['i128 ()', 'SIGNATURE_UNSUPPORTED'],
  ] as const)('%s is %s', (type, code) => {
    const engine = engineFor();
    expect(() => engine.callback(type, () => 0)).toThrow(withCode(code));
    expect(() => engine.define('f', type, () => 0)).toThrow(withCode(code));
  });

  it('a name that is taken is SYMBOL_DUPLICATE', async () => {
    const engine = await engineWith({ m: caller });
    expect(() => engine.define('call', 'i32 ()', () => 0)).toThrow(
      withCode('SYMBOL_DUPLICATE', { symbol: 'call', other: 'm' }),
    );
    engine.define('mine', 'i32 ()', () => 0);
    expect(() => engine.define('mine', 'i32 ()', () => 0)).toThrow(withCode('SYMBOL_DUPLICATE'));
  });

  it('a name that is used with other registers is SYMBOL_TYPE_MISMATCH', async () => {
    const engine = engineFor();
    engine.define('host', 'i32 (double)', () => 0);
    engine.addModule('m', bitcode('int host(int); int f(void) { return host(1); }'));
    await expect(engine.link()).rejects.toThrow(withCode('SYMBOL_TYPE_MISMATCH', { symbol: 'host' }));
  });

  it('what a module defines goes before, and a name may be defined after a link that missed it', async () => {
    const engine = engineFor();
    engine.addModule('m', bitcode('int host(int); int f(void) { return host(1); }'));
    await expect(engine.link()).rejects.toThrow(withCode('SYMBOL_UNRESOLVED'));
    engine.define('host', 'i32 (i32)', () => 41);
    await engine.link();
    expect(engine.fn('f')()).toBe(41);
  });
});

describe('ends', () => {
  it('a call of one that was freed is CALLBACK_FAILED, also while it runs', async () => {
    const engine = await engineWith({ m: caller });
    const call = engine.fn('call');
    const callback = engine.callback('i32 (i32)', (x: number) => {
      callback.free();
      return x;
    });
    expect(call(callback.address, 4)).toBe(5);
    callback.free();
    expect(() => call(callback.address, 4)).toThrow(withCode('CALLBACK_FAILED', { reason: 'it was freed' }));
    await expect(call.async(callback.address, 4)).rejects.toThrow(withCode('CALLBACK_FAILED'));
  });

  it('with its engine', async () => {
    const other = engineFor();
    const callback = other.callback('i32 (i32)', (x: number) => x);
    const engine = await engineWith({ m: caller });
    expect(engine.fn('call')(callback.address, 4)).toBe(5);
    await other.dispose();
    expect(() => engine.fn('call')(callback.address, 4)).toThrow(withCode('CALLBACK_FAILED'));
    expect(() => other.callback('i32 ()', () => 0)).toThrow(withCode('ENGINE_DISPOSED'));
    expect(() => other.define('f', 'i32 ()', () => 0)).toThrow(withCode('ENGINE_DISPOSED'));
  });

  it('with its thread of JS, which other threads call until then', async () => {
    const engine = await engineWith({ m: caller }, undefined, { control: 'worker' });
    const handle = engine.handle();
    const worker = new Worker(join(root, 'test/drivers/callback-worker.mjs'), {
      workerData: { handle },
      transferList: [handle.port],
      execArgv: [],
    });
    onTestFinished(async () => {
      await worker.terminate();
    });
    const address = await new Promise<bigint>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    const call = engine.fn('call');
    // This thread waits; that one answers.
    expect(Array.from({ length: 20 }, (_, i) => call(address, i))).toEqual(
      Array.from({ length: 20 }, (_, i) => i + 101),
    );
    expect(() => call(address, -1)).toThrow(
      withCode('CALLBACK_FAILED', { callback: 'answer', reason: 'it threw: not that one' }),
    );
    // It is inside the callback, waiting for ever, when it is terminated.
    const pending = expect(call.async(address, 1000)).rejects.toThrow(withCode('CALLBACK_FAILED'));
    await new Promise((resolve) => worker.once('message', resolve));
    await worker.terminate();
    await pending;
    expect(() => call(address, 1)).toThrow(withCode('CALLBACK_FAILED'));
  });

  it('the process, when it calls process.exit in the middle of compiled code', () => {
    const { status, stdout, stderr } = execute(process.execPath, [
      join(root, 'test/drivers/callback-exit.mjs'),
    ]);
    expect({ status, stdout, stderr }).toEqual({ status: 3, stdout: 'called\nexit\n', stderr: '' });
  });

  it('in the child of a fork, which has no JS', async () => {
    const engine = await engineWith(
      {
        m: bitcode(
          `#include <unistd.h>
          #include <sys/wait.h>
          extern "C" { int host(int);
          int forks(void) {
            pid_t child = fork();
            if (child == 0) { try { host(1); } catch (...) { _exit(7); } _exit(1); }
            int status = 0; waitpid(child, &status, 0); return WEXITSTATUS(status);
          } }`,
          cxx,
        ),
      },
      (made) => {
        made.define('host', 'i32 (i32)', () => 0);
      },
    );
    expect(engine.fn('forks')()).toBe(7);
  });
});

it('an error that a JS function throws is what it threw, also if it looks like one of ours', async () => {
  const engine = await engineWith({ m: caller });
  const thrown = new TierlinkError('ENGINE_DISPOSED', { operation: 'mine' });
  const callback = engine.callback('i32 (i32)', () => {
    throw thrown;
  });
  let caught: unknown;
  try {
    engine.fn('call')(callback.address, 1);
  } catch (error) {
    caught = error;
  }
  expect(caught).toBe(thrown);
});
