import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createEngine, type ErrorCode, type FailedEvent } from '../../src/index.js';
import { loadFrom } from '../../src/native/loader.js';
import { engineFor, pause } from '../support/engine.js';
import { bitcode, object } from '../support/toolchain.js';

const withCode = (code: ErrorCode, details: object = {}): unknown =>
  expect.objectContaining({ code, details: expect.objectContaining(details) as unknown });

const good = 'define i32 @good() {\n  ret i32 1\n}\n';

describe('addModule refuses, and the engine is as it was before (I8)', () => {
  const cases: [ErrorCode, () => string | Uint8Array, object][] = [
    ['BITCODE_INVALID', () => bitcode('int f(void) { return 1; }').subarray(0, 400), { module: 'bad' }],
    ['IR_INVALID', () => 'define i32 @f( {\n}\n', { module: 'bad' }],
    [
      'IR_UNVERIFIED',
      () =>
        'define i32 @f(i32 %x) {\na:\n  br label %c\nb:\n  %y = add i32 %x, 1\n  br label %c\nc:\n  ret i32 %y\n}\n',
      { module: 'bad' },
    ],
    ['TARGET_MISMATCH', () => `target triple = "aarch64-unknown-linux-gnu"\n${good}`, { module: 'bad' }],
    ['TARGET_MISMATCH', () => `target datalayout = "e-m:e-p:32:32"\n${good}`, { module: 'bad' }],
    ['FORMAT_UNKNOWN', () => new Uint8Array([1, 2, 3, 4]), { module: 'bad' }],
    ['INPUT_UNREADABLE', () => '/no/such/file.bc', { module: 'bad', path: '/no/such/file.bc' }],
    ['OBJECT_INVALID', () => object('int f(void) { return 1; }').subarray(0, 300), { module: 'bad' }],
    ['TARGET_MISMATCH', () => object('int f(void) { return 1; }', ['--target=aarch64-linux-gnu']), {}],
    [
      'ARCHIVE_INVALID',
      () => new Uint8Array(Buffer.from('!<arch>\nnonsense that is no member header at all, but long enough')),
      {},
    ],
    [
      'SYMBOL_DUPLICATE',
      () => 'define i32 @kept() {\n  ret i32 2\n}\n',
      { module: 'bad', symbol: 'kept', other: 'first' },
    ],
    [
      'SYMBOL_TYPE_MISMATCH',
      () => '@kept = weak global i32 2\n\n',
      { module: 'bad', symbol: 'kept', other: 'first' },
    ],
  ];

  it.each(cases)('%s', async (code, source, details) => {
    const engine = engineFor();
    engine.addModule('first', 'define i32 @kept() {\n  ret i32 1\n}\n');
    const before = engine.snapshot();
    expect(() => {
      engine.addModule('bad', source());
    }).toThrow(withCode(code, details));
    expect({ ...engine.snapshot(), wallMs: 0 }).toEqual({ ...before, wallMs: 0 });
    engine.addModule('bad', good);
    await engine.link();
    expect([engine.fn('kept')(), engine.fn('good')()]).toEqual([1, 1]);
  });

  it("IR_UNSUPPORTED: an appending variable that is none of LLVM's", () => {
    const engine = engineFor();
    expect(() => {
      engine.addModule('bad', '@list = appending global [1 x i32] [i32 1]\n\n');
    }).toThrow(withCode('IR_UNSUPPORTED', { module: 'bad', symbol: 'list' }));
  });

  it('MODULE_DUPLICATE: a name that is taken', () => {
    const engine = engineFor();
    engine.addModule('first', good);
    expect(() => {
      engine.addModule('first', 'declare void @f()\n');
    }).toThrow(withCode('MODULE_DUPLICATE', { module: 'first' }));
  });

  it('OBJECT_UNSUPPORTED: an executable', () => {
    expect(() => {
      engineFor().addModule('exe', { path: process.execPath });
    }).toThrow(withCode('OBJECT_UNSUPPORTED', { module: 'exe' }));
  });
});

describe('link refuses, and nothing is linked (I8)', () => {
  it('SYMBOL_UNRESOLVED names all symbols and what was searched', async () => {
    const engine = engineFor();
    engine.addModule(
      'a',
      bitcode('int nowhere1(void); extern int nowhere2; int f(void) { return nowhere1() + nowhere2; }'),
    );
    engine.addModule('b', good);
    await expect(engine.link()).rejects.toThrow(
      withCode('SYMBOL_UNRESOLVED', {
        module: 'a',
        symbols: expect.arrayContaining(['nowhere1', 'nowhere2']) as unknown,
      }),
    );
    expect(engine.snapshot().modules.map((module) => module.stage)).toEqual(['declared', 'declared']);
    expect(() => engine.fn('good')).toThrow(withCode('NOT_LINKED', { module: 'b' }));
    engine.addModule('c', bitcode('int nowhere1(void) { return 40; } int nowhere2 = 2;'));
    await engine.link();
    expect(engine.fn('f')()).toBe(42);
  });

  it('SYMBOL_TYPE_MISMATCH: a function used with other registers than it is defined with', async () => {
    const engine = engineFor();
    engine.addModule('a', bitcode('int f(double); int g(void) { return f(1.5); }'));
    engine.addModule('b', bitcode('int f(int x, int y) { return x + y; }'));
    await expect(engine.link()).rejects.toThrow(
      withCode('SYMBOL_TYPE_MISMATCH', { module: 'a', symbol: 'f', other: 'b' }),
    );
  });

  it('COMPILE_FAILED: inline assembly that does not assemble', async () => {
    const engine = engineFor();
    engine.addModule(
      'a',
      'define void @f() {\n  call void asm sideeffect "no_such_instruction", ""()\n  ret void\n}\n',
    );
    await expect(engine.link()).rejects.toThrow(
      withCode('COMPILE_FAILED', { module: 'a', tier: 'baseline' }),
    );
  });

  it('COMPILE_CRASHED: LLVM can not select an instruction; process, engine and compile thread live on', async () => {
    const engine = engineFor();
    engine.addModule('good', good);
    await engine.link();
    engine.addModule(
      'a',
      'declare i32 @llvm.aarch64.crc32b(i32, i32)\ndefine i32 @f(i32 %x) {\n  %y = call i32 @llvm.aarch64.crc32b(i32 %x, i32 %x)\n  ret i32 %y\n}\n',
    );
    await expect(engine.link()).rejects.toThrow(
      withCode('COMPILE_CRASHED', { module: 'a', tier: 'baseline' }),
    );
    await engine.recompile('good', 'peak');
    expect(engine.fn('good')()).toBe(1);
  });

  it('RELOCATION_UNSUPPORTED: an object with a local-exec thread-local', async () => {
    const engine = engineFor();
    engine.addModule(
      'a',
      object('static _Thread_local int t; int f(void) { return ++t; }', [
        '-ftls-model=local-exec',
        '-fno-PIC',
        '-fPIE',
      ]),
    );
    await expect(engine.link()).rejects.toThrow(withCode('RELOCATION_UNSUPPORTED', { module: 'a' }));
  });

  it('RELOCATION_OVERFLOW: a 32-bit address of a variable, which lies above 4 GiB', async () => {
    const engine = engineFor();
    engine.addModule(
      'a',
      object('int cell; void *f(void) { return &cell; }', ['-fno-pic', '-mcmodel=small']),
    );
    await expect(engine.link()).rejects.toThrow(
      withCode('RELOCATION_OVERFLOW', { module: 'a', symbol: 'cell' }),
    );
  });
});

describe('the rest', () => {
  it('OPTION_INVALID and TIER_UNKNOWN: options', () => {
    const make = (options: object) => () => createEngine(options);
    expect(make({ linkage: 'straight' })).toThrow(
      withCode('OPTION_INVALID', { option: 'linkage', value: 'straight' }),
    );
    expect(make({ unit: 'file' })).toThrow(withCode('OPTION_INVALID', { option: 'unit' }));
    expect(make({ bodies: 'never' })).toThrow(withCode('OPTION_INVALID', { option: 'bodies' }));
    expect(make({ control: 'thread' })).toThrow(withCode('OPTION_INVALID', { option: 'control' }));
    expect(make({ policy: 'nobody' })).toThrow(withCode('OPTION_INVALID', { option: 'policy' }));
    expect(make({ thresholds: { quik: 5 } })).toThrow(withCode('OPTION_INVALID', { option: 'thresholds' }));
    expect(make({ policy: 'never', thresholds: { quick: 5 } })).toThrow(withCode('OPTION_INVALID'));
    expect(make({ penalty: { baseMs: NaN, limit: 3 } })).toThrow(
      withCode('OPTION_INVALID', { option: 'penalty.baseMs' }),
    );
    expect(make({ penalty: { baseMs: 1, limit: 0 } })).toThrow(
      withCode('OPTION_INVALID', { option: 'penalty.limit' }),
    );
    expect(make({ compileThreads: 0 })).toThrow(withCode('OPTION_INVALID', { option: 'compileThreads' }));
    expect(make({ memory: { codeBytes: 1 } })).toThrow(
      withCode('OPTION_INVALID', { option: 'memory.codeBytes' }),
    );
    expect(make({ tiers: ['fast'] })).toThrow(withCode('TIER_UNKNOWN', { tier: 'fast' }));
  });

  it.each([2, 0, '1', undefined])('API_VERSION_MISMATCH: a frame registrar of version %s', (apiVersion) => {
    const nothing = (): void => undefined;
    const frameRegistrar = { register: nothing, deregister: nothing, destroy: nothing, apiVersion };
    expect(() => createEngine({ parts: { frameRegistrar: frameRegistrar as never } })).toThrow(
      withCode('API_VERSION_MISMATCH', {
        interface: 'FrameRegistrar',
        found: String(apiVersion),
        expected: 1,
      }),
    );
  });

  it('MEMORY_EXHAUSTED: regions of more than 1 GiB together', () => {
    const memory = { codeBytes: 2 ** 30, readonlyBytes: 2 ** 30, dataBytes: 2 ** 30 };
    expect(() => createEngine({ memory })).toThrow(withCode('MEMORY_EXHAUSTED'));
  });

  it('LIBRARY_UNLOADABLE: a shared library that is not there', () => {
    expect(() => createEngine({ libraries: ['libnowhere.so.9'] })).toThrow(
      withCode('LIBRARY_UNLOADABLE', { library: 'libnowhere.so.9' }),
    );
  });

  it('MODULE_UNKNOWN, TIER_UNKNOWN, NOT_LINKED and UNIT_PINNED: recompile', async () => {
    const engine = engineFor();
    engine.addModule('ir', good);
    engine.addModule('object', object('int f(void) { return 1; }'));
    await expect(engine.recompile('nobody', 'peak')).rejects.toThrow(
      withCode('MODULE_UNKNOWN', { module: 'nobody' }),
    );
    await expect(engine.recompile('ir', 'best')).rejects.toThrow(withCode('TIER_UNKNOWN', { tier: 'best' }));
    await expect(engine.recompile('ir', 'peak')).rejects.toThrow(withCode('NOT_LINKED', { module: 'ir' }));
    await expect(engine.recompile('object', 'peak')).rejects.toThrow(
      withCode('UNIT_PINNED', { module: 'object' }),
    );
  });

  it('SYMBOL_UNKNOWN, SIGNATURE_UNSUPPORTED and ARGUMENT_INVALID: fn', async () => {
    const engine = engineFor();
    engine.addModule(
      'a',
      bitcode(
        'struct big { long a[4]; }; struct big s(void) { struct big b = {{1}}; return b; } int v(int n, ...) { return n; } int one(int x) { return x; }',
      ),
    );
    await engine.link();
    expect(() => engine.fn('nobody')).toThrow(withCode('SYMBOL_UNKNOWN', { symbol: 'nobody' }));
    expect(() => engine.fn('s')).toThrow(withCode('SIGNATURE_UNSUPPORTED', { symbol: 's' }));
    expect(() => engine.fn('v')).toThrow(withCode('SIGNATURE_UNSUPPORTED', { symbol: 'v' }));
    const one = engine.fn('one');
    for (const args of [['1'], [1.5], [2 ** 40], [], [1, 2], [undefined]]) {
      expect(() => one(...(args as never[]))).toThrow(withCode('ARGUMENT_INVALID', { symbol: 'one' }));
    }
    await expect(one.async('1')).rejects.toThrow(withCode('ARGUMENT_INVALID', { symbol: 'one' }));
  });

  it('EXCEPTION_UNCAUGHT and CALL_UNFINISHED: calls that do not return', async () => {
    const engine = engineFor();
    // What clang makes of `throw 1`, by the functions of the C++ runtime.
    const thrower = `
      extern void *__cxa_allocate_exception(unsigned long); extern void __cxa_throw(void *, void *, void *); extern void *_ZTIi;
      int thrower(void) { int *e = __cxa_allocate_exception(4); *e = 1; __cxa_throw(e, &_ZTIi, 0); return 0; }
      extern void pthread_exit(void *); int leaver(void) { pthread_exit(0); return 0; }`;
    engine.addModule('a', bitcode(thrower, ['-fexceptions']));
    await engine.link();
    expect(() => engine.fn('thrower')()).toThrow(withCode('EXCEPTION_UNCAUGHT', { symbol: 'thrower' }));
    await expect(engine.fn('leaver').async()).rejects.toThrow(
      withCode('CALL_UNFINISHED', { symbol: 'leaver' }),
    );
    expect(engine.snapshot().mutatorsInside).toBe(0);
  });

  it('ENGINE_BUSY and ENGINE_DISPOSED: dispose', async () => {
    const engine = createEngine({ policy: 'never' });
    engine.addModule('a', bitcode('int spin(volatile int *go) { while (*go) ; return 7; }'));
    await engine.link();
    const spin = engine.fn('spin');
    const go = new Int32Array([1]);
    const running = spin.async(go);
    await pause(10);
    await expect(engine.dispose()).rejects.toThrow(withCode('ENGINE_BUSY', { operation: 'dispose' }));
    go[0] = 0;
    expect(await running).toBe(7);
    await engine.dispose();
    await engine.dispose();
    expect(() => spin(go)).toThrow(withCode('ENGINE_DISPOSED'));
    expect(() => {
      engine.addModule('b', good);
    }).toThrow(withCode('ENGINE_DISPOSED', { operation: 'addModule' }));
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('no idea');
      },
    ],
    ['names no tier', () => ({ kind: 'promote', target: 9, reason: 'why not', mode: 'background' }) as const],
  ])(
    'POLICY_FAILED: a policy that %s is an event, and the module stays at its tier',
    async (_what, decide) => {
      const failures: FailedEvent[] = [];
      const engine = engineFor({ policy: { name: 'odd', firstRequest: () => 5, decide } });
      engine.on('failed', (event) => failures.push(event));
      engine.addModule('a', good);
      await engine.link();
      const call = engine.fn('good');
      for (let i = 0; i < 20; i += 1) call();
      for (let round = 0; round < 100 && failures.length === 0; round += 1) await pause(5);
      expect(failures).toMatchObject([{ module: 'a', retry: 'none', error: { code: 'POLICY_FAILED' } }]);
      expect(call()).toBe(1);
      await engine.recompile('a', 'peak');
      expect(engine.snapshot().versionsByTier).toEqual({ peak: 1 });
    },
  );

  it('dispose during link ends both', async () => {
    // A worker may be done with linking before it is asked to dispose.
    const engine = createEngine({ control: 'inline', unit: 'module' });
    engine.addModule('a', good);
    const linking = engine.link();
    const disposing = engine.dispose();
    await expect(linking).rejects.toThrow();
    await disposing;
    expect(() => engine.fn('good')).toThrow(withCode('ENGINE_DISPOSED'));
  });

  it('a failed promotion is an event, and the version before it goes on running', async () => {
    const failures: FailedEvent[] = [];
    const passes = 'no-such-pass';
    const broken = {
      name: 'broken',
      passes,
      codegenLevel: 2,
      hostCpu: false,
      counters: false,
      bindLocalCalls: false,
    } as const;
    const engine = engineFor({
      tiers: ['baseline', broken],
      policy: 'eager',
      penalty: { baseMs: 10, limit: 2 },
    });
    engine.on('failed', (event) => failures.push(event));
    engine.addModule('a', good);
    await engine.link();
    const call = engine.fn('good');
    for (let round = 0; round < 100 && failures.length < 2; round += 1) {
      expect(call()).toBe(1);
      await pause(20);
    }
    expect(failures.map(({ tier, retry }) => [tier, retry])).toEqual([
      ['broken', 10],
      ['broken', 'barred'],
    ]);
    expect(failures[0]?.error).toMatchObject({ code: 'COMPILE_FAILED' });
    await expect(engine.recompile('a', 'broken')).rejects.toThrow(
      withCode('COMPILE_FAILED', { tier: 'broken' }),
    );
    expect(call()).toBe(1);
  });

  it('PLATFORM_UNSUPPORTED and ADDON_MISSING: loading the addon', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tierlink-test-'));
    expect(() => loadFrom([], 'darwin', 'arm64')).toThrow(
      withCode('PLATFORM_UNSUPPORTED', { platform: 'darwin arm64' }),
    );
    expect(() => loadFrom(['/no/addon.node'], 'linux', 'x64')).toThrow(
      withCode('ADDON_MISSING', { tried: ['/no/addon.node'] }),
    );
    const text = join(folder, 'text.node');
    writeFileSync(text, 'this is no addon');
    expect(() => loadFrom([text], 'linux', 'x64')).toThrow(withCode('ADDON_MISSING'));
  });
});
