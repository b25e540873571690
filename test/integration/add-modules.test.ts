import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type CacheEvent, directory, type ErrorCode, type NamedSource } from '../../src/index.js';
import { engineFor } from '../support/engine.js';
import { bitcode, llvmBin, object, scratch } from '../support/toolchain.js';

const withCode = (code: ErrorCode, details: object = {}): unknown =>
  expect.objectContaining({ code, details: expect.objectContaining(details) as unknown });

const number = (name: string, value: number): string =>
  `define i32 @${name}() {\n  ret i32 ${String(value)}\n}\n`;

/** Path of an archive with one object, which defines `fromArchive`. */
function archive(): string {
  const folder = scratch();
  const member = join(folder, 'member.o');
  writeFileSync(member, object('int fromArchive(void) { return 1000; }'));
  const path = join(folder, 'lib.a');
  execFileSync(join(llvmBin, 'llvm-ar'), ['rcs', path, member]);
  return path;
}

/** Modules of each format; `sum` needs all of them. */
function mixture(): NamedSource[] {
  const text =
    'int one(void); int two(void); int three(void); int fromArchive(void); static int n = 4; int sum(void) { return one() + two() + three() + fromArchive() + n; }';
  return [
    { name: 'archive', source: { path: archive() } },
    { name: 'text', source: number('one', 1) },
    { name: 'sum', source: bitcode(text) },
    { name: 'object', source: object('int two(void) { return 10; }') },
    {
      name: 'bitcode',
      source: bitcode('static int n = 100; int three(void) { return n; }'),
      linkage: 'stub',
    },
  ];
}

describe('addModules registers', () => {
  it('modules of all formats, in their order', async () => {
    const engine = engineFor();
    const events: string[] = [];
    engine.on('module', ({ module }) => events.push(module));
    engine.addModules(mixture());
    expect(engine.snapshot().modules.map(({ name }) => name)).toEqual(['text', 'sum', 'object', 'bitcode']);
    expect(events).toEqual(['text', 'sum', 'object', 'bitcode']);
    await engine.link();
    expect(engine.fn('sum')()).toBe(1115);
  });

  it('what addModule would, one after the other', async () => {
    const together = engineFor();
    const apart = engineFor();
    const modules = mixture();
    together.addModules(modules);
    for (const { name, source, ...options } of modules) apart.addModule(name, source, options);
    expect(together.snapshot().modules).toEqual(apart.snapshot().modules);
    await together.link();
    expect(together.fn('sum')()).toBe(1115);
  });

  it('nothing, if there is none', () => {
    const engine = engineFor();
    engine.addModules([]);
    expect(engine.snapshot().modules).toEqual([]);
  });

  it('whatever can be iterated over', async () => {
    const engine = engineFor();
    engine.addModules(new Map([['a', { name: 'a', source: number('a', 3) }]]).values());
    await engine.link();
    expect(engine.fn('a')()).toBe(3);
  });

  it('1,000 modules', async () => {
    const engine = engineFor({ unit: 'function' });
    const statics = (i: number): string =>
      `@n = internal global i32 ${String(i)}\ndefine i32 @f${String(i)}() {\n  %n = load i32, ptr @n\n  ret i32 %n\n}\n`;
    engine.addModules(
      Array.from({ length: 1000 }, (_, i) => ({ name: `m${String(i)}`, source: statics(i) })),
    );
    const { modules } = engine.snapshot();
    expect(modules.map(({ name }) => name)).toEqual(Array.from({ length: 1000 }, (_, i) => `m${String(i)}`));
    await engine.link();
    expect([0, 500, 999].map((i) => engine.fn(`f${String(i)}`)())).toEqual([0, 500, 999]);
  }, 60_000);

  it('those that the object cache has, and reads the others only', async () => {
    const engine = engineFor({ cache: directory(scratch()) });
    const outcomes: string[] = [];
    engine.on('cache', ({ outcome, module, content }: CacheEvent) => {
      if (content === 'module' && outcome !== 'stored') outcomes.push(`${module} ${outcome}`);
    });
    const modules = ['a', 'b', 'c'].map((name, i) => ({ name, source: number(name, i) }));
    engine.addModules(modules);
    await engine.flushCache();
    for (const { name } of modules) await engine.removeModule(name);
    const changed = modules.map((module) =>
      module.name === 'b' ? { name: 'b', source: number('b', 5) } : module,
    );
    engine.addModules(changed);
    expect(outcomes).toEqual(['a miss', 'b miss', 'c miss', 'a hit', 'b miss', 'c hit']);
    await engine.link();
    expect(['a', 'b', 'c'].map((name) => engine.fn(name)())).toEqual([0, 5, 2]);
  });
});

describe('addModules refuses all, with the error of the first', () => {
  const broken = (): Uint8Array => bitcode('int f(void) { return 1; }').subarray(0, 400);
  const cases: [string, ErrorCode, () => NamedSource[], object][] = [
    [
      'of several that are damaged',
      'IR_INVALID',
      () => [
        { name: 'fine', source: number('fine', 1) },
        { name: 'first', source: 'define i32 @f( {\n}\n' },
        { name: 'second', source: broken() },
        { name: 'third', source: '/no/such/file' },
      ],
      { module: 'first' },
    ],
    [
      'a file that is not there, before damaged bitcode',
      'INPUT_UNREADABLE',
      () => [
        { name: 'first', source: { path: '/no/such/file.bc' } },
        { name: 'second', source: broken() },
      ],
      { module: 'first' },
    ],
    [
      'damaged bitcode, before a file that is not there',
      'BITCODE_INVALID',
      () => [
        { name: 'first', source: broken() },
        { name: 'second', source: { path: '/no/such/file.bc' } },
      ],
      { module: 'first' },
    ],
    [
      'a name that comes twice',
      'MODULE_DUPLICATE',
      () => [
        { name: 'twice', source: number('f', 1) },
        { name: 'twice', source: broken() },
      ],
      { module: 'twice' },
    ],
    [
      'a name that an archive has',
      'MODULE_DUPLICATE',
      () => [
        { name: 'lib', source: { path: archive() } },
        { name: 'lib', source: number('f', 1) },
      ],
      { module: 'lib' },
    ],
    [
      'a symbol that two of them define, before damaged bitcode',
      'SYMBOL_DUPLICATE',
      () => [
        { name: 'first', source: number('f', 1) },
        { name: 'lib', source: { path: archive() } },
        { name: 'second', source: number('f', 2) },
        { name: 'third', source: broken() },
      ],
      { module: 'second', symbol: 'f', other: 'first' },
    ],
    [
      'an object, before damaged bitcode',
      'OBJECT_INVALID',
      () => [
        { name: 'kept', source: object('int g(void) { return 1; }') },
        { name: 'first', source: object('int f(void) { return 1; }').subarray(0, 300) },
        { name: 'second', source: broken() },
      ],
      { module: 'first' },
    ],
    [
      'an archive, the last of all',
      'ARCHIVE_INVALID',
      () => [
        { name: 'fine', source: number('fine', 1) },
        { name: 'lib', source: new Uint8Array(Buffer.from(`!<arch>\n${'nonsense '.repeat(12)}`)) },
      ],
      {},
    ],
    [
      'an option',
      'OPTION_INVALID',
      () => [
        { name: 'fine', source: number('fine', 1) },
        { name: 'wrong', source: number('wrong', 1), linkage: 'none' as 'stub' },
      ],
      { option: 'linkage' },
    ],
  ];

  it.each(cases)('%s: %s', async (_title, code, modules, details) => {
    const engine = engineFor();
    engine.addModule('before', number('before', 7));
    const events: string[] = [];
    engine.on('module', ({ module }) => events.push(module));
    const before = engine.snapshot();
    expect(() => {
      engine.addModules(modules());
    }).toThrow(withCode(code, details));
    expect({ ...engine.snapshot(), wallMs: 0 }).toEqual({ ...before, wallMs: 0 });
    expect(events).toEqual([]);
    // Names, symbols, groups and archives are free again.
    engine.addModules(mixture());
    await engine.link();
    expect([engine.fn('before')(), engine.fn('sum')()]).toEqual([7, 1115]);
  });

  it('when the engine is disposed of', async () => {
    const engine = engineFor();
    await engine.dispose();
    expect(() => {
      engine.addModules(mixture());
    }).toThrow(withCode('ENGINE_DISPOSED', { operation: 'addModules' }));
  });

  it('many damaged ones, and reads on many threads afterwards as before', async () => {
    const engine = engineFor();
    const whole = bitcode('static int n; int f(int x) { n++; return x ? n : f(x - 1); }');
    const damaged = Array.from({ length: 64 }, (_, i) => {
      const bytes = Uint8Array.from(whole);
      bytes.fill(0xff, 200 + 20 * i, 240 + 20 * i);
      return { name: `damaged${String(i)}`, source: bytes };
    });
    for (let first = 0; first < damaged.length; first += 4) {
      const batch = damaged.slice(first, first + 4);
      expect(() => {
        engine.addModules([...batch, { name: 'end', source: '/no/such/file' }]);
      }).toThrow(/damaged|end/);
    }
    engine.addModules(mixture());
    await engine.link();
    expect(engine.fn('sum')()).toBe(1115);
  });
});
