/** The fast road: straight out of optimised JS into compiled code, and whatever makes a call take another. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addressOf,
  type Callable,
  type CallArgument,
  type Engine,
  type EngineOptions,
} from '../../src/index.js';
import { engineFor } from '../support/engine.js';
import { hotLoop } from '../support/hot.js';
import { bitcode, object, root } from '../support/toolchain.js';

const withCode = (code: string, details: object = {}): unknown =>
  expect.objectContaining({ code, details: expect.objectContaining(details) as unknown });

async function engineWith(source: string, options: EngineOptions = {}): Promise<Engine> {
  const engine = engineFor({ control: 'worker', ...options });
  engine.addModule('m', source.includes('define ') ? { ir: source } : bitcode(source));
  await engine.link();
  return engine;
}

/** Tells the roads apart: each returns to other code. */
const whereSource = 'long where(void) { return (long)__builtin_return_address(0); }';

/** Whether a hot loop calls it without Node-API. */
function isFast(engine: Engine): boolean {
  const where = engine.fn('where', { i64: 'number' });
  const byNodeApi = engine.fn('where', { i64: 'number', road: 'napi' })();
  return hotLoop(where, [])(3) !== byNodeApi;
}

const isKnown = /^(11\.3|12\.4)\..*-node\./.test(process.versions.v8);

describe.runIf(isKnown)('a hot call', () => {
  it('takes the fast road, from the code of any unit, and of functions that are not compiled yet', async () => {
    for (const unit of ['module', 'function'] as const) {
      const engine = await engineWith(`${whereSource} int late(int x) { return x + 1; }`, { unit });
      expect(engine.fn('where').road).toBe('napi');
      expect(engine.fn('where', { i64: 'number' }).road).toBe('fast');
      expect(isFast(engine)).toBe(true);
      expect(hotLoop(engine.fn('late'), [1])(10, 41)).toBe(42);
      expect(engine.snapshot().mutatorsInside).toBe(0);
    }
  });

  it('is the same function each time it is bound, as V8 keeps it', async () => {
    const engine = await engineWith('int f(int x) { return x; }');
    expect(engine.fn('f')).toBe(engine.fn('f'));
    expect(engine.fn('f').name).toBe('f');
    expect(engine.fn('f', { road: 'napi' })).not.toBe(engine.fn('f'));
  });

  it('does not take it on request, with control in line, or where somebody else resolves symbols', async () => {
    const engine = await engineWith(whereSource);
    expect(engine.fn('where', { i64: 'number', road: 'napi' }).road).toBe('napi');
    expect(() => engine.fn('where', { road: 'fast' as never })).toThrow(
      withCode('OPTION_INVALID', { option: 'road' }),
    );
    expect(isFast(await engineWith(whereSource, { libraries: ['libm.so.6'] }))).toBe(false);
    const ofNode = await engineWith(`${whereSource} void napi_create_array(void);
      void (*kept(void))(void) { return napi_create_array; }`);
    expect(isFast(ofNode)).toBe(false);
    expect(isFast(engine)).toBe(true);
    const inline = await engineWith(whereSource, { control: 'inline' });
    expect(isFast(inline)).toBe(false);
    expect(isFast(engine)).toBe(false);
    await inline.dispose();
    expect(isFast(engine)).toBe(true);
  });

  it('makes way for callbacks while there are any that it may come to', async () => {
    const engine = await engineWith(`${whereSource} int apply(int (*f)(int), int x) { return f(x); }
      int later(int x) { return x + 1; }`);
    const apply = engine.fn('apply', { pointers: 'number' });
    const later = engine.fn('later');
    const laterLoop = hotLoop(later, [1]);
    expect([apply.road, later.road]).toEqual(['fast', 'fast']);
    const other = engine.fn('later', { road: 'napi' });
    const twice = engine.callback('i32 (i32)', (x: number) => {
      if (x === 13) throw new RangeError('no');
      return (other(x) as number) + (later(x) as number);
    });
    const loop = hotLoop(apply, [Number(twice.address), 4]);
    // Control has heard of the callback by then.
    engine.snapshot();
    expect([apply.road, later.road]).toEqual(['napi', 'fast']);
    expect(isFast(engine)).toBe(true);
    expect(loop(100, Number(twice.address), 5)).toBe(12);
    expect(laterLoop(100, 5)).toBe(6);
    expect(() => loop(3, Number(twice.address), 13)).toThrow(new RangeError('no'));
    twice.free();
    expect([apply.road, later.road]).toEqual(['fast', 'fast']);
    expect(isFast(engine)).toBe(true);
    expect(() => loop(3, Number(twice.address), 5)).toThrow(withCode('CALLBACK_FAILED'));
    expect(laterLoop(100, 5)).toBe(6);
  });

  it('with too few or too many arguments is ARGUMENT_INVALID', async () => {
    const types = Array.from({ length: 7 }, (_, n) =>
      Array.from({ length: n }, (_none, i) => `int a${String(i)}`),
    );
    const engine = await engineWith(
      types
        .map((list, n) => `int f${String(n)}(${list.join(', ') || 'void'}) { return ${String(n)}; }`)
        .join('\n'),
    );
    for (const n of types.keys()) {
      const f = engine.fn(`f${String(n)}`);
      expect(f.road).toBe('fast');
      const warm = Array.from({ length: n }, (_, i) => i);
      expect(hotLoop(f, warm)(5, ...warm)).toBe(n);
      for (const more of [1, 2, 3]) {
        const many = [...warm, ...Array<number>(more).fill(7)];
        expect(guarded(f, many)(many)).toEqual(
          withCode('ARGUMENT_INVALID', { index: n, found: 'the number 7' }),
        );
      }
      if (n > 0) {
        const few = warm.slice(1);
        expect(guarded(f, few)(few)).toEqual(
          withCode('ARGUMENT_INVALID', { index: n - 1, found: 'missing' }),
        );
      }
    }
  });

  it('that fails is caught by the function that makes it', async () => {
    const engine = await engineWith('int part(int a, int b) { return a / b; }');
    const part = guarded(engine.fn('part'), [6, 3]);
    expect(part([6, 3])).toBe(2);
    expect(part([6, 0])).toEqual(withCode('TRAPPED', { function: 'part' }));
    expect(part([6, 2])).toBe(3);
    expect(part([6, 1.5])).toEqual(withCode('ARGUMENT_INVALID', { index: 1 }));
    expect(part([6, 0])).toEqual(withCode('TRAPPED'));
  });

  it('that traps is TRAPPED once, with its place, and the next one goes on', async () => {
    const engine = await engineWith(`
      int calls; int read(int *p) { calls++; return *p; } int count(void) { return calls; }
      int part(int a, int b) { return a / b; } int stop(void) { __builtin_trap(); }
      long deep(long n) { volatile char room[4096]; room[n & 4095] = 1; return n == 0 ? 0 : deep(n - 1) + room[n & 4095]; }
      unsigned long length(const char *s) { return __builtin_strlen(s); }`);
    const values = Int32Array.of(7);
    const at = Number(addressOf(values));
    const read = hotLoop(engine.fn('read', { pointers: 'number' }), [at]);
    const before = engine.fn('count')() as number;
    expect(() => read(5, 0)).toThrow(
      withCode('TRAPPED', { function: 'read', module: 'm', trap: 'null-dereference' }),
    );
    expect(engine.fn('count')()).toBe(before + 1);
    expect(read(5, at)).toBe(7);
    const part = hotLoop(engine.fn('part'), [6, 3]);
    expect(() => part(5, 6, 0)).toThrow(withCode('TRAPPED', { function: 'part', trap: 'division' }));
    expect(part(5, 6, -3)).toBe(-2);
    const deep = hotLoop(engine.fn('deep', { i64: 'number' }), [3]);
    for (let round = 0; round < 3; round += 1) {
      expect(() => deep(5, 1e7)).toThrow(withCode('TRAPPED', { trap: 'stack-overflow' }));
    }
    expect(deep(2, 3)).toBe(3);
    expect(engine.snapshot().mutatorsInside).toBe(0);
  });

  it('that returns an integer too large for a number is RESULT_INVALID, after one call', async () => {
    const engine = await engineWith(`int calls; int count(void) { return calls; }
      long shift(int n) { calls++; return 1l << n; } char *point(int n) { return (char *)(1ul << n); }`);
    const shift = hotLoop(engine.fn('shift', { i64: 'number' }), [3]);
    const before = engine.fn('count')() as number;
    const found = String(2n ** 53n);
    expect(() => shift(4, 53)).toThrow(withCode('RESULT_INVALID', { symbol: 'shift', found }));
    expect(engine.fn('count')()).toBe(before + 1);
    expect(shift(4, 52)).toBe(2 ** 52);
    const point = hotLoop(engine.fn('point', { pointers: 'number' }), [3]);
    expect(point(4, 47)).toBe(2 ** 47);
    expect(() => point(4, 63)).toThrow(withCode('RESULT_INVALID', { symbol: 'point' }));
  });

  it('passes C++ exceptions, those of removed functions, and of functions that could not be compiled', async () => {
    const engine = engineFor({ control: 'worker', unit: 'function' });
    engine.addModule(
      'm',
      bitcode(
        `#include <stdexcept>
        static int left;
        extern "C" int thrower(int x) { struct Guard { ~Guard() { left++; } } guard; if (x) throw std::runtime_error("no " + std::to_string(x)); return 5; }
        extern "C" int readLeft() { return left; }`,
        ['-x', 'c++', '-std=c++20'],
      ),
    );
    engine.addModule('gone', bitcode('int gone(int x) { return x; }'));
    await engine.link();
    const thrower = hotLoop(engine.fn('thrower'), [0]);
    expect(thrower(9, 0)).toBe(5);
    const before = engine.fn('readLeft')() as number;
    for (let round = 1; round <= 3; round += 1) {
      expect(() => thrower(9, round)).toThrow(
        withCode('EXCEPTION_UNCAUGHT', {
          symbol: 'thrower',
          reason: expect.stringContaining(`no ${String(round)}`) as unknown,
        }),
      );
    }
    expect(engine.fn('readLeft')()).toBe(before + 3);
    const gone = hotLoop(engine.fn('gone'), [1]);
    expect(gone(3, 4)).toBe(4);
    await engine.removeModule('gone');
    expect(() => gone(3, 4)).toThrow(withCode('FUNCTION_REMOVED', { symbol: 'gone' }));
    expect(thrower(9, 0)).toBe(5);
    expect(engine.snapshot().mutatorsInside).toBe(0);
  });

  it('is dead after dispose, and only that of the engine', async () => {
    const source = 'int f(int x) { return x + 1; }';
    const first = await engineWith(source);
    const second = await engineWith(source);
    const one = hotLoop(first.fn('f'), [1]);
    const two = hotLoop(second.fn('f'), [1]);
    await first.dispose();
    expect(() => one(5, 1)).toThrow(withCode('ENGINE_DISPOSED', { operation: 'f' }));
    expect(two(5, 1)).toBe(2);
    const third = await engineWith(source);
    expect(hotLoop(third.fn('f'), [1])(5, 6)).toBe(7);
    expect(() => one(5, 1)).toThrow(withCode('ENGINE_DISPOSED'));
  });

  it('runs the newest version', async () => {
    const engine = await engineWith('int f(int x) { return x + 1; }');
    const loop = hotLoop(engine.fn('f'), [1]);
    expect(loop(5, 1)).toBe(2);
    await engine.replaceModule('m', bitcode('int f(int x) { return x + 2; }'));
    expect(loop(5, 1)).toBe(3);
  });
});

/** Calls within a handler of the very function that V8 inlines the call into; what was caught last. */
function guarded(call: Callable, warm: readonly CallArgument[]): (args: readonly CallArgument[]) => unknown {
  const caught = (...args: CallArgument[]): unknown => {
    try {
      return call(...args);
    } catch (error) {
      return { error };
    }
  };
  const loop = hotLoop(caught, warm);
  return (args) => {
    const result = loop(5, ...args);
    return typeof result === 'object' && result !== null && 'error' in result ? result.error : result;
  };
}

/** How a value of a type is written in C, and values that fit or do not. */
const kinds: Readonly<Record<string, { readonly c: string; readonly values: fc.Arbitrary<CallArgument> }>> = {
  i1: { c: '_Bool', values: fc.constantFrom<CallArgument>(true, false, 0, 1) },
  i8: { c: 'signed char', values: fc.integer({ min: -128, max: 255 }) },
  u16: { c: 'unsigned short', values: fc.integer({ min: -32768, max: 65535 }) },
  i32: { c: 'int', values: fc.integer({ min: -(2 ** 31), max: 2 ** 32 - 1 }) },
  i64: {
    c: 'long',
    values: fc.oneof(fc.maxSafeInteger(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  },
  float: { c: 'float', values: fc.double() },
  double: { c: 'double', values: fc.double() },
};
const wrong = fc.constantFrom<CallArgument>(
  1.5,
  -0,
  256,
  -129,
  65536,
  2 ** 32,
  -(2 ** 31) - 1,
  2 ** 53,
  2 ** 63,
  NaN,
  Infinity,
  'text',
  null,
  2n ** 64n,
);

const mixing = `
  static long bits(double x) { long word; __builtin_memcpy(&word, &x, sizeof word); return word; }
  static long mix(long x, int i) { return (long)((unsigned long)x * (2654435761ul + 2 * i)); }`;

const isFloating = (name: string): boolean => name === 'float' || name === 'double';

/** A function whose result depends on each bit of its arguments, and fits a number. */
function functionText(symbol: string, result: string, parameters: readonly string[]): string {
  const type = (name: string): string => kinds[name]?.c ?? '';
  const list = parameters.map((name, i) => `${type(name)} a${String(i)}`).join(', ') || 'void';
  const parts = parameters.map((name, i) => {
    return `mix(${isFloating(name) ? 'bits' : ''}(a${String(i)}), ${String(i)})`;
  });
  const sum = ['0l', ...parts].join(' ^ ');
  const value = isFloating(result) ? `((${sum}) % 1000003) / 7.0` : `(${sum}) % 4503599627370496`;
  return `${type(result)} ${symbol}(${list}) { return ${value}; }`;
}

describe.runIf(isKnown)('every signature', () => {
  it('gives by the fast road what it gives by Node-API, for whatever it is called with', async () => {
    const names = Object.keys(kinds);
    const signatures = fc.sample(
      fc.tuple(fc.constantFrom(...names), fc.array(fc.constantFrom(...names), { maxLength: 9 })),
      { numRuns: 60, seed: 20 },
    );
    const source = signatures.map(([result, parameters], f) =>
      functionText(`f${String(f)}`, result, parameters),
    );
    const engine = await engineWith([mixing, ...source].join('\n'));
    const roads = new Set<string>();
    for (const [f, [, parameters]] of signatures.entries()) {
      const fast = engine.fn(`f${String(f)}`, { i64: 'number' });
      const slow = engine.fn(`f${String(f)}`, { i64: 'number', road: 'napi' });
      roads.add(fast.road);
      const right = fc.tuple(...parameters.map((name) => kinds[name]?.values ?? fc.constant(0)));
      const warm = fc.sample(right, { numRuns: 1, seed: f })[0] ?? [];
      const any = fc.tuple(
        ...parameters.map((name) =>
          fc.oneof({ weight: 8, arbitrary: kinds[name]?.values ?? wrong }, { weight: 1, arbitrary: wrong }),
        ),
      );
      for (const args of fc.sample(any, { numRuns: 15, seed: f })) {
        const loop = hotLoop(fast, warm);
        expect(outcome(() => loop(2, ...args))).toEqual(outcome(() => slow(...args)));
      }
    }
    expect(roads).toEqual(new Set(['fast', 'napi']));
  });
});

function outcome(call: () => unknown): unknown {
  try {
    return { value: call() };
  } catch (error) {
    const { code, details } = error as { code: string; details: unknown };
    return { code, details };
  }
}

describe.runIf(isKnown)('a function that JS calls', () => {
  const reading = `int apply(int (*f)(int), int x) { return f(x); }
    int size(const char *s) { return (int)__builtin_strlen(s); }
    int grow(int x) { return x + 1; }`;

  it('is bound to the fast road while there are callbacks, if it can’t come to one', async () => {
    const engine = await engineWith(`${whereSource} ${reading}
      int print(int x) { return __builtin_printf("%d", x); }
      extern int (*volatile chosen)(int); int (*volatile chosen)(int) = grow; int choose(int x) { return chosen(x); }
      int over(int x) { return choose(x); } int under(int x) { return grow(x) + size("abc"); }
      __attribute__((noinline)) int round1(int x); int round2(int x) { return x < 0 ? 0 : round1(x - 1); }
      int round1(int x) { return round2(x); }`);
    const callback = engine.callback('i32 (i32)', (x: number) => x);
    const roads = ['apply', 'size', 'grow', 'print', 'choose', 'over', 'under', 'round1'].map(
      (name) => `${name} ${engine.fn(name, { pointers: 'number' }).road}`,
    );
    expect(roads).toEqual([
      'apply napi',
      'size fast',
      'grow fast',
      'print napi',
      'choose napi',
      'over napi',
      'under fast',
      'round1 fast',
    ]);
    expect(isFast(engine)).toBe(true);
    callback.free();
  });

  it('may come to a callback that stands for a function of libc', async () => {
    const engine = engineFor({ control: 'worker' });
    engine.define('tolower', 'i32 (i32)', (x: number) => x + 1);
    engine.addModule(
      'm',
      bitcode('int tolower(int); int low(int x) { return tolower(x); } int plain(int x) { return x; }', [
        '-fno-builtin',
      ]),
    );
    await engine.link();
    const low = engine.fn('low');
    expect(low.road).toBe('napi');
    expect(hotLoop(low, [1])(10, 4)).toBe(5);
  });

  it('of an ELF object may come to any', async () => {
    const engine = engineFor({ control: 'worker' });
    engine.addModule('m', object('int f(int x) { return x; }'));
    await engine.link();
    const f = engine.fn('f', { signature: 'i32 (i32)' });
    expect(f.road).toBe('fast');
    const callback = engine.callback('i32 (i32)', (x: number) => x);
    engine.snapshot();
    expect(f.road).toBe('napi');
    callback.free();
    expect(f.road).toBe('fast');
  });

  it('by a call from within a callback takes the other road, and gives the same', async () => {
    const engine = await engineWith(reading);
    const apply = engine.fn('apply');
    const grow = engine.fn('grow');
    const loop = hotLoop(grow, [1]);
    const callback = engine.callback('i32 (i32)', (x: number) => loop(10, x));
    for (let round = 0; round < 3; round += 1) {
      expect(apply(callback.address, 4)).toBe(5);
      expect(loop(10, 6)).toBe(7);
    }
    expect(engine.snapshot().mutatorsInside).toBe(0);
  });
});

describe.runIf(isKnown)('a worker', () => {
  it('that is inside a fast call when that comes to call back gets CALLBACK_FAILED, and the other road', () => {
    const printed = execFileSync(process.execPath, [join(root, 'test/drivers/fast-change.mjs')], {
      encoding: 'utf8',
      timeout: 120_000,
    });
    expect(JSON.parse(printed)).toEqual({
      road: 'fast',
      code: 'CALLBACK_FAILED',
      later: 'napi',
      result: 3,
      calls: 3,
    });
  });

  it('takes the fast road on its own, until it detaches or ends', () => {
    const printed = execFileSync(process.execPath, [join(root, 'test/drivers/fast-worker.mjs')], {
      encoding: 'utf8',
      timeout: 120_000,
    });
    expect(JSON.parse(printed)).toEqual(
      Array.from({ length: 3 }, () => ({ road: 'fast', result: 42, after: 'ENGINE_DISPOSED' })),
    );
  });
});
