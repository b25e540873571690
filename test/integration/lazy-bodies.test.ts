/** Modules of which no body is read before it is compiled: the same code, and errors where they belong. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, inject, it } from 'vitest';
import { present } from '../../src/core/assert.js';
import type { CompiledObject, CompileRequest } from '../../src/core/compiler.js';
import { TierlinkError, type TierRecipe } from '../../src/index.js';
import type { ModuleSummary } from '../../src/native/contract.js';
import { LlvmCompiler } from '../../src/native/llvm-compiler.js';
import { loadAddon } from '../../src/native/loader.js';
import { baseline, optimized } from '../../tiers/recipes.js';
import { engineFor } from '../support/engine.js';
import { ingestOne } from '../support/ingest.js';
import { buildProgram, type Canonical, canonical } from '../support/separate.js';
import { bitcode, llvmBin, object, root, scratch } from '../support/toolchain.js';

const addon = loadAddon();
const compiler = new LlvmCompiler(addon, 1);
const lowest = { ...baseline, counters: false, osr: false };
const higher = { ...optimized, counters: false };

afterAll(() => compiler.destroy());

/** IR text as bitcode that nobody verified. */
function unverified(text: string): Uint8Array {
  const folder = scratch();
  writeFileSync(join(folder, 'input.ll'), text);
  execFileSync(join(llvmBin, 'llvm-as'), ['-disable-verify', 'input.ll', '-o', 'output.bc'], {
    cwd: folder,
    stdio: 'pipe',
  });
  return readFileSync(join(folder, 'output.bc'));
}

/** What a summary says, but for sizes of bodies and declarations that no body may use. */
function certain({ functions, variables, unread: _, ...rest }: ModuleSummary): object {
  return {
    ...rest,
    functions: functions
      .filter(({ kind }) => kind === 'define')
      .map(({ instructions: _size, ...function_ }) => function_),
    variables: variables.filter(({ kind }) => kind === 'define'),
  };
}

const declared = ({ functions, variables }: ModuleSummary): Set<string> =>
  new Set([...functions, ...variables].filter(({ kind }) => kind === 'declare').map(({ name }) => name));

async function compile(
  { name, code }: Canonical,
  tier: TierRecipe,
  functions?: CompileRequest['functions'],
): Promise<CompiledObject> {
  const request = {
    module: name,
    bitcode: code,
    part: 'code',
    tier,
    calls: 'direct',
    near: [],
    priority: { kind: 'lazy' },
  } as const;
  return compiler.compile(functions === undefined ? request : { ...request, functions });
}

/**
 * That modules are the same whether their bodies are read at once or later: as a whole, and every nth function alone.
 * Says how many were left unread.
 */
async function expectSame(modules: readonly Uint8Array[], nth: number): Promise<number> {
  const eager = canonical(addon, modules);
  const lazy = canonical(addon, modules, true);
  for (const [at, one] of eager.entries()) {
    const other = present(lazy[at], 'as many');
    expect(certain(other.summary)).toEqual(certain(one.summary));
    expect([...declared(one.summary)].filter((name) => !declared(other.summary).has(name))).toEqual([]);
    expect(other.functions).toEqual(one.functions);
    expect(Buffer.from(other.data ?? []).equals(one.data ?? Buffer.alloc(0))).toBe(true);
    const wholes = await Promise.all([one, other].map((module) => compile(module, lowest)));
    expect(wholes[1]?.object.length).toBe(wholes[0]?.object.length);
    if (one.summary.whole !== '') continue;
    for (const [index, name] of one.functions.entries()) {
      if (index % nth !== 0) continue;
      const tier = index % (2 * nth) === 0 ? lowest : higher;
      const [first, second] = await Promise.all(
        [one, other].map((module) => compile(module, tier, { wanted: [name] })),
      );
      expect(Buffer.from(second?.object ?? []).equals(first?.object ?? Buffer.alloc(0)), name).toBe(true);
    }
  }
  return lazy.filter(({ summary }) => summary.unread).length;
}

describe('code whose bodies are read late is that of bodies that are read at once', () => {
  const programs = readdirSync(join(root, 'test', 'corpus', 'c')).sort();
  it.each(programs)('in the C program %s', async (name) => {
    const { modules } = buildProgram(join(root, 'test', 'corpus', 'c', name), ['-std=gnu11']);
    expect(await expectSame(modules, 1)).toBeGreaterThan(0);
  });

  it.each([
    ['exceptions', 3],
    ['rtti', 3],
    ['statics', 3],
    ['coroutines', 0],
  ])('in the C++ program %s', async (name, unread) => {
    const { modules } = buildProgram(join(root, 'test', 'corpus', 'cxx', name), ['-std=c++20']);
    expect(await expectSame(modules, 16)).toBe(unread);
  });

  it('in Lua', async () => {
    const modules = [...inject('luaModules')].sort().map((file) => readFileSync(file));
    // Two have no function.
    expect(await expectSame(modules, 16)).toBe(31);
  });
});

describe('bodies are read at once', () => {
  const unread = (bytes: Uint8Array, format: 'bitcode' | 'ir' = 'bitcode'): boolean => {
    const seen = ingestOne(addon, bytes, format, 1, 'm', true);
    if ('kind' in seen) throw new Error(seen.message);
    return (JSON.parse(seen.summary) as ModuleSummary).unread;
  };
  const text = 'int f(int x) { return x + 1; }';

  it('unless the module is of bitcode, of this LLVM, without debug info', () => {
    expect(unread(bitcode(text))).toBe(true);
    expect(unread(bitcode(text, ['-g']))).toBe(false);
    expect(unread(Buffer.from('define i32 @f() { ret i32 1 }'), 'ir')).toBe(false);
    const folder = scratch();
    writeFileSync(join(folder, 'old.ll'), 'define i32 @f() { ret i32 1 }');
    execFileSync('/usr/lib/llvm-14/bin/llvm-as', ['old.ll', '-o', 'old.bc'], { cwd: folder });
    expect(unread(readFileSync(join(folder, 'old.bc')))).toBe(false);
  });
});

describe('of a module whose bodies were not read', () => {
  const lazily = { bodies: 'lazy', unit: 'function' } as const;

  /** `@bad` uses a value before it is there. */
  const partlyBad = `
    target triple = "x86_64-pc-linux-gnu"
    define i32 @bad(i32 %x) {
      %sum = add i32 %later, %x
      %later = add i32 %x, 1
      ret i32 %sum
    }
    define i32 @good(i32 %x) { ret i32 %x }
    define i32 @calls(i32 %x) {
      %is = icmp eq i32 %x, 0
      br i1 %is, label %yes, label %no
    yes:
      %r = call i32 @bad(i32 %x)
      ret i32 %r
    no:
      ret i32 7
    }`;

  it('a body that does not verify is an error of the call that needs it, and of no other', async () => {
    const engine = engineFor(lazily);
    engine.addModule('m', unverified(partlyBad));
    await engine.link();
    expect(engine.fn('good')(5)).toBe(5);
    expect(engine.fn('calls')(1)).toBe(7);
    expect(() => engine.fn('calls')(0)).toThrow(/m.*bad|does not dominate/s);
    expect(() => engine.fn('bad')(1)).toThrow(TierlinkError);
    expect(engine.fn('good')(6)).toBe(6);
    // Nor does it keep those that would have inlined it from being compiled at higher tiers.
    await expect(engine.recompile('m', 'optimized')).rejects.toThrow(/dominate/);
    expect(engine.fn('calls')(1)).toBe(7);
  });

  it('the same module is refused where bodies are read at once', () => {
    const engine = engineFor({ unit: 'function' });
    expect(() => {
      engine.addModule('m', unverified(partlyBad));
    }).toThrow(expect.objectContaining({ code: 'IR_UNVERIFIED' }));
  });

  it('declarations that no body uses need no definition, those that one uses do', async () => {
    const text = (use: string): Uint8Array =>
      unverified(`
        target triple = "x86_64-pc-linux-gnu"
        declare i32 @nowhere(i32)
        @nothing = external global i32
        define i32 @f(i32 %x) { ${use} ret i32 %x }`);
    const engine = engineFor(lazily);
    engine.addModule('m', text(''));
    await engine.link();
    expect(engine.fn('f')(3)).toBe(3);
    const other = engineFor(lazily);
    other.addModule('m', text('call i32 @nowhere(i32 1)'));
    await expect(other.link()).rejects.toMatchObject({
      code: 'SYMBOL_UNRESOLVED',
      details: { symbols: ['nowhere'] },
    });
  });

  it('annotations in code keep what they refer to', async () => {
    const engine = engineFor(lazily);
    const text = 'int f(int x) { int y __attribute__((annotate("a note"))) = x; return y * 2; }';
    engine.addModule('m', bitcode(text));
    await engine.link();
    expect(engine.fn('f')(4)).toBe(8);
  });

  it('whole modules and data are the same program', async () => {
    const engine = engineFor({ bodies: 'lazy', unit: 'module' });
    engine.addModule(
      'm',
      bitcode('static int n = 4; static int g(int x) { return n += x; } int f(int x) { return g(x); }'),
    );
    await engine.link();
    expect(engine.fn('f')(1)).toBe(5);
    await engine.recompile('m', 'peak');
    expect(engine.fn('f')(1)).toBe(6);
    await engine.replaceModule('m', bitcode('static int n = 4; int f(int x) { return n - x; }'));
    expect(engine.fn('f')(1)).toBe(5);
  });

  it('an object beside it is no different', async () => {
    const engine = engineFor(lazily);
    engine.addModule('o', object('int h(int x) { return x * 3; }'));
    engine.addModule('m', bitcode('int h(int); int f(int x) { return h(x) + 1; }'));
    await engine.link();
    expect(engine.fn('f')(2)).toBe(7);
  });
});

describe('flipped bits in bodies', () => {
  it('never end the process, and functions that are whole are compiled', async () => {
    const whole = bitcode(
      `static int n; int g(int); int f(int x) { n++; return x ? g(x) : f(x - 1); }
      int h(int x) { switch (x) { case 1: return f(2); case 5: return g(x); case 9: return 4; } return x / 3; }
      int k(int x) { return __builtin_expect(x > 3, 1) ? h(x) : g(x); }`,
    );
    const kinds = new Map<string, number>();
    let halves = 0;
    for (let bit = 0; bit < whole.length * 8; bit += 37) {
      const bytes = Uint8Array.from(whole);
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const seen = ingestOne(addon, bytes, 'bitcode', 1, 'flipped', true);
      if ('kind' in seen) continue;
      const summary = JSON.parse(seen.summary) as ModuleSummary;
      const functions = summary.functions.filter(({ index }) => index >= 0).map(({ name }) => name);
      const module: Canonical = { name: 'm', code: seen.code, data: seen.data, summary, functions };
      const possible = new Uint8Array([255]);
      const outcomes = await Promise.allSettled(
        functions.map((name) =>
          compile(module, bit % 2 === 0 ? lowest : higher, { wanted: [name], possible }),
        ),
      );
      const failed = outcomes.flatMap((outcome) =>
        outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
      );
      for (const error of failed) {
        expect(error).toBeInstanceOf(TierlinkError);
        const { code } = error as TierlinkError;
        kinds.set(code, (kinds.get(code) ?? 0) + 1);
      }
      if (failed.length > 0 && failed.length < functions.length) halves += 1;
    }
    expect(kinds.get('BITCODE_INVALID')).toBeGreaterThan(5);
    expect(kinds.get('IR_UNVERIFIED')).toBeGreaterThan(5);
    const allowed = ['BITCODE_INVALID', 'IR_UNVERIFIED', 'COMPILE_FAILED', 'COMPILE_CRASHED'];
    expect([...kinds.keys()].filter((code) => !allowed.includes(code))).toEqual([]);
    expect(halves).toBeGreaterThan(10);
    expect(process.memoryUsage().rss).toBeLessThan(2e9);
  });
});
