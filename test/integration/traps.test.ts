/** Traps of compiled code that JS called: what they become, and that everything goes on afterwards. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  type ErrorCode,
  type ErrorDetails,
  type Engine,
  type EngineOptions,
  TierlinkError,
} from '../../src/index.js';
import { execute } from '../support/command.js';
import { engineFor } from '../support/engine.js';
import { bitcode, root } from '../support/toolchain.js';

const withCode = (code: ErrorCode, details: object = {}): unknown =>
  expect.objectContaining({ code, details: expect.objectContaining(details) as unknown });
const cxx = ['-x', 'c++', '-std=c++20', '-fexceptions'];
const controls = ['inline', 'worker'] as const;

async function engineWith(source: string | Uint8Array, options: EngineOptions = {}): Promise<Engine> {
  const engine = engineFor(options);
  engine.addModule('m', source);
  await engine.link();
  return engine;
}

function trapOf(call: () => unknown): ErrorDetails<'TRAPPED'> {
  try {
    call();
  } catch (error) {
    if (error instanceof TierlinkError && error.code === 'TRAPPED') {
      return error.details as ErrorDetails<'TRAPPED'>;
    }
    throw error;
  }
  throw new Error('it did not trap');
}

const program = bitcode(`
  #include <string.h>
  typedef int (*function)(int);
  int readAt(const int *p) { return *p; }
  void writeAt(int *p, int x) { *p = x; }
  int divide(int x, int y) { return x / y; }
  int callIt(function f, int x) { return f(x) + 1; }
  int never(int x) { if (x > 2) __builtin_trap(); return x; }
  volatile int limit = -1;
  int deeper(int n) { volatile char frame[600]; frame[n % 600] = 1; if (n == limit) return 0; return deeper(n + 1) + frame[n % 600]; }
  long length(const char *s) { return strlen(s) + 1; }
  void copy(char *to, const char *from, long n) { memmove(to, from, n); }
  int fine(int x) { return x + 1; }`);

const unreachable =
  'define i32 @nowhere(i1 %x) {\n  br i1 %x, label %a, label %b\na:\n  ret i32 1\nb:\n  unreachable\n}\n';

describe.each(controls)('a trap, control %s', (control) => {
  const kinds: [string, unknown[], object][] = [
    ['readAt', [null], { trap: 'null-dereference', signal: 'SIGSEGV', address: 0n }],
    ['readAt', [8n], { trap: 'null-dereference', signal: 'SIGSEGV', address: 8n }],
    ['readAt', [2n ** 46n], { trap: 'invalid-access', signal: 'SIGSEGV', address: 2n ** 46n }],
    ['readAt', [2n ** 63n], { trap: 'invalid-access', signal: 'SIGSEGV', address: undefined }],
    ['writeAt', [null, 1], { trap: 'null-dereference' }],
    ['divide', [1, 0], { trap: 'division', signal: 'SIGFPE' }],
    ['divide', [-(2 ** 31), -1], { trap: 'division', signal: 'SIGFPE' }],
    ['callIt', [null, 1], { trap: 'invalid-call', signal: 'SIGSEGV', address: 0n }],
    ['callIt', [2n ** 46n + 1n, 1], { trap: 'invalid-call' }],
    // Of an address that is none, processors tell before the call or after it.
    ['callIt', [2n ** 60n, 1], { signal: 'SIGSEGV' }],
    ['never', [3], { trap: 'unreachable', signal: 'SIGILL' }],
    ['deeper', [0], { trap: 'stack-overflow', signal: 'SIGSEGV' }],
    ['length', [null], { trap: 'null-dereference' }],
    ['copy', [8n, 4096n, 100n], { trap: 'null-dereference' }],
  ];

  it.each(['baseline', 'peak'])(
    'of each kind names function, module, tier and offset, and the engine goes on, at tier %s',
    async (tier) => {
      const engine = await engineWith(program, { control });
      await engine.recompile('m', tier);
      for (const [symbol, args, details] of kinds) {
        const call = engine.fn(symbol) as (...all: unknown[]) => unknown;
        for (let round = 0; round < 2; round += 1) {
          const seen = trapOf(() => call(...args));
          expect(seen).toMatchObject({ symbol, function: symbol, module: 'm', tier, ...details });
          expect(seen.offset).toBeLessThan(500);
          expect(engine.fn('fine')(1)).toBe(2);
        }
        await expect(engine.fn(symbol).async(...(args as never[]))).rejects.toThrow(
          withCode('TRAPPED', { symbol, function: symbol, ...details }),
        );
      }
      engine.reclaim();
      expect(engine.snapshot().retired).toHaveLength(0);
    },
  );

  it('in a constructor fails the link', async () => {
    const engine = engineFor({ control });
    engine.addModule(
      'm',
      bitcode('__attribute__((constructor)) void begin(void) { *(volatile int *)0 = 1; }'),
    );
    await expect(engine.link()).rejects.toThrow(
      withCode('TRAPPED', { trap: 'null-dereference', module: 'm' }),
    );
    expect(engine.snapshot().wallMs).toBeGreaterThan(0);
  });
});

it.each(['baseline', 'peak'])(
  'a trap names the source line, where debug info has it, at tier %s',
  async (tier) => {
    const source = 'int readAt(const int *p) {\n  int x = 3;\n  return x + *p;\n}';
    const call =
      'typedef int (*function)(int);\nint callIt(function f, int x) {\n  return\n    f(x) +\n 1;\n}';
    const engine = await engineWith(bitcode(source, ['-g']));
    engine.addModule('calls', bitcode(call, ['-g']));
    engine.addModule('plain', bitcode('int plain(int *p) { return *p; }'));
    await engine.link();
    for (const module of ['m', 'calls', 'plain']) await engine.recompile(module, tier);
    const seen = trapOf(() => engine.fn('readAt')(null));
    expect(seen).toMatchObject({
      function: 'readAt',
      line: 3,
      file: expect.stringMatching(/input\.c$/) as string,
    });
    expect(() => engine.fn('readAt')(null)).toThrow(/input\.c:3, module m/);
    expect(trapOf(() => engine.fn('callIt')(null, 1))).toMatchObject({ function: 'callIt', line: 4 });
    expect(trapOf(() => engine.fn('plain')(null))).toMatchObject({ line: undefined, file: undefined });
  },
);

it('unreachable code traps, at every tier that leaves it in', async () => {
  const engine = await engineWith(unreachable);
  expect(() => engine.fn('nowhere')(false)).toThrow(
    withCode('TRAPPED', { trap: 'unreachable', function: 'nowhere', tier: 'baseline' }),
  );
  expect(engine.fn('nowhere')(true)).toBe(1);
});

it('a trap in a function unit names the function that trapped, not the one that was called', async () => {
  const engine = await engineWith(
    bitcode(
      '__attribute__((noinline)) static int inner(int *p) { return *p; } int outer(int *p) { return inner(p) + 1; }',
    ),
    { unit: 'function' },
  );
  const { symbol, function: name } = trapOf(() => engine.fn('outer')(null));
  expect(symbol).toBe('outer');
  expect(name).toMatch(/^inner/);
});

describe('between JS and compiled code', () => {
  const nested = bitcode(
    `extern "C" {
    int host(int);
    int left = 0;
    int outer(int x) { struct Guard { ~Guard() { left++; } } guard; return host(x); }
    int inner(const int *p) { struct Guard { ~Guard() { left += 100; } } guard; return *(const volatile int *)p; }
    int trapWhileCatching(const int *p) { try { throw 1; } catch (int) { return *(const volatile int *)p; } }
    int caught(void) { int seen = 0; try { throw 5; } catch (int x) { seen = x; host(1); try { throw; } catch (int y) { seen += y; } } return seen; }
    int readLeft() { return left; } }`,
    cxx,
  );

  it('it leaves the innermost call, as an error that may go on through the outer one', async () => {
    const engine = engineFor();
    let isHandled = true;
    engine.define('host', 'i32 (i32)', (x: number) => {
      if (!isHandled) return engine.fn('inner')(null);
      expect(() => engine.fn('inner')(null)).toThrow(withCode('TRAPPED'));
      return x;
    });
    engine.addModule('m', nested);
    await engine.link();
    expect(engine.fn('outer')(4)).toBe(4);
    expect(engine.fn('readLeft')()).toBe(1);
    isHandled = false;
    expect(() => engine.fn('outer')(4)).toThrow(withCode('TRAPPED', { symbol: 'inner' }));
    // Destructors of the frames that were unwound have run, those of the frame that trapped have not.
    expect(engine.fn('readLeft')()).toBe(2);
  });

  it('exceptions that were in flight are given up with the frames that had them, and no others', async () => {
    const engine = engineFor();
    engine.define('host', 'i32 (i32)', () => {
      expect(() => engine.fn('trapWhileCatching')(null)).toThrow(withCode('TRAPPED'));
      return 0;
    });
    engine.addModule('m', nested);
    await engine.link();
    expect(() => engine.fn('trapWhileCatching')(null)).toThrow(withCode('TRAPPED'));
    expect(engine.fn('caught')()).toBe(10);
  });

  it('an error of a JS function comes out of frames that have no unwind tables', async () => {
    const engine = engineFor();
    engine.define('host', 'i32 ()', () => {
      throw new RangeError('through');
    });
    engine.addModule(
      'm',
      'declare i32 @host()\ndefine i32 @f() nounwind {\n  %r = call i32 @host()\n  %s = add i32 %r, 1\n  ret i32 %s\n}\n',
    );
    await engine.link();
    for (const tier of ['baseline', 'peak']) {
      await engine.recompile('m', tier);
      expect(() => engine.fn('f')()).toThrow(new RangeError('through'));
      await expect(engine.fn('f').async()).rejects.toThrow(new RangeError('through'));
    }
  });
});

it('floating-point modes and the x87 stack are those of JS after a trap', async () => {
  const engine = await engineWith(
    bitcode(`#include <fenv.h>
      long double many(long double a, const int *p) {
        fesetround(FE_UPWARD);
        __asm__ volatile("fld1; fld1; fld1; fld1; fld1");
        return a + *(const volatile int *)p;
      }
      int f(const int *p) { return many(1, p); }
      double product(double a, double b) { long double x = a; return x * b / 3; }`),
  );
  for (let round = 0; round < 5; round += 1) {
    expect(() => engine.fn('f')(null)).toThrow(withCode('TRAPPED'));
    expect(0.1 + 0.2).toBe(0.30000000000000004);
    expect(engine.fn('product')(6, 2)).toBe(4);
  }
});

describe('what stays as it is', () => {
  it.each(['crash', 'main', 'libc', 'leaf', 'sent', 'own'])('%s', (what) => {
    const { status, signal, stdout } = execute(process.execPath, [
      join(root, 'test/drivers/traps.mjs'),
      what,
    ]);
    const dead = { status: null, signal: 'SIGSEGV', stdout: '' };
    const own = { status: 0, signal: null, stdout: 'the handler of the program\n' };
    expect({ status, signal, stdout }).toEqual(what === 'own' ? own : dead);
  });

  it('WebAssembly traps are errors of JS, and those of compiled code still ours', async () => {
    const engine = await engineWith(program);
    expect(() => engine.fn('readAt')(null)).toThrow(withCode('TRAPPED'));
    // (func (export "f") (param i32) (result i32) local.get 0 i32.load), with one page of memory
    const wasm = Uint8Array.from([
      0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 6, 1, 0x60, 1, 0x7f, 1, 0x7f, 3, 2, 1, 0, 5, 3, 1, 0, 1, 7, 5, 1, 1,
      0x66, 0, 0, 10, 9, 1, 7, 0, 0x20, 0, 0x28, 2, 0, 0x0b,
    ]);
    const load = new WebAssembly.Instance(new WebAssembly.Module(wasm)).exports['f'] as (
      at: number,
    ) => number;
    for (let round = 0; round < 100; round += 1) {
      expect(() => load(1 << 20)).toThrow('memory access out of bounds');
      expect(() => engine.fn('readAt')(null)).toThrow(withCode('TRAPPED'));
    }
    expect(load(4)).toBe(0);
  });

  it('option onTrap refuses what it does not know', () => {
    expect(() => engineFor({ onTrap: 'ignore' as never })).toThrow(
      withCode('OPTION_INVALID', { option: 'onTrap' }),
    );
  });
});
