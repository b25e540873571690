/** What goes into the object of a few functions, and what never does. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { present } from '../../src/core/assert.js';
import type { CompileChoice, CompiledObject, CompileRequest } from '../../src/core/compiler.js';
import { readObject } from '../../src/elf/object.js';
import { LlvmCompiler } from '../../src/native/llvm-compiler.js';
import { loadAddon } from '../../src/native/loader.js';
import { baseline, optimized, quick } from '../../tiers/recipes.js';
import { type Canonical, canonical, definedFunctions } from '../support/separate.js';
import { bitcode, llvmBin, scratch } from '../support/toolchain.js';
import { ingestOne } from '../support/ingest.js';

const addon = loadAddon();
const compiler = new LlvmCompiler(addon, 1);
const plain = { ...baseline, counters: false, osr: false };
const best = { ...optimized, counters: false };

afterAll(() => {
  void compiler.destroy();
});

const ingestC = (text: string, more: readonly string[] = []): Canonical =>
  present(canonical(addon, [bitcode(text, more)])[0], 'a module');

function ingestText(text: string): Canonical {
  const bytes = new TextEncoder().encode(text);
  const seen = ingestOne(addon, bytes, 'ir', 1, 'm1');
  if ('kind' in seen) throw new Error(seen.message);
  const summary = JSON.parse(seen.summary) as Canonical['summary'];
  const functions = summary.functions.filter(({ index }) => index >= 0).map(({ name }) => name);
  return { name: 'm1', code: seen.code, data: seen.data, summary, functions };
}

async function compile(
  module: Canonical,
  wanted: readonly string[],
  more: Partial<CompileRequest> = {},
): Promise<CompiledObject & CompileChoice> {
  const standard = {
    module: module.name,
    bitcode: module.code,
    part: 'code',
    tier: plain,
    calls: 'direct',
    near: [],
    priority: { kind: 'lazy' },
  } as const;
  const choices: CompileChoice[] = [];
  const chosen = (choice: CompileChoice): void => {
    choices.push(choice);
  };
  const object = await compiler.compile({ ...standard, functions: { wanted }, chosen, ...more });
  expect(choices).toHaveLength(1);
  return { ...object, ...present(choices[0], 'it was told what is chosen') };
}

/** All functions of the module as a set of possible ones. */
const everything = (module: Canonical): Uint8Array =>
  new Uint8Array(Math.ceil(module.functions.length / 8)).fill(255);

const batch = (module: Canonical, wanted: readonly string[]): Promise<CompiledObject & CompileChoice> =>
  compile(module, wanted, { functions: { wanted, possible: everything(module) } });

/** The code of one function. */
function codeOf(object: Uint8Array, name: string): string {
  const { sections } = readObject(object, 'object');
  for (let at = 0; at < sections.count; at += 1) {
    if (sections.name(at) !== `.text.${name}`) continue;
    const start = sections.offset(at);
    return Buffer.from(object.subarray(start, start + sections.size(at))).toString('hex');
  }
  return '';
}

function inspect(tool: string, flags: readonly string[], object: Uint8Array): string {
  const file = join(scratch(), 'object.o');
  writeFileSync(file, object);
  return execFileSync(join(llvmBin, tool), [...flags, file], { encoding: 'utf8' });
}

describe('a batch', () => {
  const chain = ingestC(`
    extern int external(int);
    int last(int x) { return external(x) + 1; }
    int middle(int x) { return last(x) * 2; }
    int loops(int n) { int s = 0; for (int i = 0; i < n; i++) s += middle(i); return s; }
    int rare(int x) { return x - 1; }
    int maybe(int x) { return x - 2; }
    __attribute__((noreturn)) void die(int);
    int fails(int x) { return x; }
    __attribute__((cold)) int chilly(int x) { return x + 3; }
    int first(int x) {
      if (__builtin_expect(x == 77, 0)) return rare(x);
      if (x < 0) { fails(x); die(x); }
      chilly(x);
      switch (x) { case 1: return maybe(1); case 2: return 7; case 3: return 8; case 4: return 9; }
      return loops(x);
    }
    int alone(int x) { return x; }`);

  it('takes along what is surely or likely called, through other functions too', async () => {
    const { functions, object } = await batch(chain, ['loops']);
    expect(functions).toEqual(['loops', 'middle', 'last']);
    expect(definedFunctions(object)).toEqual(['last', 'loops', 'middle']);
  });

  it('leaves out what is unlikely, cold or ends the program', async () => {
    const { functions } = await batch(chain, ['first']);
    for (const name of ['rare', 'fails', 'chilly', 'maybe', 'alone']) expect(functions).not.toContain(name);
  });

  it('hints at what may be called', async () => {
    const { likely } = await batch(chain, ['first']);
    const names = likely.map(({ name }) => name);
    expect(names).toContain('maybe');
    for (const name of ['rare', 'fails', 'chilly', 'alone']) expect(names).not.toContain(name);
    expect(likely.every(({ likelihood }) => likelihood >= 0.1 && likelihood <= 1)).toBe(true);
  });

  it('hints at functions of other modules, the likeliest first', async () => {
    const { functions, likely } = await batch(
      ingestC(`
        int sure(int); int half(int); __attribute__((cold)) int chilly(int);
        static int inner(int x) { return sure(x); }
        int outer(int x) { if (x & 1) half(x); if (__builtin_expect(x == 3, 0)) chilly(x); return inner(x); }`),
      ['outer'],
    );
    expect(functions).toHaveLength(2);
    expect(likely).toEqual([
      { name: 'sure', likelihood: 1 },
      { name: 'half', likelihood: expect.closeTo(0.5, 1) as number },
    ]);
  });

  it('adds up what calls a function, and how often loops do', async () => {
    const { functions, likely } = await batch(
      ingestC(`
        extern int from(int);
        int twice(int x) { return x; }
        int turned(int x) { return x; }
        static int step(int x) {
          switch (x & 7) { case 0: return turned(x); case 1: return 4; case 2: return 9; case 3: return 8;
            case 4: return 1; case 5: return 3; case 6: return 5; }
          return from(x); }
        int all(int x, int n) {
          if (x & 1) x += twice(x); else x += 3;
          if (x & 2) x += 9; else x += twice(x);
          while (n-- != 0) x += step(x);
          return x; }`),
      ['all'],
    );
    expect(functions).toEqual(['all', 'twice', 'step.m1', 'turned']);
    expect(likely).toEqual([{ name: 'from', likelihood: 1 }]);
  });

  it('hints at all that is surely called, in the order of the calls', async () => {
    const names = Array.from({ length: 120 }, (_, n) => `f${String((n * 71) % 120)}`);
    const bodies = names.map((name) => `int ${name}(int x) { return x * ${name.slice(1)}; }`).sort();
    const calls = names.map((name) => `x += ${name}(x);`);
    const text = `${bodies.join(' ')} int all(int x) { ${calls.join(' ')} return x; }`;
    const { functions, likely } = await batch(ingestC(text), ['all']);
    expect(functions).toEqual(['all', ...names.slice(0, 15)]);
    expect(likely).toEqual(names.slice(15).map((name) => ({ name, likelihood: 1 })));
  });

  it('hints at functions whose address is taken, as somebody may call them', async () => {
    const { functions, likely } = await batch(
      ingestC(`
        extern int each(int (*)(int)); extern int later(int); extern int (*kept)(int);
        int visit(int x) { return x + 1; }
        int begin(void) { kept = later; return each(visit); }`),
      ['begin'],
    );
    expect(functions).toEqual(['begin']);
    expect(likely).toEqual([
      { name: 'each', likelihood: 1 },
      { name: 'later', likelihood: 0.45 },
      { name: 'visit', likelihood: 0.45 },
    ]);
  });

  it('does not hint at functions that are handed in by the dozen', async () => {
    const names = Array.from({ length: 12 }, (_, n) => `f${String(n)}`);
    const bodies = names.map((name) => `int ${name}(int x) { return x; }`);
    const calls = names.map((name) => `offer(${name});`);
    const text = `extern void offer(int (*)(int)); ${bodies.join(' ')} void all(void) { ${calls.join(' ')} }`;
    const { functions, likely } = await batch(ingestC(text), ['all']);
    expect(functions).toEqual(['all']);
    expect(likely).toEqual([{ name: 'offer', likelihood: 1 }]);
  });

  it('takes only what is possible', async () => {
    const possible = everything(chain);
    const index = chain.functions.indexOf('middle');
    possible[index >> 3] = (possible[index >> 3] ?? 0) & ~(1 << (index & 7));
    const wanted = ['loops'];
    const { functions } = await compile(chain, wanted, { functions: { wanted, possible } });
    expect(functions).toEqual(['loops']);
  });

  it('is not endless', async () => {
    const many = Array.from(
      { length: 300 },
      (_, n) => `int f${String(n)}(int x) { return ${n === 0 ? 'x' : `f${String(n - 1)}(x)`}; }`,
    );
    const { functions, likely } = await batch(ingestC(many.join('\n')), ['f299']);
    expect(functions.length).toBe(16);
    expect(likely).toEqual([{ name: 'f283', likelihood: 1 }]);
  });

  it('gives each function the code that it has alone', async () => {
    const wholes = new Map<string, string>();
    for (const name of chain.functions) wholes.set(name, codeOf((await compile(chain, [name])).object, name));
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([...chain.functions], { minLength: 1 }), async (wanted) => {
        const { object, functions } = await compile(chain, wanted);
        expect(functions).toEqual(wanted);
        expect(definedFunctions(object)).toEqual([...wanted].sort());
        for (const name of wanted) expect(codeOf(object, name)).toBe(wholes.get(name));
      }),
      { numRuns: 30 },
    );
  });
});

it('the code of a function is the same however much was compiled before', async () => {
  const many = Array.from(
    { length: 400 },
    (_, n) =>
      `int f${String(n)}(int x) { return x < ${String(n)} ? g(x, "${String(n)}") : x * ${String(n)}; }`,
  );
  const module = ingestC(`int g(int, const char *); ${many.join('\n')}`);
  const first = await compile(module, module.functions);
  // LLVM's passes are kept from one compile to the next, until they have made some megabytes.
  let bytes = 0;
  while (bytes < 12 * 2 ** 20) {
    const { object } = await compile(module, module.functions);
    expect(Buffer.compare(object, first.object)).toBe(0);
    bytes += object.length;
  }
});

describe('bodies of other functions', () => {
  const text = `
    static inline __attribute__((always_inline)) int always(int x) { return x * 3; }
    static int small(int x) { return x + 1; }
    static int reads(const int *p) { return *p + small(*p); }
    __attribute__((noinline)) int pure(int x) { return x * x; }
    int user(int *p) { int s = always(*p) + reads(p); pure(s); return s; }
    int repeats(int *p) { *p = 3; pure(*p); return *p + pure(7) * 0; }`;

  it('that must be inlined come along at every tier', async () => {
    const module = ingestC(text);
    for (const tier of [plain, { ...quick, counters: false, osr: false }, best]) {
      const { object } = await compile(module, ['user'], { tier });
      // Where its calls are counted is named after it.
      expect(inspect('llvm-nm', ['-u'], object)).not.toMatch(/ always$/m);
      expect(definedFunctions(object)).toEqual(['user']);
    }
  });

  it('make a function what it is in its whole module', async () => {
    const module = ingestC(text);
    const whole = await compiler.compile({
      module: 'm',
      bitcode: module.code,
      part: 'code',
      tier: best,
      calls: 'direct',
      near: [],
      priority: { kind: 'lazy' },
    });
    for (const name of module.functions) {
      const { object } = await compile(module, [name], { tier: best });
      expect(codeOf(object, name)).toBe(codeOf(whole.object, name));
      expect(definedFunctions(object)).toEqual([name]);
    }
    const without = await compile(module, ['user'], { tier: { ...best, importBudget: 0 } });
    expect(codeOf(without.object, 'user')).not.toBe(codeOf(whole.object, 'user'));
  });
});

describe('an object of one function', () => {
  it('counts its entries, and reaches what is near without a table', async () => {
    const module = ingestC(
      'extern int near_data, far_data; int f(void) { return near_data + far_data; } int g(void) { return f(); }',
    );
    const { object } = await compile(module, ['f'], { tier: baseline, near: ['near_data'] });
    const text = inspect('llvm-readobj', ['-r', '--expand-relocs'], object).replaceAll(/\s+/g, ' ');
    expect(text).toMatch(/R_X86_64_PC32 \(2\) Symbol: near_data/);
    expect(text).toMatch(/R_X86_64_REX_GOTPCRELX \(42\) Symbol: far_data/);
    expect(text).toMatch(/R_X86_64_PC32 \(2\) Symbol: __tierlink_counter.f /);
    expect(text).not.toContain('__tierlink_counter.g');
  });

  it('has the lines of its debug info, and no more', async () => {
    const module = ingestC(
      `struct mine { int field; } v; int f(struct mine *p) { int local = p->field; return local; }
       int g(int other) { return other; }`,
      ['-g'],
    );
    const { object } = await compile(module, ['f']);
    expect(inspect('llvm-dwarfdump', ['--debug-line'], object)).toMatch(/name: "[^"]*\.c"[^]*is_stmt/);
    // With types and variables, every object would describe what all of its module's code has in common.
    for (const name of ['field', 'local', 'other'])
      for (const bytes of [object, module.code]) expect(Buffer.from(bytes).includes(name)).toBe(false);
    expect(inspect('llvm-dwarfdump', ['--verify'], object)).toContain('No errors');
  });

  it('of a computed goto has a table of its own', async () => {
    const module = ingestC(
      'int f(int n) { static void *const t[] = { &&a, &&b }; goto *t[n & 1]; a: return 1; b: return 2; } int g(int n) { return f(n); }',
    );
    expect(module.summary.whole).toBe('');
    const { object } = await compile(module, ['f']);
    expect(definedFunctions(object)).toEqual(['f']);
    expect(inspect('llvm-nm', ['-u'], object).trim()).toBe('');
  });
});

describe('what can not be compiled alone', () => {
  it('is told: labels of another function, assembly of the module', async () => {
    const shared = ingestText(`
      define ptr @f(i1 %c) { br i1 %c, label %a, label %b
      a: ret ptr blockaddress(@f, %b)
      b: ret ptr null }
      define ptr @g() { ret ptr blockaddress(@f, %b) }`);
    expect(shared.summary.pinned).toBe('');
    expect(shared.summary.whole).toMatch(/label of 'f' is used by 'g'/);
    await expect(compile(shared, ['g'])).rejects.toMatchObject({ code: 'COMPILE_FAILED' });
    expect(ingestText('module asm "nop"\ndefine void @f() { ret void }').summary.whole).toMatch(/assembly/);
  });

  it('is an error: a function that the module does not define', async () => {
    const module = ingestC('extern int g(void); int f(void) { return g(); }');
    for (const name of ['g', 'unheard_of', ''])
      await expect(compile(module, [name])).rejects.toMatchObject({ code: 'COMPILE_FAILED' });
  });

  it('is an error: damaged bitcode', async () => {
    const module = ingestC(
      'int g(int x) { return x ? g(x - 1) * 3 : 1; } int f(int x) { switch (x) { case 1: return g(1); default: return g(2); } }',
    );
    let random = 1;
    for (let round = 0; round < 300; round += 1) {
      const code = module.code.slice();
      for (let flips = 0; flips < 3; flips += 1) {
        random = (random * 48_271) % 2_147_483_647;
        const at = random % code.length;
        code[at] = (code[at] ?? 0) ^ (1 << (random & 7));
      }
      await compile({ ...module, code }, ['f']).catch((error: unknown) => {
        expect(error).toMatchObject({
          code: expect.stringMatching(/^(COMPILE_FAILED|COMPILE_CRASHED|BITCODE_INVALID)$/) as string,
        });
      });
    }
    expect((await compile(module, ['f'])).functions).toEqual(['f']);
  });
});

describe('a compiler of single functions', () => {
  it('goes on with the module after a crash of LLVM in it', async () => {
    const module = ingestText(`
      declare i32 @llvm.aarch64.crc32b(i32, i32)
      define i32 @good(i32 %a) { ret i32 %a }
      define i32 @bad(i32 %a) { %r = call i32 @llvm.aarch64.crc32b(i32 %a, i32 %a) ret i32 %r }`);
    for (let round = 0; round < 5; round += 1) {
      await expect(compile(module, ['bad'])).rejects.toMatchObject({ code: 'COMPILE_CRASHED' });
      expect((await compile(module, ['good'])).functions).toEqual(['good']);
    }
  });

  it('forgets what it is told to, and reads it again when asked to', async () => {
    const module = ingestC('int f(void) { return 1; }');
    const { object } = await compile(module, ['f']);
    compiler.forget(module.code);
    compiler.forget(module.code);
    expect((await compile(module, ['f'])).object).toEqual(object);
  });

  it('keeps no more memory after ten thousand functions than after a thousand', async () => {
    const functions = Array.from(
      { length: 100 },
      (_, n) => `int f${String(n)}(int x) { return x * ${String(n * 7919)} + f${String((n + 1) % 100)}(x); }`,
    );
    const module = ingestC(
      `${Array.from({ length: 100 }, (_, n) => `int f${String(n)}(int);`).join(' ')} ${functions.join('\n')}`,
    );
    const rounds = async (count: number): Promise<number> => {
      for (let at = 0; at < count; at += 100)
        await Promise.all(module.functions.map((name) => compile(module, [name])));
      (globalThis as { gc?: () => void }).gc?.();
      return process.memoryUsage().rss;
    };
    await rounds(1000);
    const before = await rounds(1000);
    const after = await rounds(9000);
    expect(after - before).toBeLessThan(64 << 20);
  });
});
