/** What is very likely called soon is compiled before it is called, whatever module it is in. */
import { expect, it, vi } from 'vitest';
import type { CompileRequest, Compiler } from '../../src/core/compiler.js';
import { createEngine, type Engine, type EngineOptions, type PublishedEvent } from '../../src/index.js';
import { LlvmCompiler } from '../../src/native/llvm-compiler.js';
import { loadAddon } from '../../src/native/loader.js';
import { bitcode } from '../support/toolchain.js';

const first = `
  int next(int); int rare(int);
  int begin(int x) { if (x < 0) return x == -8 ? rare(x) + 1 : x; return next(x); }`;
const second = `
  int last(int);
  int next(int x) { return last(x) + 1; }
  int rare(int x) { return x; }`;
const third = 'int last(int x) { return x * 2; }';

/** Compiles; what is asked for ahead waits for a word, or fails. */
class HeldAhead implements Compiler {
  readonly threads = 2;
  readonly ahead: CompileRequest[] = [];
  readonly raised: string[] = [];
  /** What is dropped is told later: when somebody wants it sooner. */
  keepsDropped = false;
  readonly #inner = new LlvmCompiler(loadAddon(), 2);
  readonly #held: (() => void)[] = [];
  readonly #fails: boolean;

  constructor(fails: boolean) {
    this.#fails = fails;
  }

  async compile(request: CompileRequest): ReturnType<Compiler['compile']> {
    if (request.priority.kind !== 'ahead') return this.#inner.compile(request);
    this.ahead.push(request);
    if (this.#fails) throw new Error('not today');
    await new Promise<void>((resolve) => {
      this.#held.push(resolve);
      request.ticket?.attach({
        cancel: () => {
          if (!this.keepsDropped) resolve();
        },
        move: ({ kind }) => {
          this.raised.push(kind);
          resolve();
        },
      });
    });
    return this.#inner.compile(request);
  }

  compileNow(request: CompileRequest): ReturnType<Compiler['compileNow']> {
    return this.#inner.compileNow(request);
  }

  pending(): number {
    return this.#inner.pending();
  }

  release(): void {
    for (const resolve of this.#held.splice(0)) resolve();
  }

  async destroy(): Promise<void> {
    this.release();
    await this.#inner.destroy();
  }
}

/** Compiles; hands objects over when it is told to. */
class HeldObjects implements Compiler {
  readonly threads = 2;
  readonly wanted: (readonly string[])[] = [];
  readonly chosen: string[] = [];
  readonly #inner = new LlvmCompiler(loadAddon(), 2);
  #release: () => void = () => undefined;
  readonly #released = new Promise<void>((resolve) => {
    this.#release = resolve;
  });

  async compile(request: CompileRequest): ReturnType<Compiler['compile']> {
    if (request.part === 'data') return this.#inner.compile(request);
    this.wanted.push(request.functions?.wanted ?? []);
    const chosen: CompileRequest['chosen'] = (choice) => {
      request.chosen?.(choice);
      this.chosen.push(...choice.functions);
    };
    const object = await this.#inner.compile({ ...request, chosen });
    await this.#released;
    return object;
  }

  compileNow(request: CompileRequest): ReturnType<Compiler['compileNow']> {
    return this.#inner.compileNow(request);
  }

  pending(): number {
    return this.#inner.pending();
  }

  release(): void {
    this.#release();
  }

  async destroy(): Promise<void> {
    this.release();
    await this.#inner.destroy();
  }
}

async function linked(
  options: EngineOptions = {},
): Promise<{ readonly engine: Engine; readonly published: PublishedEvent[] }> {
  const engine = createEngine({ unit: 'function', policy: 'never', ...options });
  const published: PublishedEvent[] = [];
  engine.on('published', (event) => published.push(event));
  for (const [name, text] of Object.entries({ first, second, third })) engine.addModule(name, bitcode(text));
  await engine.link();
  return { engine, published };
}

/** An engine of which a thread of its own has called `begin`, so that control is free to look ahead. */
async function held(fails = false): Promise<Awaited<ReturnType<typeof linked>> & { compiler: HeldAhead }> {
  const compiler = new HeldAhead(fails);
  const all = await linked({ parts: { compiler: () => compiler } });
  expect(await all.engine.fn('begin').async(-7)).toBe(-7);
  await vi.waitFor(() => {
    expect(compiler.ahead).toHaveLength(1);
  });
  return { ...all, compiler };
}

it('follows calls into other modules, from one to the next, and leaves out what is not likely', async () => {
  const { engine, published } = await linked();
  expect(await engine.fn('begin').async(-7)).toBe(-7);
  await vi.waitFor(() => {
    // What is likely may be there first.
    expect(published.map(({ unit, reason }) => [unit, reason]).sort()).toEqual([
      ['begin', 'first call'],
      ['last', 'likely to be called'],
      ['next', 'likely to be called'],
    ]);
  });
  expect(await engine.fn('begin').async(1)).toBe(3);
  expect(published).toHaveLength(3);
  expect(await engine.fn('begin').async(-8)).toBe(-7);
  // The call may return before the event of its compile has come from the thread of control.
  await vi.waitFor(() => {
    expect(published.at(-1)).toMatchObject({ unit: 'rare', reason: 'first call' });
  });
  await engine.dispose();
});

it('compiles constructors together before they run', async () => {
  const engine = createEngine({ unit: 'function', policy: 'never' });
  const published: PublishedEvent[] = [];
  engine.on('published', (event) => published.push(event));
  const numbers = [1, 10, 100].map(String);
  for (const n of numbers) {
    const build = `extern int built; __attribute__((constructor)) void build${n}(void) { built += ${n}; }`;
    engine.addModule(`builds${n}`, bitcode(build));
  }
  engine.addModule('parts', bitcode('int built; int all(void) { return built; }'));
  await engine.link();
  expect(await engine.fn('all').async()).toBe(111);
  expect(
    published
      .filter(({ reason }) => reason === 'likely to be called')
      .map(({ unit }) => unit)
      .sort(),
  ).toEqual(numbers.map((n) => `build${n}`));
  await engine.dispose();
});

it('does not wait for constructors of an engine that ends', async () => {
  const compiler = new HeldAhead(false);
  const engine = createEngine({ unit: 'function', policy: 'never', parts: { compiler: () => compiler } });
  engine.addModule('m', bitcode('int x; __attribute__((constructor)) void build(void) { x = 1; }'));
  const linked = expect(engine.link()).rejects.toMatchObject({ code: expect.any(String) as string });
  await vi.waitFor(() => {
    expect(compiler.ahead).toHaveLength(1);
  });
  await engine.dispose();
  await linked;
});

it('compiles what is likely called before the code that calls it is there', async () => {
  const compiler = new HeldObjects();
  const { engine } = await linked({ parts: { compiler: () => compiler } });
  const call = engine.fn('begin').async(1);
  await vi.waitFor(() => {
    expect(compiler.wanted).toEqual([['begin'], ['next'], ['last']]);
  });
  compiler.release();
  expect(await call).toBe(3);
  await engine.dispose();
});

it('a call of what is compiled along with another function waits for that compile', async () => {
  const compiler = new HeldObjects();
  const engine = createEngine({ unit: 'function', policy: 'never', parts: { compiler: () => compiler } });
  engine.addModule(
    'm',
    bitcode('int along(int x) { return x + 1; } int begin(int x) { return along(x) * 2; }'),
  );
  await engine.link();
  const call = engine.fn('begin').async(1);
  await vi.waitFor(() => {
    expect(compiler.chosen).toEqual(['begin', 'along']);
  });
  const other = engine.fn('along').async(1);
  const again = engine.recompile('m', 'quick');
  compiler.release();
  expect(await Promise.all([call, other])).toEqual([4, 2]);
  expect(await again).toMatchObject({ tier: 'quick' });
  // The second was for all of the module.
  expect(compiler.wanted).toEqual([['begin'], []]);
  await engine.dispose();
});

it('a call of what was to be compiled along with what fails compiles it alone', async () => {
  const compiler = new HeldObjects();
  const engine = createEngine({ unit: 'function', policy: 'never', parts: { compiler: () => compiler } });
  const bad = 'int begin(int x) { __asm__("no such instruction"); return along(x) * 2; }';
  engine.addModule('m', bitcode(`int along(int x) { return x + 1; } ${bad}`));
  await engine.link();
  const failed = expect(engine.fn('begin').async(1)).rejects.toMatchObject({ code: 'COMPILE_FAILED' });
  await vi.waitFor(() => {
    expect(compiler.chosen).toEqual(['begin', 'along']);
  });
  const other = engine.fn('along').async(1);
  compiler.release();
  await failed;
  expect(await other).toBe(2);
  expect(compiler.wanted).toEqual([['begin'], ['along']]);
  await engine.dispose();
});

it('asks for few things at a time, and together for what is wanted of a module meanwhile', async () => {
  const compiler = new HeldAhead(false);
  const engine = createEngine({ unit: 'function', policy: 'never', parts: { compiler: () => compiler } });
  const numbers = Array.from({ length: 6 }, (_, n) => String(n));
  const all = (text: (n: string) => string): string => numbers.map(text).join(' ');
  // Each of the six calls one function of a module of its own, and one of the module that they share.
  const caller = `${all((n) => `int own${n}(int);`)} int begin(int x) { if (x < 0) return x; ${all((n) => `x += own${n}(x);`)} return x; }`;
  engine.addModule('caller', bitcode(caller));
  for (const n of numbers) {
    const text = `int shared${n}(int); int own${n}(int x) { return shared${n}(x); }`;
    engine.addModule(`own${n}`, bitcode(text));
  }
  engine.addModule('shared', bitcode(all((n) => `int shared${n}(int x) { return x & ${n}; }`)));
  await engine.link();
  expect(await engine.fn('begin').async(-7)).toBe(-7);
  await vi.waitFor(() => {
    expect(compiler.ahead).toHaveLength(compiler.threads + 1);
  });
  const published: string[] = [];
  engine.on('published', ({ module, functions }) => {
    for (let each = 0; each < functions; each += 1) published.push(module);
  });
  const ofShared = () => published.filter((name) => name === 'shared');
  await vi.waitFor(() => {
    compiler.release();
    expect(ofShared()).toHaveLength(numbers.length);
  });
  expect(published).toHaveLength(2 * numbers.length);
  const requests = compiler.ahead.map(({ module }) => module);
  expect(requests.filter((name) => name === 'shared').length).toBeLessThan(numbers.length);
  expect(await engine.fn('begin').async(9)).toBe(numbers.reduce((x, n) => x + (x & Number(n)), 9));
  await engine.dispose();
});

it('a call of what is being compiled ahead waits for that compile, which goes before all others', async () => {
  const { engine, published, compiler } = await held();
  const call = engine.fn('begin').async(2);
  await vi.waitFor(() => {
    expect(compiler.raised).toContain('lazy');
  });
  expect(await call).toBe(5);
  expect(published.filter(({ unit }) => unit === 'next')).toHaveLength(1);
  await engine.dispose();
});

it('a call of what was compiled ahead, and dropped just before, compiles it again', async () => {
  const { engine, published, compiler } = await held();
  compiler.keepsDropped = true;
  // It is dropped for a compile that somebody asked for, which waits until that is told.
  const recompiled = engine.recompile('second', 'quick');
  const call = engine.fn('begin').async(2);
  await vi.waitFor(() => {
    expect(compiler.raised).toContain('lazy');
  });
  expect(await call).toBe(5);
  expect(await recompiled).toMatchObject({ tier: 'quick' });
  expect(published.some(({ unit, tier }) => unit === 'next' && tier === 'baseline')).toBe(true);
  await engine.dispose();
});

it('a call on the thread of control overtakes it', async () => {
  const { engine, published, compiler } = await held();
  expect(engine.fn('begin')(2)).toBe(5);
  compiler.release();
  await engine.recompile('first', 'quick');
  expect(published.filter(({ unit }) => unit === 'next')).toHaveLength(1);
  expect(engine.fn('begin')(3)).toBe(7);
  await engine.dispose();
});

it('main is compiled while the link is under way; a link that fails leaves nothing of it', async () => {
  const { engine } = await linked();
  const published: string[] = [];
  engine.on('published', ({ unit }) => published.push(unit));
  engine.addModule('main', bitcode('int begin(int); int main(void) { return begin(3); }'));
  // It can't be taken apart, so it is compiled by the link.
  engine.addModule(
    'bad',
    bitcode(`
      int bad(int x) {
        static void *table[] = { &&one, &&two };
        table[x & 1] = &&two; goto *table[0];
        one: __asm__("no such instruction"); two: return x; }`),
  );
  await expect(engine.link()).rejects.toMatchObject({ code: 'COMPILE_FAILED' });
  const slots = engine.snapshot().slots;
  await engine.removeModule('bad');
  await engine.link();
  expect(engine.snapshot().slots).toBe(slots + 1);
  expect(await engine.run()).toEqual({ how: 'return', status: 7 });
  expect(published.filter((unit) => unit === 'main')).toHaveLength(1);
  await engine.dispose();
});

it('its failure is nobody’s: the call compiles again', async () => {
  const { engine, compiler } = await held(true);
  const failures: unknown[] = [];
  engine.on('failed', (event) => failures.push(event));
  expect(await engine.fn('begin').async(2)).toBe(5);
  expect(failures).toEqual([]);
  expect(compiler.ahead.length).toBeGreaterThan(0);
  await engine.dispose();
});

it('is dropped for a module that gets new source, or is removed', async () => {
  const { engine, compiler } = await held();
  const replaced = engine.replaceModule('second', bitcode(second.replace('+ 1', '+ 100')));
  compiler.release();
  await replaced;
  expect(await engine.fn('begin').async(2)).toBe(104);
  await engine.removeModule('second', { force: true });
  await expect(engine.fn('begin').async(2)).rejects.toMatchObject({ code: 'FUNCTION_REMOVED' });
  expect(await engine.fn('begin').async(-7)).toBe(-7);
  await engine.dispose();
});
