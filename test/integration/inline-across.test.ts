/** Functions of other modules are inlined at `peak`; what relies on a module is out of use before that is another one. */
import { describe, expect, it } from 'vitest';
import type { CompileRequest, Compiler } from '../../src/core/compiler.js';
import {
  absoluteResolver,
  type Engine,
  type EngineOptions,
  memory,
  moduleResolver,
  processResolver,
} from '../../src/index.js';
import { LlvmCompiler } from '../../src/native/llvm-compiler.js';
import { loadAddon } from '../../src/native/loader.js';
import { engineFor, examined, linkages, pause } from '../support/engine.js';
import { bitcode } from '../support/toolchain.js';

const app = `
  int step(int); int label(int);
  int total(int n) { int sum = 0; for (int i = 0; i < n; i++) sum += step(i); return sum; }
  int named(int n) { return label(n); }`;

/** Every part of it is one of its module's own. */
const library = (by: number) => `
  static int calls; static const int factors[4] = { 1, 2, 3, ${String(by)} }; static const char *const names[2] = { "a", "bc" };
  static int times(int x) { calls++; return x * factors[3]; }
  int step(int x) { return times(x); }
  int called(void) { return calls; }
  int label(int n) { return names[n & 1][0] + factors[n & 3]; }`;

interface Program {
  readonly engine: Engine;
  readonly total: (n: number) => unknown;
}

async function program(
  options: EngineOptions = {},
  sources = { app, library: library(10) },
): Promise<Program> {
  const engine = engineFor({ unit: 'function', ...options });
  for (const [name, text] of Object.entries(sources)) engine.addModule(name, bitcode(text));
  await engine.link();
  return { engine, total: engine.fn('total') };
}

/** What a function calls at `peak`. */
async function callsOf(engine: Engine, name: string): Promise<string[]> {
  const { instructions } = await engine.disassemble(name, 'peak');
  return instructions.filter(({ text }) => text.startsWith('call')).map(({ symbol }) => symbol);
}

function reliesOn(engine: Engine, module: string): unknown {
  return engine.snapshot().modules.find(({ name }) => name === module)?.reliesOn;
}

/** 0 + 1 + ... + 99. */
const sum = 4950;

describe.each(linkages)('inlining across modules with linkage %s', (linkage) => {
  it('leaves no call, does the same, and is told by snapshots', async () => {
    const { engine, total } = await program({ linkage });
    expect(total(100)).toBe(sum * 10);
    expect(reliesOn(engine, 'app')).toEqual([]);
    expect(await callsOf(engine, 'total')).toEqual([]);
    await engine.recompile('app', 'peak');
    expect(reliesOn(engine, 'app')).toEqual([{ module: 'library', generation: 1 }]);
    expect(reliesOn(engine, 'library')).toEqual([]);
    expect(total(100)).toBe(sum * 10);
    expect(engine.fn('called')()).toBe(200);
    expect(engine.fn('named')(1)).toBe('b'.charCodeAt(0) + 2);
    expect(engine.audit().violations).toEqual([]);
  });

  it('what is mostly called by its address is inlined, too, as long as its module is what it was', async () => {
    const text = (by: number) => `
      static int calls;
      int usual(int x) { calls++; return x * ${String(by)}; }
      int other(int x) { calls++; return -x; }
      static int third(int x) { calls++; return x + 1; }
      int (*volatile chosen[8])(int) = { usual, usual, other, usual, third, usual, other, usual };
      void turn(void) { int (*first)(int) = chosen[0]; for (int i = 0; i < 7; i++) chosen[i] = chosen[i + 1]; chosen[7] = first; }
      int called(void) { return calls; }`;
    const caller = `
      extern int (*volatile chosen[8])(int);
      int total(int n) { int sum = 0; for (int i = 0; i < n; i++) sum += chosen[i & 7](i); return sum; }`;
    const kinds = [0, 0, 1, 0, 2, 0, 1, 0];
    const expected = (by: number, turns: number): number =>
      Array.from({ length: 100 }, (_, i) => {
        const kind = kinds[(i + turns) % 8];
        return kind === 0 ? i * by : kind === 1 ? -i : i + 1;
      }).reduce((all, one) => all + one, 0);
    const { engine, total } = await program({ linkage }, { app: caller, library: text(10) });
    const [turn, called] = [engine.fn('turn'), engine.fn('called')];
    // They have not counted themselves: their caller has.
    await engine.recompile('app', 'quick');
    for (let round = 0; round < 50; round += 1) expect(total(100)).toBe(expected(10, 0));
    await engine.recompile('app', 'peak');
    expect(reliesOn(engine, 'app')).toEqual([{ module: 'library', generation: 1 }]);
    // LLVM compares with each of the three, and what is none of them is still called.
    expect(await callsOf(engine, 'total')).toEqual(['']);
    for (let turns = 1; turns <= 8; turns += 1) {
      turn();
      expect(total(100)).toBe(expected(10, turns));
    }
    expect(called()).toBe(5800);
    await engine.replaceModule('library', bitcode(text(11)));
    expect(reliesOn(engine, 'app')).toEqual([]);
    expect(total(100)).toBe(expected(11, 0));
    await engine.recompile('app', 'peak');
    expect(reliesOn(engine, 'app')).toEqual([{ module: 'library', generation: 2 }]);
    expect(total(100)).toBe(expected(11, 0));
    expect(called()).toBe(6000);
  });

  it('new source is in use at once, and is inlined in its turn', async () => {
    const { engine, total } = await program({ linkage });
    total(1);
    for (let by = 11; by < 20; by += 1) {
      await engine.recompile('app', 'peak');
      await engine.replaceModule('library', bitcode(library(by)));
      expect(reliesOn(engine, 'app')).toEqual([]);
      expect(total(100)).toBe(sum * by);
      await engine.recompile('app', 'peak');
      const generation = by - 9;
      expect(reliesOn(engine, 'app')).toEqual([{ module: 'library', generation }]);
      expect(await callsOf(engine, 'total')).toEqual([]);
      engine.move('app');
      expect(total(100)).toBe(sum * by);
      expect(reliesOn(engine, 'app')).toEqual([{ module: 'library', generation }]);
    }
    expect(engine.fn('called')()).toBe(1 + 9 * 200);
    await examined(engine, 0);
    expect(engine.snapshot().retired).toEqual([]);
  });

  it('a replacement that is refused leaves what relies on the module in use', async () => {
    const { engine, total } = await program({ linkage });
    await engine.recompile('app', 'peak');
    const refused = engine.replaceModule('library', bitcode('int step(int x) { return x; }'));
    await expect(refused).rejects.toMatchObject({ code: 'REPLACE_MISMATCH' });
    expect(reliesOn(engine, 'app')).toEqual([{ module: 'library', generation: 1 }]);
    expect(engine.snapshot().versionsByTier).toMatchObject({ peak: 1 });
    expect(total(100)).toBe(sum * 10);
  });

  it('what a removed module has stays as long as a thread is in what relies on it', async () => {
    const { engine, total } = await program({ linkage }, { app: holding, library: lending });
    const hold = engine.fn('hold');
    await engine.recompile('app', 'peak');
    expect(reliesOn(engine, 'app')).toEqual([{ module: 'library', generation: 1 }]);
    const held = hold.async();
    while (engine.fn('isInside')() === 0) await pause(1);
    await engine.removeModule('library', { force: true });
    const { data } = engine.snapshot().memory;
    expect(reliesOn(engine, 'app')).toEqual([]);
    expect(() => total(1)).toThrow(expect.objectContaining({ code: 'FUNCTION_REMOVED' }) as Error);
    for (let look = 0; look < 10; look += 1) engine.reclaim();
    expect(engine.snapshot().memory.data).toBeGreaterThan(data - 4096);
    engine.fn('end')();
    expect(await held).toBe(0);
    await examined(engine, 0);
    expect(engine.snapshot().retired).toEqual([]);
    expect(engine.snapshot().memory.data).toBeLessThan(data - 60_000);
    // One of the same name takes its place, and is inlined again.
    engine.addModule('library', bitcode(lending.replace('40', '70')));
    await engine.link();
    await engine.recompile('app', 'peak');
    expect(await callsOf(engine, 'total')).toEqual([]);
    expect(total(0)).toBe(70);
  });

  it('a thread that is in what relied on a module finishes in it, and calls the new', async () => {
    const text = (by: number) => `int apart(void); int step(int x) { return x + ${String(by)}; }
      __attribute__((noinline)) int apart(void) { volatile int seen = ${String(by)}; return seen; }`;
    const loop = `
      #include <unistd.h>
      int step(int); int apart(void); volatile int stop, rounds, mixed;
      int watch(int first) { int seen = 0; while (!stop) { if (step(1) != first + 1) mixed++; seen |= apart(); rounds++; usleep(50); } return seen; }
      int mixtures(void) { return mixed; } int begun(void) { return rounds; } void end(void) { stop = 1; } int total(int n) { return step(n); }`;
    const { engine, total } = await program({ linkage }, { app: loop, library: text(1) });
    const [watch, begun] = [engine.fn('watch'), engine.fn('begun')];
    await engine.recompile('app', 'peak');
    const watching = watch.async(1);
    while (begun() === 0) await pause(1);
    for (const by of [2, 4, 8]) {
      await engine.replaceModule('library', bitcode(text(by)));
      expect(total(0)).toBe(by);
      const before = Number(begun());
      while (Number(begun()) < before + 3) await pause(1);
    }
    engine.fn('end')();
    expect(await watching).toBe(15);
    expect(engine.fn('mixtures')()).toBe(0);
    await examined(engine, 0);
    expect(engine.snapshot().retired).toEqual([]);
  });
});

/** Stays in `hold`, which inlines from the other module, and counts what it reads there that is wrong. */
const holding = `
  #include <unistd.h>
  volatile int stop, inside; int step(int);
  int hold(void) { int wrong = step(0) != 40; while (!stop) { inside = 1; usleep(100); wrong += step(0) != 40; } return wrong; }
  int isInside(void) { return inside; } void end(void) { stop = 1; } int total(int n) { return step(n); }`;
const lending =
  'static int room[20000] = { 40 }; static int add(int x) { return room[0] += x; } int step(int x) { return add(x); }';

describe('what may be inlined across modules', () => {
  const callers = 'int step(int); int total(int n) { return step(n); }';

  it.each([
    ['is weak', '__attribute__((weak)) int step(int x) { return x + 1; }'],
    [
      'takes a variable number of arguments',
      '#include <stdarg.h>\nint step(int x, ...) { va_list l; va_start(l, x); va_end(l); return x + 1; }',
    ],
    [
      'jumps through labels',
      'int step(int x) { static void *to[] = { &&a, &&b }; goto *to[x & 1]; a: return x + 1; b: return x + 1; }',
    ],
    [
      'returns twice',
      '#include <setjmp.h>\nint step(int x) { jmp_buf b; if (setjmp(b)) return x + 1; longjmp(b, 1); }',
    ],
    ['is of another type there', 'long step(long x) { return x + 1; }'],
  ])('a function that %s is called', async (_, library) => {
    const { engine, total } = await program({}, { app: callers, library });
    expect((await callsOf(engine, 'total')).length + (await jumpsOf(engine, 'total')).length).toBe(1);
    await engine.recompile('app', 'peak');
    expect([total(1), total(2)]).toEqual([2, 3]);
  });

  it('a function that a resolver in front of the modules answers for is called', async () => {
    const { engine: other } = await program(
      {},
      { app: callers, library: 'int step(int x) { return x + 7; }' },
    );
    const step = other.snapshot().modules.length > 0 ? other.fn('step') : undefined;
    expect(step?.(1)).toBe(8);
    const answer = absoluteResolver({ step: 4096n });
    const parts = { resolvers: [answer, moduleResolver(), processResolver()] };
    const { engine } = await program(
      { parts },
      { app: callers, library: 'int step(int x) { return x + 1; }' },
    );
    expect([...(await callsOf(engine, 'total')), ...(await jumpsOf(engine, 'total'))]).toEqual(['step']);
  });

  it('a module that was linked when a name led elsewhere is no source where that is used', async () => {
    const engine = engineFor({ unit: 'function' });
    // abs is libc's for the first module, and the last one's for the second.
    engine.addModule('early', bitcode('int abs(int); int far(int x) { return abs(x); }', ['-fno-builtin']));
    await engine.link();
    engine.addModule('mine', bitcode('int abs(int x) { return x * 100; }', ['-fno-builtin']));
    engine.addModule('late', bitcode('int far(int); int near(int x) { return far(x); }'));
    await engine.link();
    await engine.recompile('late', 'peak');
    expect(engine.fn('near')(-3)).toBe(3);
    expect(reliesOn(engine, 'late')).toEqual([]);
  });

  it('constants, statics, thread-locals, tables and exceptions of another module work where they are inlined', async () => {
    const library = `
      #include <stdexcept>
      #include <string>
      static thread_local int mine = 5; static int shared = 1; static const double halves[3] = { 0.5, 1.5, 2.5 };
      static int one(int x) { return x + 1; } static int two(int x) { return x + 2; }
      static int (*const table[2])(int) = { one, two };
      struct Guard { int &at; ~Guard() { at += 100; } };
      extern "C" int step(int x) { Guard guard{shared}; mine += x; if (x < 0) throw std::runtime_error(std::string("less than ") + "nothing");
        return table[x & 1](x) + (int)(halves[x % 3] * 2) + mine; }
      extern "C" int state() { return shared * 1000 + mine; }`;
    const user = `
      #include <exception>
      #include <cstring>
      extern "C" int step(int); extern "C" int total(int n) { int sum = 0; for (int i = 0; i < n; i++) sum += step(i); return sum; }
      extern "C" int caught(int x) { try { return step(x); } catch (std::exception &e) { return (int)strlen(e.what()); } }`;
    const run = async (tier: string): Promise<unknown[]> => {
      const engine = engineFor({ unit: 'function' });
      engine.addModule('app', bitcode(user, ['-x', 'c++']));
      engine.addModule('library', bitcode(library, ['-x', 'c++']));
      await engine.link();
      await engine.recompile('app', tier);
      if (tier === 'peak') expect(reliesOn(engine, 'app')).toEqual([{ module: 'library', generation: 1 }]);
      const [total, caught, state] = [engine.fn('total'), engine.fn('caught'), engine.fn('state')];
      return [total(10), caught(-1), caught(3), state(), total(5), caught(-7), state()];
    };
    expect(await run('peak')).toEqual(await run('baseline'));
  });

  it('calls that lead from one module through others back to the first are inlined, and mean the same', async () => {
    const engine = engineFor({ unit: 'function' });
    engine.addModule(
      'a',
      bitcode(
        'int b(int); static int seen; int own(int x) { return ++seen + x; } int a(int x) { return b(x) + seen; }',
      ),
    );
    engine.addModule(
      'b',
      bitcode('int c(int); static int own_(int x) { return x * 2; } int b(int x) { return c(own_(x)); }'),
    );
    engine.addModule('c', bitcode('int own(int); int c(int x) { return own(x) + 1; }'));
    await engine.link();
    expect(engine.fn('a')(10)).toBe(23);
    expect(await callsOf(engine, 'a')).toEqual([]);
    await engine.recompile('a', 'peak');
    expect(engine.fn('a')(10)).toBe(25);
    expect(reliesOn(engine, 'a')).toEqual([
      { module: 'b', generation: 1 },
      { module: 'c', generation: 1 },
    ]);
    await engine.replaceModule('c', bitcode('int own(int); int c(int x) { return own(x) + 1000; }'));
    expect(engine.fn('a')(10)).toBe(1026);
  });

  it('functions of other modules that call each other in a circle are called', async () => {
    const engine = engineFor({ unit: 'function' });
    engine.addModule(
      'app',
      bitcode('int even(int); int small(int); int total(int n) { return even(n) * 10 + small(n); }'),
    );
    engine.addModule(
      'one',
      bitcode(
        'int odd(int); int even(int n) { return n == 0 ? 1 : odd(n - 1); } int small(int n) { return n < 5; }',
      ),
    );
    engine.addModule('two', bitcode('int even(int); int odd(int n) { return n == 0 ? 0 : even(n - 1); }'));
    await engine.link();
    expect(await callsOf(engine, 'total')).toEqual(['even']);
    await engine.recompile('app', 'peak');
    expect([engine.fn('total')(4), engine.fn('total')(7)]).toEqual([11, 0]);
  });

  it('a recipe says so: without the field nothing is inlined across modules', async () => {
    const alone = {
      name: 'alone',
      passes: 'default<O3>',
      codegenLevel: 3,
      hostCpu: true,
      counters: false,
      importBudget: 4000,
      bindLocalCalls: true,
    } as const;
    const { engine, total } = await program({ tiers: ['baseline', alone] });
    await engine.recompile('app', 'alone');
    expect(reliesOn(engine, 'app')).toEqual([]);
    expect(total(100)).toBe(sum * 10);
  });
});

async function jumpsOf(engine: Engine, name: string): Promise<string[]> {
  const { instructions } = await engine.disassemble(name, 'peak');
  return instructions
    .filter(({ text, symbol }) => text.startsWith('jmp') && symbol !== '')
    .map(({ symbol }) => symbol);
}

/** Compiles, and holds what is compiled at `peak` back until it is told to go on. */
class HeldBack implements Compiler {
  readonly threads = 2;
  readonly held: CompileRequest[] = [];
  isHolding = true;
  #release: () => void = () => undefined;
  readonly #inner = new LlvmCompiler(loadAddon(), 2);

  async compile(request: CompileRequest): ReturnType<Compiler['compile']> {
    const compiled = await this.#inner.compile(request);
    if (request.tier.name !== 'peak') return compiled;
    this.held.push(request);
    if (this.isHolding)
      await new Promise<void>((resolve) => {
        this.#release = resolve;
      });
    return compiled;
  }

  release(): void {
    this.#release();
  }

  compileNow(request: CompileRequest): ReturnType<Compiler['compileNow']> {
    return this.#inner.compileNow(request);
  }

  pending(): number {
    return this.#inner.pending();
  }

  destroy(): Promise<void> {
    this.#release();
    return this.#inner.destroy();
  }
}

describe('a compile that is under way while a module is replaced that it took bodies from', () => {
  it('does not come into use: it is compiled again, with the new source', async () => {
    const compiler = new HeldBack();
    const { engine, total } = await program({ parts: { compiler: () => compiler } });
    expect(total(100)).toBe(sum * 10);
    const recompiled = engine.recompile('app', 'peak');
    while (compiler.held.length < 1) await pause(1);
    await engine.replaceModule('library', bitcode(library(20)));
    compiler.isHolding = false;
    compiler.release();
    await recompiled;
    expect(compiler.held.map(({ sources = [] }) => sources.length)).toEqual([1, 1]);
    expect(total(100)).toBe(sum * 20);
    expect(reliesOn(engine, 'app')).toEqual([{ module: 'library', generation: 2 }]);
  });

  it('is compiled without others when they go on changing', async () => {
    const compiler = new HeldBack();
    const { engine, total } = await program({ parts: { compiler: () => compiler } });
    const recompiled = engine.recompile('app', 'peak');
    for (let by = 11; by < 15; by += 1) {
      while (compiler.held.length < by - 10) await pause(1);
      await engine.replaceModule('library', bitcode(library(by)));
      compiler.release();
    }
    await recompiled;
    expect(compiler.held.map(({ sources = [] }) => sources.length)).toEqual([1, 1, 1, 0]);
    expect(reliesOn(engine, 'app')).toEqual([]);
    expect(total(100)).toBe(sum * 14);
  });
});

describe('objects of the cache', () => {
  it('are found again when all that was taken is the same, and not when it is not', async () => {
    const cache = memory();
    const bytes = new Map([10, 11, 30, 31].map((by) => [by, bitcode(library(by))]));
    const user = bitcode(app);
    const compiled = async (
      by: number,
    ): Promise<{ readonly hits: number; readonly result: unknown; readonly relies: unknown }> => {
      const engine = engineFor({ unit: 'function', cache });
      engine.addModule('app', user);
      engine.addModule('library', bytes.get(by) ?? '');
      await engine.link();
      const total = engine.fn('total');
      await engine.flushCache();
      const outcomes: string[] = [];
      engine.on('cache', ({ outcome, module, content }) => {
        if (module === 'app' && content === 'code') outcomes.push(outcome);
      });
      await engine.recompile('app', 'peak');
      const seen = {
        hits: outcomes.filter((outcome) => outcome === 'hit').length,
        result: total(100),
        relies: reliesOn(engine, 'app'),
      };
      await engine.flushCache();
      await engine.replaceModule('library', bytes.get(by + 1) ?? '');
      expect(total(100)).toBe(sum * (by + 1));
      await engine.dispose();
      return seen;
    };
    const relies = [{ module: 'library', generation: 1 }];
    expect(await compiled(10)).toEqual({ hits: 0, result: sum * 10, relies });
    expect(await compiled(30)).toEqual({ hits: 0, result: sum * 30, relies });
    expect(await compiled(10)).toEqual({ hits: 1, result: sum * 10, relies });
  });
});

describe('a continuation', () => {
  const looping = (by: number) => ({
    app: `int step(int); volatile int stopped; volatile long rounds; void stop(void) { stopped = 1; } long count(void) { return rounds; }
      int main(void) { unsigned sum = 0; while (!stopped) { for (int i = 0; i < 1000; i++) sum += step(i); rounds++; } return sum == 1; }`,
    library: `int step(int x) { return x * ${String(by)}; }`,
  });

  it('that relies on a module is left to no more once that is replaced, and another one comes', async () => {
    const engine = engineFor({ unit: 'function', policy: 'counters' });
    const continued: string[] = [];
    engine.on('continued', ({ function: name, tier }) => continued.push(`${name} ${tier}`));
    for (const [name, text] of Object.entries(looping(3))) engine.addModule(name, bitcode(text));
    await engine.link();
    for (let round = 1; round <= 2; round += 1) {
      const ended = engine.run('main', ['app'], {});
      while (continued.length < round) await pause(5);
      expect(reliesOn(engine, 'app')).toEqual([{ module: 'library', generation: round }]);
      await engine.replaceModule('library', bitcode(looping(3 + round).library));
      expect(reliesOn(engine, 'app')).toEqual([]);
      engine.fn('stop')();
      expect(await ended).toMatchObject({ status: 0 });
      await engine.replaceModule('app', bitcode(looping(3).app), { state: 'reset' });
      await engine.recompile('library', 'baseline');
    }
    expect(continued).toEqual(['main peak', 'main peak']);
    await examined(engine, 0);
    expect(engine.snapshot().retired).toEqual([]);
  });
});
