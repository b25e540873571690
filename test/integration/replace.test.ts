import { describe, expect, it } from 'vitest';
import { type Engine, type EngineOptions, mprotectMemory } from '../../src/index.js';
import { engineFor, linkages, pause } from '../support/engine.js';
import { bitcode, object } from '../support/toolchain.js';

const code = (name: string, details: object = {}) =>
  expect.objectContaining({ code: name, details: expect.objectContaining(details) as unknown }) as unknown;

/** A counter with state of several kinds, and a module that uses it. */
const counter = (step: string, more = '') => `
  int total = 100; static int calls; const char *label = "old"; const int limits[2] = { 1, 2 };
  static int bump(int by) { calls++; return total += ${step}; }
  int add(int by) { return bump(by); }
  int called(void) { return calls; }
  int (*bumper(void))(int) { return bump; } ${more}`;

async function counting(options: EngineOptions = {}): Promise<Engine> {
  const engine = engineFor(options);
  engine.addModule('counter', bitcode(counter('by')));
  engine.addModule(
    'app',
    bitcode(`
      int add(int); extern int total; extern const int limits[2]; int (*bumper(void))(int); static int (*kept)(int);
      int run(int x) { return add(x); }
      int direct(void) { return total; }
      int limit(int n) { return limits[n]; }
      void keep(void) { kept = bumper(); }
      int through(int x) { return kept(x); }`),
  );
  await engine.link();
  engine.fn('keep')();
  return engine;
}

describe.each(linkages)('replacing a module with linkage %s', (linkage) => {
  it('I1, I2: new code is reached by everyone, variables keep their values and places', async () => {
    const engine = await counting({ linkage });
    expect(engine.fn('run')(5)).toBe(105);
    const run = engine.fn('run');
    const seen = await engine.replaceModule(
      'counter',
      bitcode(counter('by * 10', 'int extra(void) { return 77; }')),
    );
    expect(seen).toMatchObject({ module: 'counter', added: ['extra'], removed: [], reset: [] });
    expect(seen.matched).toEqual(expect.arrayContaining(['add', 'called', 'bumper']));
    expect(seen.kept).toEqual(expect.arrayContaining(['total', 'label', 'limits']));
    expect(run(5)).toBe(155);
    expect(engine.fn('through')(1)).toBe(165);
    expect(engine.fn('direct')()).toBe(165);
    expect(engine.fn('called')()).toBe(3);
    expect(engine.fn('extra')()).toBe(77);
    for (const tier of ['optimized', 'peak', 'baseline']) {
      await engine.recompile('counter', tier);
      engine.move('counter');
      expect(run(0)).toBe(165);
    }
    expect(engine.snapshot().retired).toEqual([]);
  });

  it('a change of constants reaches those that use them, where they are; variables that are added start anew', async () => {
    const engine = await counting({ linkage });
    const text = counter('by', 'static int fresh = 40; int more(void) { return ++fresh; }').replace(
      '{ 1, 2 }',
      '{ 8, 9 }',
    );
    expect(engine.fn('limit')(1)).toBe(2);
    engine.fn('run')(1);
    const seen = await engine.replaceModule('counter', bitcode(text));
    expect(seen.reset).toEqual(['limits']);
    expect(engine.fn('limit')(1)).toBe(9);
    expect([engine.fn('more')(), engine.fn('more')()]).toEqual([41, 42]);
    expect(engine.fn('direct')()).toBe(101);
    // Again, with state in both sets of variables.
    await engine.replaceModule('counter', bitcode(text.replace('++fresh', 'fresh += 2')));
    expect(engine.fn('more')()).toBe(44);
    expect(engine.fn('run')(1)).toBe(102);
  });

  it('with reset, variables get the values of the new source where they are, and constructors run', async () => {
    const engine = engineFor({ linkage });
    const text = (first: number) => `
      #include <stdlib.h>
      void log_(int); int value = ${String(first)}; static int *self = &value; static void last(void) { log_(*self); }
      __attribute__((constructor)) static void begin(void) { *self += 1; atexit(last); }
      int get(void) { return value; } int *where(void) { return &value; }`;
    engine.addModule(
      'log',
      bitcode(
        'static int seen; void log_(int n) { seen = seen * 100 + n; } int logged(void) { return seen; }',
      ),
    );
    engine.addModule('m', bitcode(text(10)));
    engine.addModule('user', bitcode('extern int value; int look(void) { return value; }'));
    await engine.link();
    const place = engine.fn('where')();
    expect(engine.fn('get')()).toBe(11);
    const seen = await engine.replaceModule('m', bitcode(text(50)), { state: 'reset' });
    expect(seen.reset).toContain('value');
    expect(seen.kept).toEqual([]);
    expect([engine.fn('get')(), engine.fn('look')(), engine.fn('where')()]).toEqual([51, 51, place]);
    expect(engine.fn('logged')()).toBe(11);
    await engine.replaceModule('m', bitcode(text(60)), { state: 'keep' });
    expect([engine.fn('get')(), engine.fn('logged')()]).toEqual([51, 11]);
  });

  it('a function that is gone, or of another type now, is an error for old code that still calls it', async () => {
    const engine = await counting({ linkage });
    const lacking = counter('by')
      .replace('static int bump(int by)', 'static int bump(int by, int twice)')
      .replace('bump(by)', 'bump(by, 1)')
      .replace('return bump;', 'return 0;');
    const seen = await engine.replaceModule('counter', bitcode(lacking));
    expect(seen.removed.length).toBe(1);
    expect(seen.added).toEqual(seen.removed);
    expect(engine.fn('run')(5)).toBe(105);
    expect(() => engine.fn('through')(5)).toThrow(code('FUNCTION_REMOVED', { symbol: 'through' }));
    await engine.replaceModule('counter', bitcode(counter('by')));
    expect(engine.fn('through')(5)).toBe(110);
  });

  it('a loop that runs in old code goes on in it, and calls the new', async () => {
    const engine = engineFor({ linkage });
    const text = (result: number) =>
      `#include <unistd.h>\nvolatile int stop; int value(void) { return ${String(result)}; } int loop(void) { int last = 0, seen = 0; while (!stop) { int now = value(); if (now != last) seen = seen * 10 + now; last = now; usleep(200); } return seen; } void end(void) { stop = 1; }`;
    engine.addModule('m', bitcode(text(1)));
    await engine.link();
    const looping = engine.fn('loop').async();
    for (const result of [2, 3, 4]) {
      await pause(15);
      await engine.replaceModule('m', bitcode(text(result)));
    }
    await pause(15);
    expect(engine.snapshot().retired.length).toBeGreaterThan(0);
    engine.fn('end')();
    expect(await looping).toBe(1234);
    engine.reclaim();
    expect(engine.snapshot().retired).toEqual([]);
  });

  it('memory stays flat over many replacements of code', async () => {
    const engine = await counting({ linkage });
    const texts = ['by', 'by + 0', 'by * 1'].map((step) => bitcode(counter(step)));
    for (const text of texts) await engine.replaceModule('counter', text);
    const { memory } = engine.snapshot();
    for (let round = 0; round < 30; round += 1) await engine.replaceModule('counter', texts[round % 3] ?? '');
    const after = engine.snapshot().memory;
    expect([after.code, after.readonly, after.data]).toEqual([memory.code, memory.readonly, memory.data]);
    expect(engine.fn('run')(1)).toBe(101);
  });
});

describe('what can’t be matched is reported, all of it, before anything changes', () => {
  it.each([
    [
      'functions',
      counter('by')
        .replace('int add(int by)', 'long add(long by)')
        .replace('int (*bumper(void))(int) { return bump; }', ''),
      'keep',
      [/^function add \(.*\), used by app, is function/, /^function bumper \(.*\), used by app, is missing/],
    ],
    [
      'variables',
      counter('by').replace('int total = 100', 'long total = 100').replace('limits[2]', 'limits[3]'),
      'keep',
      [
        /^variable total \(i32 of 4 bytes\), used by app, is variable \(i64 of 8 bytes\) there/,
        /^variable limits/,
      ],
    ],
    [
      'state of its own',
      counter('by').replace('static int calls', 'static long calls'),
      'keep',
      [/^variable calls.* is variable \(i64 of 8 bytes\) there/],
    ],
    [
      'what others refer to, also with reset',
      counter('by')
        .replace('int total = 100', 'long total = 100')
        .replace('static int calls', 'static long calls'),
      'reset',
      [/^variable total/],
    ],
  ] as const)('%s', async (_name, text, state, problems) => {
    const engine = await counting();
    engine.fn('run')(5);
    const before = engine.snapshot();
    const failure: unknown = await engine
      .replaceModule('counter', bitcode(text), { state })
      .catch((error: unknown) => error);
    expect(failure).toEqual(code('REPLACE_MISMATCH', { module: 'counter' }));
    const found = (failure as { details: { problems: string[] } }).details.problems;
    expect(found).toHaveLength(problems.length);
    for (const [index, problem] of problems.entries()) expect(found[index]).toMatch(problem);
    expect(engine.snapshot().memory).toEqual(before.memory);
    expect(engine.fn('run')(5)).toBe(110);
  });

  it('thread-locals are kept, and neither added to nor reset', async () => {
    const engine = engineFor();
    const text = (step: number, more = '') =>
      bitcode(`static _Thread_local int n = 5; ${more} int next(void) { return n += ${String(step)}; }`);
    engine.addModule('m', text(1));
    await engine.link();
    expect(engine.fn('next')()).toBe(6);
    await engine.replaceModule('m', text(10));
    expect(engine.fn('next')()).toBe(16);
    await expect(engine.replaceModule('m', text(1, '_Thread_local int other;'))).rejects.toEqual(
      code('REPLACE_MISMATCH'),
    );
    await expect(engine.replaceModule('m', text(1), { state: 'reset' })).rejects.toEqual(
      code('REPLACE_MISMATCH'),
    );
    expect(engine.fn('next')()).toBe(26);
  });

  it('constants of others that the memory manager protects can’t be changed', async () => {
    const engine = await counting({ parts: { memoryManager: mprotectMemory() } });
    const text = counter('by').replace('{ 1, 2 }', '{ 8, 9 }');
    await expect(engine.replaceModule('counter', bitcode(text))).rejects.toEqual(code('REPLACE_MISMATCH'));
    expect([engine.fn('limit')(1), engine.fn('run')(5)]).toEqual([2, 105]);
    await engine.replaceModule(
      'counter',
      bitcode(counter('by * 2', 'static int fresh = 3; int more(void) { return fresh++; }')),
    );
    expect([engine.fn('limit')(1), engine.fn('run')(5), engine.fn('more')()]).toEqual([2, 115, 3]);
    await engine.removeModule('counter', { force: true });
    expect(() => engine.fn('run')(5)).toThrow(code('FUNCTION_REMOVED'));
    expect(engine.audit()).toMatchObject({ ok: true, violations: [] });
  });

  it('differences of addresses that variables hold can’t be copied', async () => {
    const engine = engineFor();
    const ir = (value: number) => `
      @near = global i32 ${String(value)}
      @far = global i32 trunc (i64 sub (i64 ptrtoint (ptr @near to i64), i64 ptrtoint (ptr @far to i64)) to i32)
      define i32 @get() {\n  %v = load i32, ptr @near\n  ret i32 %v\n}`;
    engine.addModule('m', ir(1));
    await engine.link();
    await expect(engine.replaceModule('m', ir(2), { state: 'reset' })).rejects.toEqual(
      code('REPLACE_MISMATCH'),
    );
    expect(engine.fn('get')()).toBe(1);
  });
});

describe('a replacement that fails leaves all as it was (I8)', () => {
  it.each([
    ['source that is no module', 'define i32 @add(\n', 'IR_INVALID'],
    [
      'a symbol that is missing',
      bitcode(counter('by', 'int missing(void); int f(void) { return missing(); }')),
      'SYMBOL_UNRESOLVED',
    ],
    [
      'a definition that another module has',
      bitcode(counter('by', 'int run(int x) { return x; }')),
      'SYMBOL_DUPLICATE',
    ],
    ['an object file', object(counter('by')), 'UNIT_PINNED'],
    [
      'constants that don’t fit',
      bitcode(counter('by', 'const char big[3000000] = { 1 }; const void *b(void) { return big; }')),
      'MEMORY_EXHAUSTED',
    ],
  ])('%s', async (_name, source, expected) => {
    const engine = await counting({ memory: { readonlyBytes: 2 ** 20 } });
    engine.fn('run')(5);
    const before = engine.snapshot();
    await expect(engine.replaceModule('counter', source)).rejects.toEqual(code(expected));
    expect(engine.snapshot().memory).toEqual(before.memory);
    expect(engine.snapshot().modules).toEqual(before.modules);
    expect(engine.fn('run')(5)).toBe(110);
    await engine.replaceModule('counter', bitcode(counter('by * 2')));
    expect(engine.fn('run')(5)).toBe(120);
  });

  it('the module is unknown, not linked, or came as an object', async () => {
    const engine = engineFor();
    await expect(engine.replaceModule('m', '')).rejects.toEqual(code('MODULE_UNKNOWN'));
    engine.addModule('m', object('int f(void) { return 1; }'));
    const source = bitcode('int f(void) { return 2; }');
    await expect(engine.replaceModule('m', source)).rejects.toEqual(code('NOT_LINKED'));
    await engine.link();
    await expect(engine.replaceModule('m', source)).rejects.toEqual(code('UNIT_PINNED'));
    // Safe to say so: what comes from JavaScript may be anything.
    await expect(engine.replaceModule('m', source, { state: 'lose' as 'keep' })).rejects.toEqual(
      code('OPTION_INVALID'),
    );
  });
});
