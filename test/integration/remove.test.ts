import { describe, expect, it } from 'vitest';
import { dualMappedMemory, type Engine, FaultInjectingMemory, type Linkage } from '../../src/index.js';
import { engineFor, linkages, pause } from '../support/engine.js';
import { bitcode, object } from '../support/toolchain.js';

const code = (name: string, details: object = {}) =>
  expect.objectContaining({ code: name, details: expect.objectContaining(details) as unknown }) as unknown;

async function callers(linkage: Linkage): Promise<Engine> {
  const engine = engineFor({ linkage });
  engine.addModule(
    'app',
    bitcode(`
      int twice(int); extern int factor; int (*pointer(void))(int);
      int run(int x) { return twice(x) + 1; }
      int scaled(int x) { return x * factor; }
      int indirect(int x) { return pointer()(x); }`),
  );
  engine.addModule(
    'library',
    bitcode(`
      int factor = 10; static int seen;
      static int hidden(int x) { return x + ++seen; }
      int (*pointer(void))(int) { return hidden; }
      int twice(int x) { return 2 * x; }`),
  );
  await engine.link();
  return engine;
}

describe.each(linkages)('removing a module with linkage %s', (linkage) => {
  it('is refused with the list of those that use it, and nothing changes', async () => {
    const engine = await callers(linkage);
    await expect(engine.removeModule('library')).rejects.toEqual(
      code('MODULE_IN_USE', { module: 'library', users: ['app (pointer, twice, factor)'] }),
    );
    expect(engine.fn('run')(20)).toBe(41);
    await engine.removeModule('app');
    await engine.removeModule('library');
    expect(engine.snapshot().modules).toEqual([]);
    expect(() => engine.fn('run')).toThrow(code('SYMBOL_UNKNOWN'));
  });

  it('gives all memory of code, constants and variables back', async () => {
    const engine = engineFor({ linkage });
    const source = bitcode(
      'int table[5000]; int f(int x) { return table[x]++; } const char *t(void) { return "text"; }',
    );
    engine.addModule('first', source);
    await engine.link();
    await engine.removeModule('first');
    const { memory } = engine.snapshot();
    for (let round = 0; round < 20; round += 1) {
      engine.addModule('first', source);
      await engine.link();
      expect(engine.fn('f')(3)).toBe(0);
      expect(engine.fn('f')(3)).toBe(1);
      await engine.removeModule('first');
    }
    expect(engine.snapshot().retired).toEqual([]);
    expect(engine.snapshot().memory).toMatchObject({
      code: memory.code,
      readonly: memory.readonly,
      data: memory.data,
    });
  });

  it('by force: calls that still lead there get an error, also through pointers, and others go on', async () => {
    const engine = await callers(linkage);
    const run = engine.fn('run');
    const indirect = engine.fn('indirect');
    const twice = engine.fn('twice');
    await engine.removeModule('library', { force: true });
    for (let round = 0; round < 3; round += 1) {
      expect(() => run(20)).toThrow(
        code('FUNCTION_REMOVED', { symbol: 'run', reason: 'twice of module library was removed' }),
      );
      expect(() => indirect(20)).toThrow(
        code('FUNCTION_REMOVED', { reason: 'pointer of module library was removed' }),
      );
      expect(() => twice(20)).toThrow(code('FUNCTION_REMOVED', { symbol: 'twice' }));
      await expect(run.async(20)).rejects.toEqual(code('FUNCTION_REMOVED', { symbol: 'run' }));
    }
    // The variable stays for those that refer to it, at any tier.
    expect(engine.fn('scaled')(7)).toBe(70);
    for (const tier of ['optimized', 'peak', 'baseline']) {
      await engine.recompile('app', tier);
      expect(engine.fn('scaled')(7)).toBe(70);
      expect(() => run(20)).toThrow(code('FUNCTION_REMOVED'));
    }
    engine.move('app');
    expect(engine.fn('scaled')(7)).toBe(70);
    expect(() => run(20)).toThrow(code('FUNCTION_REMOVED'));
  });

  it('a function of the same name and type that is added later is reached by all that called the old one', async () => {
    const engine = await callers(linkage);
    const run = engine.fn('run');
    await engine.removeModule('library', { force: true });
    const text = (result: string) =>
      bitcode(
        `int factor = 3; static int hidden(int x) { return ${result}; } int (*pointer(void))(int) { return hidden; } int twice(int x) { return ${result}; }`,
      );
    engine.addModule('other', text('x * 2 + 100'));
    await engine.link();
    expect(run(20)).toBe(141);
    expect(engine.fn('indirect')(1)).toBe(102);
    await engine.removeModule('other', { force: true });
    expect(() => run(20)).toThrow(code('FUNCTION_REMOVED', { reason: 'twice of module other was removed' }));
    engine.addModule('library', text('x * 2 + 200'));
    await engine.link();
    expect(run(20)).toBe(241);
    expect(engine.fn('indirect')(1)).toBe(202);
  });

  it('one of another type is not', async () => {
    const engine = await callers(linkage);
    await engine.removeModule('library', { force: true });
    engine.addModule('library', bitcode('double twice(double x) { return 2 * x; }'));
    await engine.link();
    expect(engine.fn('twice')(1.5)).toBe(3);
    expect(() => engine.fn('run')(20)).toThrow(code('FUNCTION_REMOVED'));
  });

  it('a weak definition of another module takes over', async () => {
    const engine = engineFor({ linkage });
    const weak = (module: string, n: number) =>
      bitcode(
        `__attribute__((weak)) int shared(void) { return ${String(n)}; } int ${module}(void) { return shared(); }`,
      );
    engine.addModule('one', weak('one', 1));
    engine.addModule('two', weak('two', 2));
    engine.addModule(
      'user',
      bitcode(
        'int shared(void); void *of(void) { return (void *)shared; } int three(void) { return shared() + 10; }',
      ),
    );
    await engine.link();
    const pointer = engine.fn('of')();
    expect([engine.fn('two')(), engine.fn('three')()]).toEqual([1, 11]);
    await engine.removeModule('one');
    expect([engine.fn('two')(), engine.fn('three')(), engine.fn('of')()]).toEqual([2, 12, pointer]);
    await engine.recompile('two', 'optimized');
    expect([engine.fn('two')(), engine.fn('three')()]).toEqual([2, 12]);
    await expect(engine.removeModule('two')).rejects.toEqual(
      code('MODULE_IN_USE', { users: ['user (shared)'] }),
    );
  });

  it('threads that are inside stay in the old code; it is reclaimed when they have left', async () => {
    const engine = engineFor({ linkage });
    engine.addModule(
      'worker',
      bitcode(
        '#include <unistd.h>\nvolatile int *stopping(void); int spin(void) { volatile int *stop = stopping(); int n = 0; while (!*stop) { usleep(500); n++; } return n > 0; }',
      ),
    );
    engine.addModule(
      'flag',
      bitcode(
        'static volatile int stop; volatile int *stopping(void) { return &stop; } void end(void) { stop = 1; }',
      ),
    );
    await engine.link();
    const spinning = engine.fn('spin').async();
    await pause(20);
    await engine.removeModule('worker');
    engine.reclaim();
    expect(engine.snapshot().retired.map(({ name }) => name)).toEqual([expect.stringContaining('worker at')]);
    engine.fn('end')();
    expect(await spinning).toBe(1);
    engine.reclaim();
    expect(engine.snapshot().retired).toEqual([]);
  });
});

it('exit handlers of a removed module run at once, and only those', async () => {
  const engine = engineFor();
  const text = (digit: number) =>
    bitcode(`
      #include <stdlib.h>
      void note(int);
      static void last(void) { note(${String(digit)}); }
      __attribute__((constructor)) static void begin(void) { atexit(last); }
      __attribute__((destructor)) static void end(void) { note(${String(digit + 5)}); }`);
  engine.addModule(
    'log',
    bitcode('static int seen; void note(int n) { seen = seen * 10 + n; } int noted(void) { return seen; }'),
  );
  engine.addModule('one', text(1));
  engine.addModule('two', text(2));
  await engine.link();
  await engine.removeModule('one');
  expect(engine.fn('noted')()).toBe(16);
  await engine.removeModule('two');
  expect(engine.fn('noted')()).toBe(1627);
});

it('an exit handler that throws leaves the module where it is', async () => {
  const engine = engineFor();
  engine.addModule('gone', bitcode('void f(void) {}'));
  engine.addModule(
    'bad',
    bitcode(
      '#include <stdlib.h>\nvoid f(void); static void last(void) { f(); } __attribute__((constructor)) static void begin(void) { atexit(last); } int g(void) { return 5; }',
    ),
  );
  await engine.link();
  await engine.removeModule('gone', { force: true });
  await expect(engine.removeModule('bad')).rejects.toEqual(code('EXCEPTION_UNCAUGHT'));
  expect(engine.fn('g')()).toBe(5);
  await engine.removeModule('bad');
  expect(engine.snapshot().modules).toEqual([]);
});

it.each(['allocate', 'finalize'] as const)(
  'when memory fails to %s, whichever time, the module stays, and nothing is lost (I8)',
  async (fault) => {
    let left = Number.POSITIVE_INFINITY;
    const memoryManager = new FaultInjectingMemory(dualMappedMemory(), (point) => {
      if (point === fault) left -= 1;
      return left === 0;
    });
    const engine = engineFor({ parts: { memoryManager } });
    engine.addModule('handed', bitcode('int twice(int x) { return 2 * x; }'));
    await engine.link();
    let failures = 0;
    for (let nth = 1; engine.snapshot().modules.length > 0; nth += 1) {
      expect(engine.fn('twice')(nth)).toBe(2 * nth);
      left = nth;
      const removed = await engine.removeModule('handed').catch((error: unknown) => error);
      left = Number.POSITIVE_INFINITY;
      const { ledger, memory } = engine.snapshot();
      expect(ledger.total).toMatchObject({ code: memory.code, readonly: memory.readonly, data: memory.data });
      if (removed === undefined) break;
      expect(removed).toEqual(code(fault === 'allocate' ? 'MEMORY_EXHAUSTED' : 'MEMORY_MANAGER_INVALID'));
      failures += 1;
    }
    expect(engine.snapshot().modules).toEqual([]);
    // What says that a function is gone, and the text of it, take memory one after the other.
    expect(failures).toBeGreaterThanOrEqual(2);
  },
);

it('compiled C++ can catch the error', async () => {
  const engine = engineFor();
  engine.addModule('gone', bitcode('int f(int x) { return x; }'));
  engine.addModule(
    'user',
    bitcode(
      '#include <exception>\n#include <cstring>\nextern "C" int f(int); extern "C" int guarded(void) { try { return f(1); } catch (const std::exception &error) { return (int)strlen(error.what()); } }',
      ['-x', 'c++'],
    ),
  );
  await engine.link();
  await engine.removeModule('gone', { force: true });
  expect(engine.fn('guarded')()).toBe('f of module gone was removed'.length);
});

it('objects and modules that were never linked are removed too; what threads need at their end is not', async () => {
  const engine = engineFor();
  engine.addModule('object', object('int n = 4; int f(void) { return n; }'));
  await engine.link();
  expect(engine.fn('f', { signature: 'i32 ()' })()).toBe(4);
  await engine.removeModule('object');
  engine.addModule('unlinked', bitcode('int missing(void); int g(void) { return missing(); }'));
  await engine.removeModule('unlinked');
  engine.addModule(
    'threads',
    bitcode(
      'struct T { int n; ~T() { n = 0; } }; thread_local T t{7}; extern "C" int h(void) { return t.n; }',
      ['-x', 'c++'],
    ),
  );
  await engine.link();
  expect(engine.fn('h')()).toBe(7);
  await expect(engine.removeModule('threads', { force: true })).rejects.toEqual(code('MODULE_IN_USE'));
  expect(engine.snapshot().modules.map(({ name }) => name)).toEqual(['threads']);
  await expect(engine.removeModule('nothing')).rejects.toEqual(code('MODULE_UNKNOWN'));
});

describe('a module in units of one function that got new source, none of which was called,', () => {
  it('keeps its variables, when it is removed, for a thread that is in the source before', async () => {
    const engine = engineFor({ unit: 'function' });
    const spinning = bitcode(`
      static volatile int state = 41; static volatile int pad[4000];
      int spin(volatile int *flag, volatile int *inside) { *inside = 1; while (!*flag); return state + pad[3999]; }`);
    engine.addModule('spinner', spinning);
    engine.addModule(
      'flags',
      bitcode(
        'volatile int flag, inside; volatile int *f(void) { return &flag; } volatile int *i(void) { return &inside; } void set(int x) { flag = x; } int got(void) { return inside; }',
      ),
    );
    await engine.link();
    // Safe because both return pointers.
    const [flag, inside] = [engine.fn('f')() as bigint, engine.fn('i')() as bigint];
    const spun = engine.fn('spin').async(flag, inside);
    while (engine.fn('got')() === 0) await pause(1);
    await engine.replaceModule('spinner', spinning);
    await engine.removeModule('spinner');
    engine.reclaim();
    // Takes whatever memory is free.
    for (let at = 0; at < 4; at += 1) {
      engine.addModule(
        `taker${String(at)}`,
        bitcode(`int taken${String(at)}[4100] = {[0 ... 4099] = 1000};`),
      );
      await engine.link();
    }
    engine.fn('set')(1);
    await expect(spun).resolves.toBe(41);
    engine.reclaim();
    expect(engine.snapshot().retired).toEqual([]);
  });
});
