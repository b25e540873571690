/** The runtime half of the native addon: memory, requests, calls, runs, threads and thread-locals, without LLVM. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { addonCandidates, loadAddon } from '../../src/native/loader.js';
import type { Handle } from '../../src/native/contract.js';
import {
  asIs,
  createEngine,
  destroyAll,
  destroyEngine,
  memoryOf,
  place,
  type PlacedProgram,
  readInt,
  readText,
  regionsOf,
  wholeRegions,
} from './native-program.js';

const addon = loadAddon();
const mebibyte = 2 ** 20;
const engines: Handle[] = [];

function create(): Handle {
  const engine = createEngine(addon, mebibyte, mebibyte, 4 * mebibyte);
  engines.push(engine);
  return engine;
}

function make(source: string, language: 'c' | 'c++' = 'c'): { engine: Handle; program: PlacedProgram } {
  const engine = create();
  return { engine, program: place(addon, engine, source, language) };
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

function expectFailure(action: () => unknown, code: string, more: object = {}): void {
  let seen: unknown;
  try {
    action();
  } catch (error) {
    seen = error;
  }
  expect(seen).toBeInstanceOf(Error);
  expect(seen).toMatchObject({ code, ...more });
}

afterEach(() => {
  destroyAll(addon, engines);
});

describe('memory', () => {
  test('what is written through the alias is what the program sees', () => {
    const { engine, program } = make(
      'int data = 7; const int constant = 8; int sum(void) { return data + constant; }',
    );
    const sum = addon.bindFunction(engine, program.slot('sum'), '4', 'sum', asIs);
    expect(sum()).toBe(15);
    const { data, readonly } = regionsOf(addon, engine);
    new DataView(data.bytes).setInt32(Number(program.address('data') - data.base), 10, true);
    expect(sum()).toBe(18);
    expect(readonly.base - regionsOf(addon, engine).code.base).toBe(BigInt(mebibyte));
  });

  test('a view of part of a region shows the same memory, and none reaches over its end', () => {
    const memory = addon.memoryCreate(mebibyte, mebibyte, mebibyte, 'dual');
    const part = new Uint8Array(addon.memoryView(memory, 'code', 4096));
    const whole = new Uint8Array(addon.memoryView(memory, 'code', mebibyte));
    whole[4095] = 1;
    expect([part.length, part[4095], whole.length]).toEqual([4096, 1, mebibyte]);
    expect(() => addon.memoryView(memory, 'code', mebibyte + 1)).toThrow(/bytes/);
    addon.memoryDestroy(memory);
    expect([part.length, whole.length]).toEqual([0, 0]);
  });

  test('I3: no mapping of an engine is writable and executable', () => {
    const { engine } = make('int f(void) { return 1; }');
    const { code } = regionsOf(addon, engine);
    const lines = readFileSync('/proc/self/maps', 'utf8').split('\n');
    const ours = lines.filter((line) => line.includes('memfd:tierlink'));
    expect(ours.length).toBeGreaterThanOrEqual(3);
    expect(ours.filter((line) => /^\S+ .w.*x/.test(line.slice(0, line.indexOf(' ') + 5)))).toEqual([]);
    const view = lines.find((line) => line.startsWith(code.base.toString(16)));
    expect(view).toContain(' r-xs ');
  });

  test('discarded pages read as zero in every view', () => {
    const engine = create();
    const regions = regionsOf(addon, engine);
    for (const name of ['code', 'readonly', 'data'] as const) {
      const bytes = new Uint8Array(regions[name].bytes);
      bytes.fill(0xcc, 0, 3 * 4096);
      addon.memoryDiscard(memoryOf(engine), name, 4096, 4096);
      expect([bytes[4095], bytes[4096], bytes[8191], bytes[8192]]).toEqual([0xcc, 0, 0, 0xcc]);
    }
    expect(() => {
      addon.memoryDiscard(memoryOf(engine), 'code', 1, 4096);
    }).toThrow(/multiples of 4096/);
    expect(() => {
      addon.memoryDiscard(memoryOf(engine), 'code', mebibyte, 4096);
    }).toThrow(/outside the region/);
    expect(() => {
      addon.memoryDiscard(memoryOf(engine), 'stack' as 'code', 0, 4096);
    }).toThrow(/region must be/);
  });

  test('sizes beyond 1 GiB, zero and fractions are refused', () => {
    expect(() => addon.memoryCreate(2 ** 29, 2 ** 29, 4096, 'dual')).toThrow(/together/);
    expect(() => addon.memoryCreate(0, 4096, 4096, 'dual')).toThrow(/integer/);
    expect(() => addon.memoryCreate(4096.5, 4096, 4096, 'dual')).toThrow(/integer/);
    expect(() => addon.memoryCreate(2 ** 31, 4096, 4096, 'dual')).toThrow(/integer/);
  });

  test('memory that an engine is in stays mapped until the engine is destroyed, too', () => {
    const { engine, program } = make('int f(void) { return 1; }');
    const f = addon.bindFunction(engine, program.slot('f'), '4', 'f', asIs);
    const { code } = regionsOf(addon, engine);
    const isMapped = (): boolean =>
      readFileSync('/proc/self/maps', 'utf8').includes(`${code.base.toString(16)}-`);
    addon.memoryDestroy(memoryOf(engine));
    expect([code.bytes.byteLength, isMapped(), f()]).toEqual([0, true, 1]);
    addon.engineDestroy(engine);
    expect(isMapped()).toBe(false);
    addon.memoryDestroy(memoryOf(engine));
  });

  test('with one mapping, pages are for writing or for the program, never for both (I3)', () => {
    const memory = addon.memoryCreate(mebibyte, mebibyte, mebibyte, 'flipping');
    const { code, readonly } = wholeRegions(addon, memory);
    const permissions = (at: bigint): string | undefined =>
      readFileSync('/proc/self/maps', 'utf8')
        .split('\n')
        .find((line) => line.startsWith(at.toString(16)))
        ?.slice(line(at), line(at) + 4);
    const line = (at: bigint): number => `${at.toString(16)}-${at.toString(16)} `.length;
    expect(permissions(code.base)).toBe('---p');
    addon.memoryProtect(memory, 'code', 0, 8192, 'write');
    new Uint8Array(code.bytes, 4096, 1)[0] = 0xc3;
    addon.memoryProtect(memory, 'code', 4096, 4096, 'execute');
    expect([permissions(code.base), permissions(code.base + 4096n)]).toEqual(['rw-p', 'r-xp']);
    addon.memoryProtect(memory, 'code', 4096, 4096, 'none');
    addon.memoryDiscard(memory, 'code', 4096, 4096);
    addon.memoryProtect(memory, 'code', 4096, 4096, 'write');
    expect(new Uint8Array(code.bytes, 4096, 1)[0]).toBe(0);
    addon.memoryProtect(memory, 'readonly', 0, 4096, 'read');
    expect(permissions(readonly.base)).toBe('r--p');
    for (const [region, start, bytes, access, words] of [
      ['readonly', 0, 4096, 'execute', /only code/],
      ['data', 0, 4096, 'read', /has pages to protect/],
      ['code', 1, 4096, 'read', /multiples of 4096/],
      ['code', mebibyte, 4096, 'read', /outside the region/],
      ['code', 0, 4096, 'all', /access must be/],
    ] as const) {
      expect(() => {
        addon.memoryProtect(memory, region as 'code', start, bytes, access as 'read');
      }).toThrow(words);
    }
    expect(() => {
      addon.memoryProtect(memoryOf(create()), 'code', 0, 4096, 'write');
    }).toThrow(/mapped once/);
    addon.memoryDestroy(memory);
  });

  test('a view is told from one that is not what it is said to be, without a fault', () => {
    const memory = addon.memoryCreate(mebibyte, mebibyte, mebibyte, 'flipping');
    const { code, data } = wholeRegions(addon, memory);
    const view = new Uint8Array(data.bytes, 64, 20);
    expect(addon.viewAddress(view)).toBe(data.base + 64n);
    expect(() => addon.viewAddress(data.bytes as never)).toThrow(/Uint8Array/);
    expect(addon.viewMirrors(view, data.base + 64n)).toBeNull();
    expect(addon.viewMirrors(view, data.base + 65n)).toMatch(/does not appear/);
    expect(addon.viewMirrors(view, 4096n)).toMatch(/can't be read/);
    expect(addon.viewMirrors(new Uint8Array(code.bytes, 0, 8), code.base)).toMatch(/can't be written/);
    addon.memoryDestroy(memory);
  });

  test('an engine knows memory that others mapped for as long as it is covered', () => {
    const memory = addon.memoryCreate(mebibyte, mebibyte, mebibyte, 'dual');
    const { data } = wholeRegions(addon, memory);
    const engine = addon.engineCreate();
    const own = new Uint8Array(64);
    const cell = (addon.viewAddress(own) + 7n) & ~7n;
    expect(() => addon.bindFunction(engine, cell, 'v', 'f', asIs)).toThrow(/slot/);
    expect(addon.engineCover(engine, addon.viewAddress(own), own)).toBeNull();
    expect(addon.bindFunction(engine, cell, 'v', 'f', asIs)).toBeTypeOf('function');
    addon.engineUncover(engine, addon.viewAddress(own));
    expect(() => addon.bindFunction(engine, cell, 'v', 'f', asIs)).toThrow(/slot/);
    const around = addon.engineCover(engine, data.base, new Uint8Array(data.bytes, 0, 8));
    expect(around).toEqual({ start: data.base - BigInt(2 * mebibyte), end: data.base + BigInt(mebibyte) });
    expect(() => {
      addon.engineUncover(engine, data.base);
    }).toThrow(/uncovered/);
    addon.engineDestroy(engine);
    addon.memoryDestroy(memory);
  });

  test('destroying detaches the buffers and is idempotent; everything else is then refused', () => {
    const { engine, program } = make('int f(void) { return 1; }');
    const f = addon.bindFunction(engine, program.slot('f'), '4', 'f', asIs);
    const { code, readonly, data } = regionsOf(addon, engine);
    destroyEngine(addon, engine);
    expect([code.bytes.byteLength, readonly.bytes.byteLength, data.bytes.byteLength]).toEqual([0, 0, 0]);
    destroyEngine(addon, engine);
    expectFailure(f, 'ENGINE_DISPOSED');
    expect(() => regionsOf(addon, engine)).toThrow(/memory is destroyed/);
    expectFailure(() => addon.engineMutatorsInside(engine), 'ENGINE_DISPOSED');
    const maps = readFileSync('/proc/self/maps', 'utf8');
    expect(maps).not.toContain(`${code.base.toString(16)}-`);
  });

  test('an environment that attached calls, and does nothing else', () => {
    const engine = create();
    const number = addon.engineShare(engine);
    expect(addon.engineShare(engine)).toBe(number);
    const caller = addon.engineAttach(number);
    expect(addon.engineControlled(caller)).toBe(true);
    expect(addon.engineMutatorsInside(caller)).toBe(0);
    expect(() => addon.engineShare(caller)).toThrow(/created the engine/);
    expect(() => addon.engineSeal(caller)).toThrow(/created the engine/);
    expect(() => addon.engineTakeRequests(caller)).toThrow(/created the engine/);
    expect(() => {
      addon.engineDestroy(caller);
    }).toThrow(/created the engine/);
    expectFailure(() => addon.engineAttach(number ^ 2n), 'ENGINE_DISPOSED');
    const { data } = regionsOf(addon, engine);
    expect(addon.bindFunction(caller, data.base, 'v', 'f', asIs)).toBeTypeOf('function');
    expect(addon.engineSeal(engine)).toBe(true);
    expectFailure(addon.bindFunction(caller, data.base, 'v', 'f', asIs), 'ENGINE_DISPOSED');
    destroyEngine(addon, engine);
    expectFailure(() => addon.bindFunction(caller, data.base, 'v', 'f', asIs), 'ENGINE_DISPOSED');
    expectFailure(() => addon.engineAttach(number), 'ENGINE_DISPOSED');
  });

  test('a core serialising barrier is available', () => {
    addon.engineSyncCore(create());
  });
});

describe('bad input', () => {
  const takingNothing = [
    'exitProcess',
    'flushStdio',
    'adoptProcess',
    'releaseProcess',
    'framesIndexed',
    'engineCreate',
    'hostCodeRanges',
    'callbacksServe',
  ];
  const functions = Object.entries(addon).filter(
    (entry): entry is [string, (...args: unknown[]) => unknown] =>
      typeof entry[1] === 'function' && ![...takingNothing, 'viewAddress'].includes(entry[0]),
  );
  // The functions of the other half have tests of their own. What a debugger is given may be any bytes.
  const others = /^(ingest|compiler|share|profile|disassemble|sourceLines|functionCalls|gdbRegister)/;
  const ours = functions.filter(([name]) => !others.test(name));

  test.each(ours)('%s refuses handles of another kind and arguments of any type', (_, call) => {
    for (const wrong of [
      undefined,
      null,
      0,
      {},
      [],
      () => 1,
      Symbol('s'),
      new Uint8Array(8),
      -1n,
      2n ** 80n,
    ]) {
      expect(() => call(wrong, wrong, wrong, wrong, wrong)).toThrow(Error);
    }
    expect(() => call()).toThrow(Error);
  });

  test('a symbol file is bytes, and known until it is unregistered, once', () => {
    expect(() => addon.gdbRegister('bytes' as never)).toThrow(Error);
    expect(() => addon.gdbRegister(undefined as never)).toThrow(Error);
    const symbols = addon.gdbRegister(new Uint8Array(64));
    expect(() => addon.engineSeal(symbols)).toThrow(/handle/);
    addon.gdbUnregister(symbols);
    addon.gdbUnregister(symbols);
  });

  test('a library is only what libraryOpen returned', () => {
    const library = addon.libraryOpen('libm.so.6');
    expect(addon.librarySymbol(library, 'cos')).not.toBe(0n);
    expect(addon.librarySymbol(library, 'no_such_name')).toBe(0n);
    expect(() => addon.librarySymbol(library + 8n, 'cos')).toThrow(/libraryOpen/);
    expect(() => addon.tlsIndexOf(library + 8n, 'cos')).toThrow(/libraryOpen/);
    expect(() => addon.libraryOpen('/no/such/library.so')).toThrow(/no\/such/);
  });

  test('slots outside the engine and frame tables that are not registered are refused', () => {
    const engine = create();
    const { data } = regionsOf(addon, engine);
    expect(() => addon.bindFunction(engine, data.base + 4n, 'v', 'f', asIs)).toThrow(/slot/);
    expect(() => addon.bindFunction(engine, 4096n, 'v', 'f', asIs)).toThrow(/slot/);
    expect(() => addon.bindFunction(engine, data.base + BigInt(4 * mebibyte), 'v', 'f', asIs)).toThrow(
      /slot/,
    );
    expect(() => {
      addon.framesDeregister(data.base);
    }).toThrow(/registered/);
    expect(() => {
      addon.framesRegister(0n, 8, data.base, 8);
    }).toThrow(/no frame table/);
    expect(() => addon.engineTlsRegister(engine, 4096n, 8, 8, 8)).toThrow(/image/);
    expect(() => addon.engineTlsRegister(engine, data.base, 8, 4, 8)).toThrow(/memoryBytes/);
    expect(() => addon.engineTlsRegister(engine, data.base, 8, 8, 3)).toThrow(/power of two/);
  });

  test('a slot without code is refused', async () => {
    const engine = create();
    const { data } = regionsOf(addon, engine);
    expectFailure(addon.bindFunction(engine, data.base, 'v', 'f', asIs), 'NOT_LINKED');
    expectFailure(() => addon.callPlain(engine, data.base), 'NOT_LINKED');
    expectFailure(() => addon.run(engine, data.base, []), 'NOT_LINKED');
    await expect(addon.callAsync(engine, data.base, 'v', 'f', [])).rejects.toMatchObject({
      code: 'NOT_LINKED',
    });
  });
});

describe('calls', () => {
  test('every letter goes in and comes back', () => {
    const { engine, program } = make(`
      int word(int x) { return x; }
      signed char i8(signed char x) { return x; }  short i16(short x) { return x; }
      _Bool i1(_Bool x) { return x; }  long i64(long x) { return x; }
      float f32(float x) { return x; }  double f64(double x) { return x; }
      void *ptr(void *x) { return x; }  int first(unsigned char *x) { return x ? x[0] : -1; }
      int hits; void nothing(void) { hits++; }`);
    const bind = (name: string, signature: string): ((...args: unknown[]) => unknown) =>
      addon.bindFunction(engine, program.slot(name), signature, name, asIs);
    // How a narrow argument fills its register: `word` sees all 32 bits.
    expect(['1', 'O', '2', 'T', '4'].map((letter) => bind('word', `4${letter}`)(-1))).toEqual([
      255, -1, 65535, -1, -1,
    ]);
    expect(bind('word', '4O')(200)).toBe(-56);
    expect(bind('word', '4b')(true)).toBe(1);
    expect(bind('word', '4B')(true)).toBe(-1);
    expect(bind('i8', 'OO')(200)).toBe(-56);
    expect(bind('i16', 'TT')(-32768)).toBe(-32768);
    expect(bind('i1', 'bb')(0)).toBe(false);
    expect(bind('i1', 'bb')(true)).toBe(true);
    expect(bind('word', '44')(4294967295)).toBe(-1);
    expect(bind('i64', '88')(-5)).toBe(-5n);
    expect(bind('i64', '88')(2n ** 64n - 1n)).toBe(-1n);
    expect(bind('i64', '88')(-(2n ** 63n))).toBe(-(2n ** 63n));
    expect(bind('f32', 'ff')(0.1)).toBe(Math.fround(0.1));
    expect(bind('f64', 'dd')(0.1)).toBe(0.1);
    expect(bind('ptr', 'pp')(2n ** 64n - 1n)).toBe(2n ** 64n - 1n);
    expect(bind('ptr', 'pp')(null)).toBe(0n);
    expect(bind('nothing', 'v')()).toBeUndefined();
    expect(readInt(addon, engine, program.address('hits'))).toBe(1);
    const bytes = Uint8Array.from([1, 2, 3]);
    const first = bind('first', '4p');
    expect(
      [bytes, bytes.subarray(1), bytes.buffer, new DataView(bytes.buffer, 2), Buffer.from([9])].map((b) =>
        first(b),
      ),
    ).toEqual([1, 2, 1, 3, 9]);
  });

  test.each(Array.from({ length: 13 }, (_, count) => count).concat([40]))('%i mixed arguments', (count) => {
    const letters = Array.from({ length: count }, (_, i) => '4d8fO'[(i * 7) % 5] ?? '4');
    const c = { '4': 'int', d: 'double', '8': 'long', f: 'float', O: 'signed char' } as Record<
      string,
      string
    >;
    const { engine, program } = make(
      `double mix(${letters.map((letter, i) => `${c[letter] ?? ''} a${String(i)}`).join(', ') || 'void'}) {
         return 0.5 ${letters.map((_, i) => `+ ${String(i + 1)} * a${String(i)}`).join(' ')}; }`,
    );
    const values = letters.map(
      (letter, i) => ({ '4': -i, d: i / 4, '8': BigInt(i), f: i / 2, O: -i })[letter] ?? 0,
    );
    const expected = values.reduce<number>((sum, value, i) => sum + (i + 1) * Number(value), 0.5);
    expect(
      addon.bindFunction(engine, program.slot('mix'), `d${letters.join('')}`, 'mix', asIs)(...values),
    ).toBe(expected);
  });

  test('a value that does not fit is refused and names its argument', () => {
    const { engine, program } = make('int f(int a) { return a; }');
    const expectRefused = (letter: string, value: unknown, found: string): void => {
      const f = addon.bindFunction(engine, program.slot('f'), `v${letter}`, 'f', asIs);
      expectFailure(() => f(value), 'ARGUMENT_INVALID', { index: 0, found });
    };
    expectRefused('4', 2 ** 32, 'the number 4294967296');
    expectRefused('4', 1.5, 'the number 1.5');
    expectRefused('4', NaN, 'the number NaN');
    expectRefused('4', '1', 'a string');
    expectRefused('4', 1n, 'the bigint 1');
    expectRefused('1', 256, 'the number 256');
    expectRefused('O', -129, 'the number -129');
    expectRefused('T', 65536, 'the number 65536');
    expectRefused('b', 2, 'the number 2');
    expectRefused('8', 2 ** 53, 'the number 9007199254740992');
    expectRefused('8', 2n ** 64n, 'the bigint 18446744073709551616');
    expectRefused('p', 0, 'the number 0');
    expectRefused('p', undefined, 'undefined');
    expectRefused('p', -1n, 'the bigint -1');
    expectRefused('p', {}, 'an object');
    expectRefused('d', true, 'a boolean');
    const f = addon.bindFunction(engine, program.slot('f'), '444', 'f', asIs);
    expectFailure(() => f(1), 'ARGUMENT_INVALID', { index: 1, found: 'missing' });
    expectFailure(() => f(1, 2, 'three'), 'ARGUMENT_INVALID', { index: 2, found: 'a string' });
    expectFailure(() => f(1, Symbol('s')), 'ARGUMENT_INVALID', { index: 1, found: 'a symbol' });
  });

  test.each(['4p.', 'xp', '4x', '', '4v', '4?'])('signature "%s" is refused', (signature) => {
    const { engine, program } = make('int f(void) { return 1; }');
    expectFailure(
      () => addon.bindFunction(engine, program.slot('f'), signature, 'f', asIs),
      'SIGNATURE_UNSUPPORTED',
    );
  });

  test('a call goes where the slot leads at that moment', () => {
    const { engine, program } = make('int one(void) { return 1; } int two(void) { return 2; }');
    const slot = program.slot('one');
    const f = addon.bindFunction(engine, slot, '4', 'f', asIs);
    expect(f()).toBe(1);
    const { data } = regionsOf(addon, engine);
    new BigUint64Array(data.bytes)[Number(slot - data.base) / 8] = program.address('two');
    expect(f()).toBe(2);
    expect(addon.callPlain(engine, slot) & 0xffffffffn).toBe(2n);
  });

  test('a C++ exception is caught inside, and one that nothing catches becomes an error', () => {
    const { engine, program } = make(
      `#include <stdexcept>
       extern "C" int caught(int x) { try { if (x) throw x; } catch (int y) { return y + 1; } return 0; }
       extern "C" void uncaught() { throw std::runtime_error("from inside"); }
       extern "C" void odd() { throw 1; }`,
      'c++',
    );
    addon.framesRegister(...program.frames);
    expect(() => {
      addon.framesRegister(...program.frames);
    }).toThrow(/registered/);
    expect(addon.bindFunction(engine, program.slot('caught'), '44', 'caught', asIs)(4)).toBe(5);
    const uncaught = addon.bindFunction(engine, program.slot('uncaught'), 'v', 'uncaught', asIs);
    expectFailure(uncaught, 'EXCEPTION_UNCAUGHT', { message: 'uncaught threw a C++ exception: from inside' });
    expectFailure(addon.bindFunction(engine, program.slot('odd'), 'v', 'odd', asIs), 'EXCEPTION_UNCAUGHT');
    expect(addon.engineMutatorsInside(engine)).toBe(0);
    addon.framesDeregister(program.frames[0]);
  });
});

describe('asynchronous calls', () => {
  test('run on threads of their own, at once, and settle a promise', async () => {
    const { engine, program } = make(`
      #include <pthread.h>
      pthread_barrier_t barrier;
      void prepare(void) { pthread_barrier_init(&barrier, 0, 4); }
      long meet(unsigned char *bytes, long n, double *d) {
        pthread_barrier_wait(&barrier);  long s = 0;  for (long i = 0; i < n; i++) s += bytes[i];  return s + (long)*d; }`);
    addon.callPlain(engine, program.slot('prepare'));
    const calls = [1, 2, 3, 4].map((n) =>
      addon.callAsync(engine, program.slot('meet'), '8p8p', 'meet', [
        new Uint8Array(1000).fill(n),
        1000n,
        Float64Array.of(n),
      ]),
    );
    expect(await Promise.all(calls)).toEqual([1001n, 2002n, 3003n, 4004n]);
    expect(addon.engineMutatorsInside(engine)).toBe(0);
  });

  test('that share a thread are each told the time that they took', async () => {
    const { engine, program } = make(`
      #include <time.h>
      #include <unistd.h>
      #include <sys/syscall.h>
      int work(int parts) {
        struct timespec now; // Of this thread: others of the process work meanwhile.
        do clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
        while (now.tv_sec == 0 && now.tv_nsec < 10000000L * parts);
        return syscall(SYS_gettid); }`);
    const work = (parts: number): Promise<unknown> =>
      addon.callAsync(engine, program.slot('work'), '44', 'work', [parts]);
    await work(5);
    const threads = new Set<unknown>();
    for (let round = 0; round < 20; round += 1) threads.add(await work(0));
    // A call may come before the thread of the last one waits again.
    expect(threads.size).toBeLessThan(20);
    const ns = addon.engineCpuTimeNs(engine);
    expect(ns).toBeGreaterThan(20e6);
    expect(ns).toBeLessThan(90e6);
  });

  test('arguments are checked before a thread is made', () => {
    const { engine, program } = make('int f(int a) { return a; }');
    const slot = program.slot('f');
    expectFailure(() => addon.callAsync(engine, slot, '44', 'f', ['x']), 'ARGUMENT_INVALID', { index: 0 });
    expectFailure(() => addon.callAsync(engine, slot, '44', 'f', []), 'ARGUMENT_INVALID', { index: 0 });
    expect(() => addon.callAsync(engine, slot, '44', 'f', 'x' as never)).toThrow(/array/);
  });

  test('a thread that ends by pthread_exit rejects', async () => {
    const { engine, program } = make('#include <pthread.h>\nvoid f(void) { pthread_exit(0); }');
    const call = addon.callAsync(engine, program.slot('f'), 'v', 'f', []);
    await expect(call).rejects.toMatchObject({ code: 'THREAD_ENDED' });
    expect(addon.engineMutatorsInside(engine)).toBe(0);
  });

  test('a thread inside is counted, and keeps the engine from being destroyed', async () => {
    const { engine, program } = make(`
      volatile int inside, leave;
      void wait(void) { inside = 1; while (!leave) ; }`);
    const { data } = regionsOf(addon, engine);
    const call = addon.callAsync(engine, program.slot('wait'), 'v', 'wait', []);
    expect(addon.engineMutatorsInside(engine)).toBe(1);
    await until(() => readInt(addon, engine, program.address('inside')) === 1, 'the call is inside');
    expect(addon.engineMutatorsInside(engine)).toBe(1);
    expectFailure(() => {
      destroyEngine(addon, engine);
    }, 'ENGINE_BUSY');
    new DataView(data.bytes).setInt32(Number(program.address('leave') - data.base), 1, true);
    await call;
    expect(addon.engineMutatorsInside(engine)).toBe(0);
    destroyEngine(addon, engine);
  });
});

describe('a run', () => {
  test('gives main its arguments and environment, and resolves with what it returned', async () => {
    const { engine, program } = make(`
      #include <string.h>
      #include <stdlib.h>
      char seen[200];
      int main(int argc, char **argv, char **envp) {
        for (int i = 0; i < argc; i++) { strcat(seen, argv[i]); strcat(seen, "|"); }
        strcat(seen, argv[argc] ? "no" : "end");
        for (char **e = envp; *e; e++) if (!strncmp(*e, "HOME=", 5)) strcat(seen, "|home");
        return 256 + 42; }`);
    const outcome = await addon.run(engine, program.slot('main'), ['prog', 'a b', 'ä']);
    expect(outcome).toEqual({ how: 'return', status: 42 });
    expect(readText(addon, engine, program.address('seen'))).toBe('prog|a b|ä|end|home');
    expect(addon.engineMutatorsInside(engine)).toBe(0);
    expect(() => addon.run(engine, program.slot('main'), [1 as never])).toThrow(/argv/);
  });

  test('runs thread-local destructors, then exit handlers, last first, those registered meanwhile included', async () => {
    const source = (end: string): string => `
      #include <stdlib.h>
      #include <string.h>
      char seen[200];
      int __cxa_atexit(void (*)(void *), void *, void *);  int __cxa_thread_atexit(void (*)(void *), void *, void *);
      int on_exit(void (*)(int, void *), void *);
      extern char __dso_handle;
      void add(void *text) { strcat(seen, text); }
      void late(void) { add("late "); }
      void plain(void) { add("plain ");  atexit(late); }
      void status(int s, void *t) { add(t);  add(s == 3 ? "3 " : "? "); }
      void deep(int n) { if (n) deep(n - 1);  else { ${end} }  add(""); }
      int main(void) {
        __cxa_atexit(add, "first ", &__dso_handle);  on_exit(status, "status ");  atexit(plain);
        __cxa_thread_atexit(add, "thread ", &__dso_handle);
        deep(10);
        return 3; }`;
    for (const [end, how] of [
      ['', 'return'],
      ['exit(3);', 'exit'],
    ] as const) {
      const { engine, program } = make(source(end));
      expect(await addon.run(engine, program.slot('main'), [])).toEqual({ how, status: 3 });
      const seen = readText(addon, engine, program.address('seen'));
      expect(seen).toBe('thread plain late status 3 first ');
    }
  });

  test('can be repeated in one engine, by return and by exit', async () => {
    const { engine, program } = make(`
      #include <stdlib.h>
      int runs, handled;
      void handler(void) { handled++; }
      int main(int argc, char **argv) { atexit(handler);  runs++;  if (runs % 2) exit(runs);  return runs; }`);
    for (let i = 1; i <= 20; i += 1) {
      const how = i % 2 === 1 ? 'exit' : 'return';
      expect(await addon.run(engine, program.slot('main'), ['x'])).toEqual({ how, status: i });
      expect(readInt(addon, engine, program.address('handled'))).toBe(i);
      expect(addon.engineMutatorsInside(engine)).toBe(0);
    }
  });

  test('exit in an exit handler runs the rest once and changes the status', async () => {
    const { engine, program } = make(`
      #include <stdlib.h>
      int order;
      void rest(void) { order = order * 10 + 2; }
      void again(void) { order = order * 10 + 1;  exit(9); }
      int main(void) { atexit(rest);  atexit(again);  return 4; }`);
    expect(await addon.run(engine, program.slot('main'), [])).toEqual({ how: 'exit', status: 9 });
    expect(readInt(addon, engine, program.address('order'))).toBe(12);
  });

  test('exit on another thread of the program ends it; that thread never goes on', async () => {
    const { engine, program } = make(`
      #include <pthread.h>
      #include <stdlib.h>
      #include <unistd.h>
      int handled, after;  volatile int leave;
      void handler(void) { handled++; }
      void *other(void *x) { exit(5);  after = 1;  return x; }
      int main(void) {
        pthread_t t;  atexit(handler);  pthread_create(&t, 0, other, 0);
        while (!leave) usleep(1000);
        return 6; }`);
    expect(await addon.run(engine, program.slot('main'), [])).toEqual({ how: 'exit', status: 5 });
    expect(readInt(addon, engine, program.address('handled'))).toBe(1);
    await until(() => addon.engineMutatorsInside(engine) === 1, 'the thread that called exit is parked');
    const { data } = regionsOf(addon, engine);
    new DataView(data.bytes).setInt32(Number(program.address('leave') - data.base), 1, true);
    await until(() => addon.engineMutatorsInside(engine) === 0, 'main has left');
    expect(readInt(addon, engine, program.address('after'))).toBe(0);
    expect(readInt(addon, engine, program.address('handled'))).toBe(1);
    destroyEngine(addon, engine);
  });

  test('many threads that call exit at once end it once', async () => {
    const { engine, program } = make(`
      #include <pthread.h>
      #include <stdlib.h>
      #include <unistd.h>
      int handled;  pthread_barrier_t barrier;
      void handler(void) { usleep(5000);  handled++; }
      void *other(void *x) { pthread_barrier_wait(&barrier);  exit((int)(long)x);  return 0; }
      int main(void) {
        atexit(handler);  pthread_barrier_init(&barrier, 0, 5);
        for (long i = 1; i < 5; i++) { pthread_t t;  pthread_create(&t, 0, other, (void *)i); }
        other((void *)5);
        return 77; }`);
    const { how, status } = await addon.run(engine, program.slot('main'), []);
    expect(how).toBe('exit');
    expect([1, 2, 3, 4, 5]).toContain(status);
    expect(readInt(addon, engine, program.address('handled'))).toBe(1);
    await until(() => addon.engineMutatorsInside(engine) === 0, 'all are parked or gone');
    destroyEngine(addon, engine);
  });

  test('pthread_exit in main leaves the program running until its last thread ends', async () => {
    const { engine, program } = make(`
      #include <pthread.h>
      #include <stdlib.h>
      #include <unistd.h>
      int order;
      void handler(void) { order = order * 10 + 2; }
      void *other(void *x) { usleep(50000);  order = order * 10 + 1;  return x; }
      int main(void) { pthread_t t;  atexit(handler);  pthread_create(&t, 0, other, 0);  pthread_exit(0); }`);
    expect(await addon.run(engine, program.slot('main'), [])).toEqual({ how: 'exit', status: 0 });
    expect(readInt(addon, engine, program.address('order'))).toBe(12);
    expect(addon.engineMutatorsInside(engine)).toBe(0);
  });

  test('exit in a handler after pthread_exit in main still ends it', async () => {
    const { engine, program } = make(`
      #include <pthread.h>
      #include <stdlib.h>
      void handler(void) { exit(8); }
      int main(void) { atexit(handler);  pthread_exit(0); }`);
    expect(await addon.run(engine, program.slot('main'), [])).toEqual({ how: 'exit', status: 8 });
  });

  test('destructors of keys run when threads end, but not when main does', async () => {
    const { engine, program } = make(`
      #include <pthread.h>
      #include <threads.h>
      pthread_key_t key;  tss_t tss;  int freed;
      void drop(void *x) { freed += (int)(long)x; }
      void *posix(void *x) { pthread_setspecific(key, x);  return x; }
      int c11(void *x) { tss_set(tss, x);  return 5; }
      int main(void) {
        pthread_t p;  thrd_t t;  void *result;  int five;
        pthread_key_create(&key, drop);  tss_create(&tss, drop);
        pthread_setspecific(key, (void *)1000);
        pthread_create(&p, 0, posix, (void *)1);  pthread_join(p, &result);
        thrd_create(&t, c11, (void *)20);  thrd_join(t, &five);
        return freed + (int)(long)result + five; }`);
    expect(await addon.run(engine, program.slot('main'), [])).toEqual({ how: 'return', status: 27 });
    expect(addon.engineMutatorsInside(engine)).toBe(0);
    expect(readInt(addon, engine, program.address('freed'))).toBe(21);
  });

  test('no signal is blocked, and the stack is that of a main', async () => {
    const { engine, program } = make(`
      #include <signal.h>
      #include <alloca.h>
      volatile int handled;
      void on(int s) { handled++; }
      int main(void) {
        sigset_t set;  pthread_sigmask(SIG_BLOCK, 0, &set);
        for (int s = 1; s < 32; s++) if (sigismember(&set, s)) return 100 + s;
        signal(SIGUSR2, on);  raise(SIGUSR2);
        volatile char *big = alloca(6 << 20);  big[0] = 1;
        return handled; }`);
    expect(await addon.run(engine, program.slot('main'), [])).toEqual({ how: 'return', status: 1 });
  });

  test('a forked child that exits or returns from main ends as a process', async () => {
    const { engine, program } = make(`
      #include <stdlib.h>
      #include <sys/wait.h>
      #include <unistd.h>
      #include <pthread.h>
      int handled, prepared, children;
      void handler(void) { if (children) _exit(30 + children); }
      void prepare(void) { prepared++; }  void child(void) { children++; }
      int main(void) {
        int sum = 0, status;
        pthread_atfork(prepare, 0, child);
        for (int i = 0; i < 3; i++) {
          pid_t pid = fork();
          if (pid == 0) { if (i == 0) exit(11);  if (i == 1) return 12;  atexit(handler);  exit(99); }
          waitpid(pid, &status, 0);
          sum += WIFEXITED(status) ? WEXITSTATUS(status) : 1000;
        }
        return sum + 10 * prepared; }`);
    expect(await addon.run(engine, program.slot('main'), [])).toEqual({
      how: 'return',
      status: 11 + 12 + 31 + 30,
    });
  });

  test('std::thread makes threads of the program too', async () => {
    const { engine, program } = make(
      `#include <thread>
       #include <cstdlib>
       #include <unistd.h>
       extern "C" { volatile int started, leave; }
       extern "C" int main() {
         std::thread([] { started = 1; while (!leave) usleep(1000); }).detach();
         while (!started) usleep(1000);
         return 7; }`,
      'c++',
    );
    addon.framesRegister(...program.frames);
    expect(await addon.run(engine, program.slot('main'), [])).toEqual({ how: 'return', status: 7 });
    expect(addon.engineMutatorsInside(engine)).toBe(1);
    const { data } = regionsOf(addon, engine);
    new DataView(data.bytes).setInt32(Number(program.address('leave') - data.base), 1, true);
    await until(() => addon.engineMutatorsInside(engine) === 0, 'the thread has ended');
    destroyEngine(addon, engine);
  });

  test('exit handlers of calls from JS run when asked for', () => {
    const { engine, program } = make(`
      #include <stdlib.h>
      int order;
      void one(void) { order = order * 10 + 1; }  void two(void) { order = order * 10 + 2; }
      void construct(void) { atexit(one);  atexit(two); }`);
    addon.callPlain(engine, program.slot('construct'));
    addon.engineRunExitHandlers(engine);
    addon.engineRunExitHandlers(engine);
    expect(readInt(addon, engine, program.address('order'))).toBe(21);
  });
});

describe('requests', () => {
  const source = `
    #include <pthread.h>
    #include <unistd.h>
    extern void __tierlink_hot(int *, void *);
    extern char __tierlink_ring;
    struct { int count; int pad; } counters[64];
    int pushed, rearmed;
    static void *hammer(void *which) {
      unsigned seed = (unsigned)(long)which;
      for (int i = 0; i < 3000; i++) {
        seed = seed * 1103515245 + 12345;
        int *c = &counters[(long)which * 32 + (seed >> 16) % 32].count;
        __tierlink_hot(c, &__tierlink_ring);
        if (*c != 1048576) __sync_fetch_and_add(&rearmed, 1);
        __sync_fetch_and_add(&pushed, 1);
        if (seed % 8 == 0) usleep(seed >> 16 & 127);
      }
      return 0;
    }
    int main(void) {
      pthread_t t;  pthread_create(&t, 0, hammer, (void *)1);  hammer(0);  pthread_join(t, 0);  return 0; }
    void flood(void) { for (int i = 0; i < 10000; i++) __tierlink_hot(&counters[0].count, &__tierlink_ring); }
    void stray(void) { int local = 5;  __tierlink_hot(&local, &__tierlink_ring); }`;

  test('of two threads hammering all arrive, woken and never polled', async () => {
    const { engine, program } = make(source);
    const first = program.address('counters');
    let taken = 0;
    let wakes = 0;
    addon.engineOnRequests(engine, () => {
      wakes += 1;
      const counters = addon.engineTakeRequests(engine);
      expect(counters.every((at) => at >= first && at < first + 64n * 8n && (at - first) % 8n === 0n)).toBe(
        true,
      );
      taken += counters.length;
    });
    for (let round = 1; round <= 5; round += 1) {
      expect((await addon.run(engine, program.slot('main'), [])).status).toBe(0);
      await until(
        () => taken + addon.engineLostRequests(engine) === round * 6000,
        'the last request has arrived',
      );
    }
    expect(readInt(addon, engine, program.address('pushed'))).toBe(30_000);
    expect(readInt(addon, engine, program.address('rearmed'))).toBe(addon.engineLostRequests(engine));
    expect(wakes).toBeGreaterThan(10);
  });

  test('that do not fit are counted, and their counters ask again', () => {
    const { engine, program } = make(source);
    addon.callPlain(engine, program.slot('flood'));
    expect(addon.engineTakeRequests(engine).length).toBe(8192);
    expect(addon.engineLostRequests(engine)).toBe(10_000 - 8192);
    expect(readInt(addon, engine, program.address('counters'))).toBe(1000);
    addon.callPlain(engine, program.slot('stray'));
    expect(addon.engineTakeRequests(engine).length).toBe(0);
    expect(addon.engineLostRequests(engine)).toBe(10_000 - 8192 + 1);
  });

  test('made before anyone listened wake the listener, as do those a former listener was woken for', async () => {
    const { engine, program } = make(source);
    addon.callPlain(engine, program.slot('flood'));
    let first = 0;
    addon.engineOnRequests(engine, () => (first += 1));
    await until(() => first > 0, 'the listener is called');
    let second = 0;
    addon.engineOnRequests(engine, () => (second += 1));
    await until(() => second > 0, 'the second listener is called');
  });
});

describe('thread-locals', () => {
  test('of an image are one block a thread, begun as the image says', async () => {
    const { engine, program } = make(`
      #include <pthread.h>
      #include <string.h>
      struct index { unsigned long module, offset; };
      extern char *__tls_get_addr(struct index *);
      char image[24] = "initial";
      struct index at = {0, 0}, end = {0, 100000};
      char *mine(void) { return __tls_get_addr(&at); }
      static void *other(void *x) {
        char *p = mine();
        int ok = !strcmp(p, "initial") && p != x && (long)p % 256 == 0 && *__tls_get_addr(&end) == 0;
        strcpy(p, "other");
        return (void *)(long)(ok && mine() == p);
      }
      int main(void) {
        char *p = mine();  void *ok;  pthread_t t;
        if (strcmp(p, "initial") || (long)p % 256) return 1;
        strcpy(p, "changed");  p[99999] = 1;
        for (int i = 0; i < 50; i++) { pthread_create(&t, 0, other, p);  pthread_join(t, &ok);  if (!ok) return 2; }
        return strcmp(mine(), "changed") ? 3 : 0; }`);
    const { data } = regionsOf(addon, engine);
    const descriptor = addon.engineTlsRegister(engine, program.address('image'), 24, 100_001, 256);
    const words = new BigUint64Array(data.bytes);
    words[Number(program.address('at') - data.base) / 8] = descriptor;
    words[Number(program.address('end') - data.base) / 8] = descriptor;
    const mine = addon.bindFunction(engine, program.slot('mine'), 'p', 'mine', asIs);
    const here = mine();
    expect(await addon.run(engine, program.slot('main'), [])).toEqual({ how: 'return', status: 0 });
    expect(mine()).toBe(here);
    expect(await addon.callAsync(engine, program.slot('mine'), 'p', 'mine', [])).not.toBe(here);
    destroyEngine(addon, engine);
    // The number is free again; a new image must not find the old one's blocks.
    const next = make('char image[8] = "second";').engine;
    expect(addon.engineTlsRegister(next, regionsOf(addon, next).data.base, 8, 8, 8)).toBe(descriptor);
  });

  test('of the process are found by module and offset, and by their place in static TLS', () => {
    const name = '_ZSt15__once_callable';
    const index = addon.tlsIndexOf(0n, name);
    const offset = addon.tlsStaticOffsetOf(0n, name);
    expect(index).not.toBeNull();
    expect(offset).toBeLessThan(0n);
    const { engine, program } = make(`
      extern char *__tls_get_addr(unsigned long *);
      unsigned long index[2];
      char *dynamic(void) { return __tls_get_addr(index); }
      char *pointer(void) { char *p;  __asm__("mov %%fs:0, %0" : "=r"(p));  return p; }`);
    const { data } = regionsOf(addon, engine);
    const words = new BigUint64Array(data.bytes, Number(program.address('index') - data.base), 2);
    words[0] = index?.module ?? 0n;
    words[1] = index?.offset ?? 0n;
    const dynamic = addon.callPlain(engine, program.slot('dynamic'));
    expect(dynamic).toBe(addon.processSymbol(name));
    expect(dynamic).toBe(addon.callPlain(engine, program.slot('pointer')) + (offset ?? 0n));
    expect(addon.tlsIndexOf(0n, 'malloc')).toBeNull();
    expect(addon.tlsStaticOffsetOf(0n, 'malloc')).toBeNull();
    expect(addon.tlsIndexOf(0n, 'no_such_name')).toBeNull();
    expect(addon.tlsIndexOf(addon.libraryOpen('libstdc++.so.6'), name)).toEqual(index);
  });
});

describe('sampling', () => {
  test('finds where the threads of a run spend their time', async () => {
    const { engine, program } = make(`
      #include <pthread.h>
      #include <time.h>
      __attribute__((noinline)) void spin(void) { for (volatile long i = 0; i < 100000000; i++) ; }
      void end_of_spin(void) {}
      static void *other(void *x) { spin();  return x; }
      int main(void) { pthread_t t;  pthread_create(&t, 0, other, 0);  spin();  pthread_join(t, 0);  return 0; }`);
    addon.engineStartSampling(engine, 1000);
    await addon.run(engine, program.slot('main'), []);
    addon.engineStopSampling(engine);
    const samples = [...addon.engineTakeSamples(engine)];
    const { code } = regionsOf(addon, engine);
    const inCode = samples.filter((at) => at >= code.base && at < code.base + BigInt(mebibyte));
    expect(inCode.length).toBeGreaterThan(5);
    expect(inCode.length).toBeGreaterThan(samples.length / 2);
    expect(addon.engineTakeSamples(engine).length).toBe(0);
    await addon.run(engine, program.slot('main'), []);
    expect(addon.engineTakeSamples(engine).length).toBe(0);
  });

  test('can begin and end while the program runs', async () => {
    const { engine, program } = make(`
      volatile int leave;
      int main(void) { while (!leave) ;  return 0; }`);
    const run = addon.run(engine, program.slot('main'), []);
    for (let i = 0; i < 3; i += 1) {
      addon.engineStartSampling(engine, 500);
      await until(() => addon.engineTakeSamples(engine).length > 0, 'samples come');
      addon.engineStopSampling(engine);
    }
    const { data } = regionsOf(addon, engine);
    new DataView(data.bytes).setInt32(Number(program.address('leave') - data.base), 1, true);
    expect((await run).status).toBe(0);
    expect(() => {
      addon.engineStartSampling(engine, 0);
    }).toThrow(/intervalUs/);
  });
});

describe('the end of the process', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tierlink-child-'));
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const helper = readFileSync(new URL('./native-program.ts', import.meta.url), 'utf8');
  writeFileSync(join(folder, 'native-program.mjs'), stripTypes(helper));
  const path = addonCandidates().find((candidate) => existsSync(candidate)) ?? '';
  const prologue = `
    import { createRequire } from 'node:module';
    import { Worker, isMainThread } from 'node:worker_threads';
    import { createEngine, destroyEngine, place, readInt, regionsOf } from './native-program.mjs';
    const addon = createRequire(import.meta.url)(${JSON.stringify(path)});
    const engine = createEngine(addon, 1 << 20, 1 << 20, 1 << 20);`;

  function child(script: string): {
    status: number | null;
    signal: string | null;
    stdout: string;
    stderr: string;
  } {
    const file = join(folder, 'child.mjs');
    writeFileSync(file, `${prologue}\n${script}`);
    return spawnSync(process.execPath, [file], { encoding: 'utf8', timeout: 30_000 });
  }

  test('exitProcess flushes stdio and ends at once with the status', () => {
    const seen = child(`
      const program = place(addon, engine, '#include <stdio.h>\\nvoid say(void) { printf("buffered"); }');
      addon.callPlain(engine, program.slot('say'));
      process.on('exit', () => console.log('never'));
      addon.exitProcess(300);`);
    expect(seen).toMatchObject({ status: 300 & 0xff, signal: null, stdout: 'buffered' });
  });

  test('exit in a call from JS ends the process as a native exit would', () => {
    const seen = child(`
      const program = place(addon, engine, '#include <stdio.h>\\n#include <stdlib.h>\\n'
        + 'void bye(void) { printf("bye"); } void end(void) { atexit(bye); exit(7); }');
      addon.callPlain(engine, program.slot('end'));
      console.log('never');`);
    expect(seen).toMatchObject({ status: 7, signal: null, stdout: 'bye' });
  });

  test('exit that libc calls by itself runs exit handlers too', () => {
    const seen = child(`
      const program = place(addon, engine, '#include <stdio.h>\\n#include <stdlib.h>\\n#include <err.h>\\n'
        + 'void bye(void) { printf("bye"); } int main(void) { atexit(bye); errx(6, "wrong"); }');
      await addon.run(engine, program.slot('main'), []);`);
    expect(seen).toMatchObject({ status: 6, signal: null, stdout: 'bye' });
    expect(seen.stderr).toContain('wrong');
  });

  test('process.exit neither waits for a running program nor for parked threads', () => {
    const seen = child(`
      const program = place(addon, engine, '#include <pthread.h>\\n#include <stdlib.h>\\n'
        + 'void *other(void *x) { exit(1); } int spin(void) { for (;;) ; }'
        + 'int main(void) { pthread_t t; pthread_create(&t, 0, other, 0); return spin(); }');
      addon.engineOnRequests(engine, () => {});
      await addon.run(engine, program.slot('main'), []);
      addon.run(engine, program.slot('main'), []);
      void addon.callAsync(engine, program.slot('spin'), '4', 'spin', []);
      setTimeout(() => process.exit(5), 50);`);
    expect(seen).toMatchObject({ status: 5, signal: null });
  });

  test('the event loop ends by itself when nothing is asked to keep it', () => {
    const seen = child(
      `addon.engineOnRequests(engine, () => {}); addon.engineRef(engine, true); addon.engineRef(engine, false);`,
    );
    expect(seen).toMatchObject({ status: 0, signal: null });
  });

  test('a worker that ends leaves its running program alone', () => {
    const seen = child(`
      if (isMainThread) {
        for (let i = 0; i < 3; i += 1) {
          const worker = new Worker(new URL(import.meta.url));
          await new Promise((resolve) => worker.once('message', resolve));
          await worker.terminate();
        }
        destroyEngine(addon, engine);
        console.log('alive');
        process.exit(0);
      } else {
        const { parentPort } = await import('node:worker_threads');
        const program = place(addon, engine, '#include <pthread.h>\\nvolatile long turns;\\n'
          + 'int main(void) { for (;;) turns++; }');
        addon.engineOnRequests(engine, () => {});
        addon.run(engine, program.slot('main'), []);
        void addon.callAsync(engine, program.slot('main'), '4', 'main', []);
        regionsOf(addon, engine);
        parentPort.postMessage('started');
      }`);
    expect(seen).toMatchObject({ status: 0, signal: null, stdout: 'alive\n' });
  });

  test('an uncaught C++ exception in main ends the process as natively', () => {
    const seen = child(`
      const program = place(addon, engine, 'extern "C" int main() { throw 1; }', 'c++');
      addon.framesRegister(...program.frames);
      await addon.run(engine, program.slot('main'), []);`);
    expect(seen).toMatchObject({ status: null, signal: 'SIGABRT' });
    expect(seen.stderr).toContain('terminate called after throwing');
  });

  test('a collected handle gives its memory back, a buffer that lives on keeps it', () => {
    const seen = child(`
      import { readFileSync } from 'node:fs';
      import v8 from 'node:v8';
      import vm from 'node:vm';
      v8.setFlagsFromString('--expose-gc');
      const gc = vm.runInNewContext('gc');
      const make = () => addon.memoryView(addon.memoryCreate(4096, 4096, 4096, 'dual'), 'code', 4096);
      const mapped = () => readFileSync('/proc/self/maps', 'utf8').split('\\n').filter((l) => l.includes('memfd:tierlink')).length;
      let kept = make();
      for (let i = 0; i < 50; i += 1) make();
      const before = mapped();
      const collect = async () => { for (let i = 0; i < 5; i += 1) { gc(); await new Promise((r) => setTimeout(r, 10)); } };
      await collect();
      new Uint8Array(kept)[0] = 1;
      const with1 = mapped();
      kept = undefined;
      await collect();
      console.log(before, with1, mapped());`);
    expect(seen).toMatchObject({ status: 0, stdout: '156 6 3\n' });
  });
});

/** The helper has no syntax but type annotations to lose; the compiler knows how. */
function stripTypes(source: string): string {
  return ts.transpileModule(source, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  }).outputText;
}
