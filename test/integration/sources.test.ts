import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import llvm from 'llvm-bindings';
import { describe, expect, it } from 'vitest';
import { inspectModule } from '../../src/index.js';
import { engineFor, linkages } from '../support/engine.js';
import { bitcode, llvmBin, object, scratch } from '../support/toolchain.js';

/** `double scale(double x, i32 n)`: x * n, with a counter of its calls in a static. */
function buildWithBindings(): InstanceType<typeof llvm.Module> {
  const context = new llvm.LLVMContext();
  const module = new llvm.Module('bindings', context);
  const builder = new llvm.IRBuilder(context);
  const { Function: Fn, FunctionType, BasicBlock, GlobalVariable, GlobalValue } = llvm;
  const calls = new GlobalVariable(
    module,
    builder.getInt32Ty(),
    false,
    GlobalValue.LinkageTypes.InternalLinkage,
    builder.getInt32(0),
    'calls',
  );
  const types = [builder.getDoubleTy(), builder.getInt32Ty()];
  const type = FunctionType.get(builder.getDoubleTy(), types, false);
  const scale = Fn.Create(type, Fn.LinkageTypes.ExternalLinkage, 'scale', module);
  builder.SetInsertPoint(BasicBlock.Create(context, 'entry', scale));
  const count = builder.CreateAdd(builder.CreateLoad(builder.getInt32Ty(), calls), builder.getInt32(1));
  builder.CreateStore(count, calls);
  const factor = builder.CreateSIToFP(scale.getArg(1), builder.getDoubleTy());
  builder.CreateRet(builder.CreateFMul(scale.getArg(0), factor));
  const howMany = Fn.Create(
    FunctionType.get(builder.getInt32Ty(), [], false),
    Fn.LinkageTypes.ExternalLinkage,
    'howMany',
    module,
  );
  builder.SetInsertPoint(BasicBlock.Create(context, 'entry', howMany));
  builder.CreateRet(builder.CreateLoad(builder.getInt32Ty(), calls));
  return module;
}

describe.each(linkages)('with linkage %s, a module can come as', (linkage) => {
  it('an llvm-bindings module, as it is', async () => {
    const engine = engineFor({ linkage });
    engine.addModule('bindings', buildWithBindings());
    await engine.link();
    const scale = engine.fn('scale');
    expect(scale.signature).toBe('double (double, i32)');
    expect(scale(1.5, 4)).toBe(6);
    await engine.recompile('bindings', 'peak');
    expect(scale(2.5, 2)).toBe(5);
    expect(engine.fn('howMany')()).toBe(2);
  });

  it('an ELF object that calls and is called by bitcode', async () => {
    const engine = engineFor({ linkage });
    engine.addModule(
      'object',
      object(`
        #include <stdio.h>
        #include <errno.h>
        int fromIr(int); static int calls; _Thread_local int local = 5; int common;
        __attribute__((constructor)) static void begin(void) { calls = 100; }
        int fromObject(int x) { calls++; local++; errno = 0; return fromIr(x) * 2 + snprintf(0, 0, "%d", x); }
        int howOften(void) { return calls * 1000 + local; }`),
    );
    engine.addModule(
      'ir',
      bitcode(
        'int fromObject(int); int fromIr(int x) { return x + 1; } int go(int x) { return fromObject(x); } extern int howOften(void); int (*pointer(void))(void) { return howOften; }',
      ),
    );
    await engine.link();
    expect(engine.fn('go')(20)).toBe(44);
    await engine.recompile('ir', 'peak');
    expect(engine.fn('go')(20)).toBe(44);
    expect(engine.fn('howOften', { signature: 'i32 ()' })()).toBe(102_007);
    expect(engine.fn('pointer')()).toBe(engine.fn('howOften', { signature: 'i32 ()' }).address);
  });

  it('an archive, of which only what is needed joins', async () => {
    const folder = scratch();
    const member = (name: string, text: string) => {
      writeFileSync(join(folder, name), name.endsWith('.bc') ? bitcode(text) : object(text));
      return join(folder, name);
    };
    const members = [
      member('one.o', 'int two(void); int one(void) { return two() + 1; }'),
      member('two.bc', 'int two(void) { return 2; }'),
      member('never.o', 'int missing(void); int never(void) { return missing(); }'),
    ];
    const archive = join(folder, 'lib.a');
    execFileSync(join(llvmBin, 'llvm-ar'), ['rcs', archive, ...members]);
    const engine = engineFor({ linkage });
    engine.addModule('lib.a', archive);
    engine.addModule('main', bitcode('int one(void); int go(void) { return one(); }'));
    await engine.link();
    expect(engine.fn('go')()).toBe(3);
    expect(engine.snapshot().modules.map((module) => module.name)).toEqual([
      'main',
      'lib.a(one.o)',
      'lib.a(two.bc)',
    ]);
  });

  it('an archive whose members leave again when the link fails (I8)', async () => {
    const folder = scratch();
    writeFileSync(join(folder, 'one.o'), object('int missing(void); int one(void) { return missing(); }'));
    const archive = join(folder, 'lib.a');
    execFileSync(join(llvmBin, 'llvm-ar'), ['rcs', archive, join(folder, 'one.o')]);
    const engine = engineFor({ linkage });
    engine.addModule('lib.a', archive);
    engine.addModule('main', bitcode('int one(void); int go(void) { return one(); }'));
    const before = engine.snapshot();
    await expect(engine.link()).rejects.toThrow('missing');
    expect({ ...engine.snapshot(), wallMs: 0 }).toEqual({ ...before, wallMs: 0 });
    engine.addModule('more', bitcode('int missing(void) { return 5; }'));
    await engine.link();
    expect(engine.fn('go')()).toBe(5);
  });

  it('an archive whose member shares its COMDAT groups again after it left (I8)', async () => {
    const folder = scratch();
    const text =
      'template <class T> T more(T x) { return x + 1; } int missing(); int one() { return more(1) + missing(); }';
    writeFileSync(join(folder, 'one.o'), object(text, ['-x', 'c++', '-O0']));
    const archive = join(folder, 'lib.a');
    execFileSync(join(llvmBin, 'llvm-ar'), ['rcs', archive, join(folder, 'one.o')]);
    const engine = engineFor({ linkage });
    engine.addModule('lib.a', archive);
    engine.addModule('main', bitcode('int one(void) __asm__("_Z3onev"); int go(void) { return one(); }'));
    await expect(engine.link()).rejects.toThrow('_Z7missingv');
    engine.addModule(
      'more',
      bitcode('int missing(void) __asm__("_Z7missingv"); int missing(void) { return 5; }'),
    );
    await engine.link();
    expect(engine.fn('go')()).toBe(7);
  });

  it('bitcode with weak, common and aliased symbols, and thread-locals of two modules', async () => {
    const engine = engineFor({ linkage });
    engine.addModule(
      'a',
      bitcode(
        `
      int shared; // common
      __attribute__((weak)) int choice(void) { return 1; }
      __attribute__((weak)) extern int absent(void);
      _Thread_local int mine = 3;
      int real(void) { return 9; }
      int alias(void) __attribute__((alias("real")));
      int ask(void) { return choice() + (absent ? 100 : 0) + mine++; }
      void set(int x) { shared = x; }`,
        ['-fcommon'],
      ),
    );
    engine.addModule(
      'b',
      bitcode(
        'int shared; int choice(void) { return 2; } extern _Thread_local int mine; int alias(void); int get(void) { return shared + mine * 100 + alias() * 10000; } extern int real(void); void *first(void) { return alias; } void *second(void) { return real; }',
        ['-fcommon'],
      ),
    );
    await engine.link();
    for (const tier of ['baseline', 'peak']) {
      await engine.recompile('a', tier);
      await engine.recompile('b', tier);
      engine.fn('set')(7);
      expect(engine.fn('first')()).toBe(engine.fn('second')());
    }
    expect([engine.fn('ask')(), engine.fn('ask')()]).toEqual([5, 6]);
    expect(engine.fn('get')()).toBe(90_507);
    // Another thread has thread-locals of its own.
    expect(await engine.fn('ask').async()).toBe(5);
  });

  it('bitcode with an ifunc, a computed goto and a switch', async () => {
    const engine = engineFor({ linkage });
    engine.addModule(
      'a',
      bitcode(`
      static int fast(int x) { return x * 3; }
      static int (*pick(void))(int) { return fast; }
      int chosen(int) __attribute__((ifunc("pick")));
      int walk(const char *p) {
        static const void *const table[] = { &&stop, &&add, &&twice };
        int n = 1; goto *table[(int)*p++];
        add: n += 1; goto *table[(int)*p++];
        twice: n *= 2; goto *table[(int)*p++];
        stop: return n;
      }
      int pickOne(int x) { switch (x) { case 0: return 5; case 1: return 17; case 2: return 3; case 3: return 99; case 4: return -1; case 5: return 8; } return 0; }`),
    );
    await engine.link();
    for (const tier of ['baseline', 'quick', 'optimized', 'peak']) {
      await engine.recompile('a', tier);
      expect(engine.fn('chosen', { signature: 'int (int)' })(14)).toBe(42);
      expect(engine.fn('walk')(new Uint8Array([1, 2, 2, 1, 0]))).toBe(9);
      expect([0, 1, 2, 3, 4, 5, 6].map((x) => engine.fn('pickOne')(x))).toEqual([5, 17, 3, 99, -1, 8, 0]);
    }
  });
});

describe('symbols are resolved', () => {
  it('from a shared library that is named', async () => {
    const folder = scratch();
    const library = join(folder, 'libgiven.so');
    writeFileSync(
      join(folder, 'given.c'),
      'int given = 20; _Thread_local int own = 2; int fromLibrary(int x) { return x + given; }',
    );
    execFileSync(join(llvmBin, 'clang'), ['-shared', '-fPIC', join(folder, 'given.c'), '-o', library]);
    const engine = engineFor({ libraries: [library] });
    engine.addModule(
      'a',
      bitcode(
        'int fromLibrary(int); extern int given; extern _Thread_local int own; int go(void) { given++; own++; return fromLibrary(1) * 10 + own; } int far(void) { return fromLibrary == &fromLibrary; }',
      ),
    );
    await engine.link();
    expect(engine.fn('go')()).toBe(223);
    await engine.recompile('a', 'peak');
    expect(engine.fn('go')()).toBe(234);
  });

  it('from modules before the process, and later modules from earlier ones', async () => {
    const engine = engineFor();
    engine.addModule(
      'a',
      bitcode('int abs(int x) { return x * 2; } int go(int x) { return abs(x); }', ['-fno-builtin']),
    );
    await engine.link();
    expect(engine.fn('go')(21)).toBe(42);
    engine.addModule('b', bitcode('int go(int); int again(int x) { return go(x) + 1; }'));
    await engine.link();
    expect(engine.fn('again')(21)).toBe(43);
  });
});

describe('inspectModule', () => {
  it('tells what would be promoted and split', () => {
    const seen = inspectModule(
      'a',
      bitcode(
        'static int counter; static int step(void) { return ++counter; } int go(void) { return step(); } int missing(void); int use(void) { return missing(); } __attribute__((constructor)) void first(void) {}',
      ),
    );
    const fate = (name: string) => seen.symbols.find((symbol) => symbol.name.startsWith(name))?.fate;
    expect(fate('counter')).toBe('promoted from counter, split into the data object');
    expect(fate('step')).toBe('promoted from step');
    expect(fate('go')).toBe('');
    expect(fate('missing')).toBe('needed from elsewhere');
    expect(seen.constructors).toEqual(['first']);
  });

  it('tells what an object defines and needs', () => {
    const seen = inspectModule('a', object('int missing(void); int go(void) { return missing(); }'));
    expect(seen.symbols.map(({ name, defined }) => [name, defined])).toEqual(
      expect.arrayContaining([
        ['go', true],
        ['missing', false],
      ]),
    );
  });

  it('reads a file by its path', () => {
    const path = join(scratch(), 'a.bc');
    writeFileSync(path, bitcode('int go(void) { return 1; }'));
    expect(inspectModule('a', readFileSync(path)).symbols).toEqual(inspectModule('a', { path }).symbols);
  });
});
