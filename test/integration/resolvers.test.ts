/** Where symbols are found: the shipped resolvers, chains of them, and a user's own. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  absoluteResolver,
  archiveResolver,
  createEngine,
  type Engine,
  libraryResolver,
  moduleResolver,
  processResolver,
  type SymbolAnswer,
  type SymbolQuery,
  type SymbolResolver,
} from '../../src/index.js';
import { loadAddon } from '../../src/native/loader.js';
import { engineFor, linkages } from '../support/engine.js';
import { bitcode, llvmBin, object, scratch } from '../support/toolchain.js';

const clang = join(llvmBin, 'clang');

/** A resolver that remembers what it was asked. */
class Scripted implements SymbolResolver {
  readonly apiVersion = 1;
  readonly description: string;
  readonly asked: { name: string; use: string }[] = [];
  answer: (query: SymbolQuery) => SymbolAnswer | undefined;

  constructor(description: string, answer: Scripted['answer'] = () => undefined) {
    this.description = description;
    this.answer = answer;
  }

  resolve(query: SymbolQuery): SymbolAnswer | undefined {
    this.asked.push({ name: query.name, use: query.use });
    return this.answer(query);
  }
}

/** An engine whose chain begins with the modules and ends with the process. */
function engineWith(...between: readonly SymbolResolver[]): Engine {
  return engineFor({ parts: { resolvers: [moduleResolver(), ...between, processResolver()] } });
}

/** A shared library of a C text. */
function sharedLibrary(text: string, more: readonly string[] = []): string {
  const folder = scratch();
  writeFileSync(join(folder, 'given.c'), text);
  const library = join(folder, 'libgiven.so');
  execFileSync(clang, ['-shared', '-fPIC', join(folder, 'given.c'), '-o', library, ...more], {
    stdio: 'pipe',
  });
  return library;
}

/** An archive of objects, by their names. */
function archive(members: Readonly<Record<string, Uint8Array>>): string {
  const folder = scratch();
  const paths = Object.entries(members).map(([name, bytes]) => {
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  });
  execFileSync(join(llvmBin, 'llvm-ar'), ['rcs', join(folder, 'lib.a'), ...paths]);
  return join(folder, 'lib.a');
}

const usesGiven = bitcode(
  'int given(int); int go(int x) { return given(x) + 1; } void *where(void) { return given; }',
);
/** Address of a function of libc that takes and gives an int. */
const abs = loadAddon().processSymbol('abs');

describe.each(linkages)('with linkage %s', (linkage) => {
  it('an absolute function is called through its stub, and its address is its own', async () => {
    const parts = { resolvers: [moduleResolver(), absoluteResolver({ given: abs })] };
    const engine = engineFor({ linkage, parts });
    engine.addModule('a', usesGiven);
    await engine.link();
    for (const tier of ['baseline', 'peak']) {
      await engine.recompile('a', tier);
      expect(engine.fn('go')(-41)).toBe(42);
      expect(engine.fn('where')()).toBe(abs);
    }
  });

  it('absolute data is read and written where it lies, near or far', async () => {
    const table = new Map<string, bigint>();
    const given = new Scripted('cells', ({ name }) => {
      const address = table.get(name);
      return address === undefined ? undefined : { kind: 'address', address };
    });
    const engine = engineFor({ linkage, parts: { resolvers: [moduleResolver(), given] } });
    engine.addModule('cells', bitcode('int cell = 40; int *near(void) { return &cell; }'));
    await engine.link();
    const library = loadAddon().libraryOpen(sharedLibrary('int far_cell = 50;'));
    table.set('near_cell', engine.fn('near')() as bigint);
    table.set('far_cell', loadAddon().librarySymbol(library, 'far_cell'));
    const text =
      'extern int near_cell, far_cell; int add(void) { return ++near_cell * 1000 + ++far_cell; } int *at(void) { return &near_cell; }';
    engine.addModule('a', bitcode(text));
    engine.addModule('o', object(text.replaceAll(/\b(add|at)\b/g, '$1_object')));
    await engine.link();
    expect(engine.fn('add')()).toBe(41_051);
    await engine.recompile('a', 'peak');
    expect(engine.fn('add')()).toBe(42_052);
    expect(engine.fn('add_object', { signature: 'i32 ()' })()).toBe(43_053);
    expect(engine.fn('at')()).toBe(table.get('near_cell'));
  });

  it('a name can stand for a function or variable that modules define under another one', async () => {
    const names: Readonly<Record<string, string>> = { given: 'twice', base: 'offset' };
    const alias = new Scripted('other names', ({ name }) => {
      const symbol = names[name];
      return symbol === undefined ? undefined : { kind: 'defined', symbol };
    });
    const engine = engineFor({ linkage, parts: { resolvers: [alias, moduleResolver(), processResolver()] } });
    engine.addModule(
      'a',
      bitcode(
        'extern int base; int given(int); int go(int x) { return given(x) + base; } void *where(void) { return given; }',
      ),
    );
    engine.addModule('b', bitcode('int offset = 1; int twice(int x) { return 2 * x; }'));
    await engine.link();
    for (const [module, tier] of [
      ['a', 'quick'],
      ['b', 'peak'],
      ['a', 'peak'],
      ['b', 'baseline'],
    ] as const) {
      expect(engine.fn('go')(20)).toBe(41);
      await engine.recompile(module, tier);
    }
    engine.move('b');
    expect(engine.fn('go')(20)).toBe(41);
    expect(engine.fn('where')()).toBe(engine.fn('twice').address);
  });

  it('a resolver before the modules takes the place of what they define, at every tier', async () => {
    const engine = engineFor({
      linkage,
      parts: { resolvers: [absoluteResolver({ given: abs }), moduleResolver(), processResolver()] },
    });
    engine.addModule('a', usesGiven);
    engine.addModule(
      'b',
      bitcode('int given(int x) { return 1000; } int inside(int x) { return given(x); }'),
    );
    await engine.link();
    for (const tier of ['baseline', 'peak']) {
      await engine.recompile('a', tier);
      expect(engine.fn('go')(-7)).toBe(8);
      expect(engine.fn('where')()).toBe(abs);
    }
    expect(engine.fn('inside')(-7)).toBe(7);
    // By its name from JS it is still the module's.
    expect(engine.fn('given')(-7)).toBe(1000);
  });
});

describe('libraryResolver', () => {
  const library = sharedLibrary(
    'int given = 20; _Thread_local int own = 2; int fromLibrary(int x) { return x + given; } int labs(long x) { return 7; }',
  );
  const text =
    'int fromLibrary(int); extern int given; extern _Thread_local int own; int go(void) { given++; own++; return fromLibrary(1) * 10 + own; }';

  it('finds functions, variables and thread-locals', async () => {
    const engine = engineWith(libraryResolver(library));
    engine.addModule('a', bitcode(text));
    await engine.link();
    expect(engine.fn('go')()).toBe(223);
    // Its variables live as long as the process; another thread has thread-locals of its own.
    expect(await engine.fn('go').async()).toBe(233);
  });

  it('comes before the process with what it defines, and leaves to the process what it only needs', async () => {
    const engine = engineFor({ libraries: [library] });
    engine.addModule(
      'a',
      bitcode(
        'int labs(long); extern char **environ; void *exit_(void) __asm__("exit"); int go(void) { return labs(-3); } void *env(void) { return &environ; } void *leave(void) { return exit_; }',
        ['-fno-builtin'],
      ),
    );
    await engine.link();
    expect(engine.fn('go')()).toBe(7);
    // libc's own environ, which the library's handle leads to, is not the one that the process uses.
    expect(engine.fn('env')()).toBe(loadAddon().processSymbol('environ'));
    // The runtime's exit, not libc's.
    expect(engine.fn('leave')()).not.toBe(loadAddon().processSymbol('exit'));
  });

  it('finds what only the libraries have that it depends on', async () => {
    const outer = sharedLibrary('int fromLibrary(int); int outer(int x) { return fromLibrary(x); }', [
      library,
      `-Wl,-rpath,${join(library, '..')}`,
    ]);
    const engine = engineWith(libraryResolver(outer));
    engine.addModule(
      'a',
      bitcode('int outer(int), fromLibrary(int); int go(void) { return outer(1) == fromLibrary(1); }'),
    );
    await engine.link();
    expect(engine.fn('go')()).toBe(1);
  });

  it('refuses a library that is not there', () => {
    expect(() => libraryResolver('libnowhere.so.9')).toThrow(
      expect.objectContaining({ code: 'LIBRARY_UNLOADABLE' }),
    );
  });
});

describe('archiveResolver', () => {
  const members = {
    'one.o': object('int two(void); int one(void) { return two() + 1; }'),
    'two.bc': bitcode('int two(void) { return 2; }'),
    'never.o': object('int missing(void); int never(void) { return missing(); }'),
  };
  const uses = bitcode('int one(void); int go(void) { return one(); }');

  it.each(['its path', 'its bytes'])('lets members join that are needed, given %s', async (how) => {
    const path = archive(members);
    const resolver =
      how === 'its path' ? archiveResolver(path) : archiveResolver(readFileSync(path), 'lib.a');
    const name = how === 'its path' ? path : 'lib.a';
    // One resolver serves several engines.
    for (let round = 0; round < 2; round += 1) {
      const engine = engineWith(resolver);
      engine.addModule('main', uses);
      await engine.link();
      expect(engine.fn('go')()).toBe(3);
      const joined = engine.snapshot().modules.map((module) => module.name);
      expect(joined).toEqual(['main', `${name}(one.o)`, `${name}(two.bc)`]);
    }
  });

  it('lets both join of two members of one name', async () => {
    const folder = scratch();
    const path = archive({ 'part.o': members['one.o'] });
    writeFileSync(join(folder, 'part.o'), object('int two(void) { return 20; }'));
    execFileSync(join(llvmBin, 'llvm-ar'), ['qs', path, join(folder, 'part.o')]);
    const engine = engineWith(archiveResolver(readFileSync(path), 'lib.a'));
    engine.addModule('main', uses);
    await engine.link();
    expect(engine.fn('go')()).toBe(21);
    expect(engine.snapshot().modules.map((module) => module.name)).toEqual([
      'main',
      'lib.a(part.o)',
      'lib.a(part.o#2)',
    ]);
  });

  it('may stand before the modules, and is asked before or after the process as the chain says', async () => {
    const path = archive({ 'abs.o': object('int abs(int x) { return 100 + x; }', ['-fno-builtin']) });
    const caller = bitcode('int abs(int); int go(int x) { return abs(x); }', ['-fno-builtin']);
    for (const [resolvers, expected] of [
      [[archiveResolver(path), moduleResolver(), processResolver()], 95],
      [[moduleResolver(), archiveResolver(path), processResolver()], 95],
      [[moduleResolver(), processResolver(), archiveResolver(path)], 5],
    ] as const) {
      const engine = engineFor({ parts: { resolvers } });
      engine.addModule('main', caller);
      await engine.link();
      expect(engine.fn('go')(-5)).toBe(expected);
    }
  });

  it('is not asked to join for a weak reference', async () => {
    const engine = engineWith(archiveResolver(archive(members)));
    engine.addModule(
      'main',
      bitcode('__attribute__((weak)) int two(void); int go(void) { return two ? two() : -1; }'),
    );
    await engine.link();
    expect(engine.fn('go')()).toBe(-1);
    expect(engine.snapshot().modules).toHaveLength(1);
  });

  it('refuses what is no archive', () => {
    expect(() => archiveResolver(members['one.o'], 'one.o')).toThrow(
      expect.objectContaining({ code: 'ARCHIVE_INVALID' }),
    );
  });
});

describe('absoluteResolver', () => {
  it.each([-1n, 0n, 2n ** 47n, 12, Number.NaN, Number.POSITIVE_INFINITY, '0x1000', null])(
    'refuses %s at once, by the name of the symbol',
    (address) => {
      expect(() => absoluteResolver({ good: 1n, bad: address as bigint })).toThrow(
        expect.objectContaining({
          code: 'OPTION_INVALID',
          details: expect.objectContaining({ option: 'absoluteResolver.bad' }) as unknown,
        }),
      );
    },
  );
});

describe('a chain', () => {
  it('is asked in order until one answers', async () => {
    const first = new Scripted('first');
    const second = new Scripted('second', ({ name }) =>
      name === 'given' ? { kind: 'address', address: abs } : undefined,
    );
    const third = new Scripted('third');
    const engine = engineWith(first, second, third);
    engine.addModule(
      'a',
      bitcode(
        'int given(int); int labs(long); extern _Thread_local int errno_; int go(int x) { return given(x) + 1; } int other(void) { return labs(-1) + (errno_ = 0); }',
      ),
    );
    await expect(engine.link()).rejects.toThrow('errno_');
    expect(first.asked).toEqual(
      expect.arrayContaining([
        { name: 'given', use: 'code' },
        { name: 'errno_', use: 'tls' },
      ]),
    );
    expect(third.asked.map(({ name }) => name)).toEqual(expect.arrayContaining(['labs', 'errno_']));
    expect(third.asked.map(({ name }) => name)).not.toContain('given');
  });

  it('names all that it searched when nothing was found', async () => {
    const path = archive({ 'one.o': object('int one(void) { return 1; }') });
    const resolvers = [
      new Scripted('a first place'),
      moduleResolver(),
      archiveResolver(path),
      libraryResolver('libm.so.6'),
      absoluteResolver({ given: abs }),
      new Scripted('a last place'),
      processResolver(),
    ];
    const engine = engineFor({ parts: { resolvers } });
    engine.addModule('more.a', path);
    engine.addModule('a', bitcode('int nowhere(void); int go(void) { return nowhere(); }'));
    const searched = [
      'a first place',
      'the registered modules',
      'archive more.a',
      `archive ${path}`,
      'library libm.so.6',
      'a table of 1 absolute address(es)',
      'a last place',
      'the process (libc, libm, libstdc++, Node)',
    ];
    await expect(engine.link()).rejects.toThrow(
      expect.objectContaining({
        code: 'SYMBOL_UNRESOLVED',
        details: { module: 'a', symbols: ['nowhere'], searched },
        message: expect.stringContaining(searched.join(', nor in ')) as unknown,
      }),
    );
  });

  it('by default searches modules, archives, libraries, the process', async () => {
    const engine = engineFor({ libraries: ['libm.so.6'] });
    engine.addModule('more.a', archive({ 'one.o': object('int one(void) { return 1; }') }));
    engine.addModule('a', bitcode('int nowhere(void); int go(void) { return nowhere(); }'));
    await expect(engine.link()).rejects.toThrow(
      'found neither in the registered modules, nor in archive more.a, nor in library libm.so.6, nor in the process (libc, libm, libstdc++, Node)',
    );
  });

  it('without the process still runs what needs nothing of it', async () => {
    const engine = engineFor({ policy: 'counters', parts: { resolvers: [moduleResolver()] } });
    engine.addModule(
      'a',
      bitcode(
        '_Thread_local int n; static int step(int x) { return x + n; } int go(void) { n++; return step(1); }',
      ),
    );
    await engine.link();
    expect([engine.fn('go')(), engine.fn('go')()]).toEqual([2, 3]);
    engine.addModule('b', bitcode('int puts(const char *); int say(void) { return puts("not here"); }'));
    await expect(engine.link()).rejects.toThrow('b needs puts, found neither in the registered modules; add');
  });

  it('leaves weak symbols that nobody knows at 0, and asks again for nothing that is linked', async () => {
    const silent = new Scripted('silent');
    const engine = engineWith(silent);
    engine.addModule(
      'a',
      bitcode(
        '__attribute__((weak)) int absent(void); __attribute__((weak)) extern int none; int go(void) { return (absent ? 1 : 0) + (&none ? 2 : 0); }',
      ),
    );
    await engine.link();
    expect(engine.fn('go')()).toBe(0);
    const { length } = silent.asked;
    await engine.recompile('a', 'peak');
    expect(engine.fn('go')()).toBe(0);
    expect(silent.asked.filter(({ name }) => name === 'absent' || name === 'none')).toHaveLength(2);
    expect(silent.asked.length).toBeGreaterThanOrEqual(length);
  });

  it('has one place for the modules, and none for the option libraries', () => {
    for (const resolvers of [[], [processResolver()], [moduleResolver(), moduleResolver()]]) {
      expect(() => createEngine({ parts: { resolvers } })).toThrow(
        expect.objectContaining({ code: 'OPTION_INVALID' }),
      );
    }
    expect(() =>
      createEngine({ libraries: ['libm.so.6'], parts: { resolvers: [moduleResolver()] } }),
    ).toThrow(
      expect.objectContaining({
        code: 'OPTION_INVALID',
        details: expect.objectContaining({ option: 'libraries' }) as unknown,
      }),
    );
  });
});

describe('a resolver of the user', () => {
  it('that was written for another version is refused at creation, with both versions', () => {
    for (const [apiVersion, found] of [
      [2, '2'],
      [undefined, 'undefined'],
    ] as const) {
      const resolver = {
        apiVersion,
        description: 'old',
        resolve: () => undefined,
      } as unknown as SymbolResolver;
      expect(() => createEngine({ parts: { resolvers: [moduleResolver(), resolver] } })).toThrow(
        expect.objectContaining({
          code: 'API_VERSION_MISMATCH',
          details: { interface: 'SymbolResolver', found, expected: 1 },
          message: expect.stringMatching(`SymbolResolver .*version ${found}; .*version 1`) as unknown,
        }),
      );
    }
  });

  it('that throws makes the link fail with its error as the cause, and nothing stays behind (I8)', async () => {
    const moody = new Scripted('moody');
    const engine = engineWith(moody);
    engine.addModule('first', bitcode('int first(void) { return 1; }'));
    await engine.link();
    engine.addModule('a', usesGiven);
    engine.addModule('b', bitcode('int last(void) { return 3; }'));
    const before = { ...engine.snapshot(), wallMs: 0 };
    const cause = new RangeError('the index is on another disk');
    moody.answer = ({ name }) => {
      if (name === 'given') throw cause;
      return undefined;
    };
    await expect(engine.link()).rejects.toThrow(
      expect.objectContaining({
        code: 'RESOLVER_FAILED',
        details: expect.objectContaining({ resolver: 'moody', module: 'a', symbol: 'given' }) as unknown,
        message: expect.stringContaining('the index is on another disk') as unknown,
        cause,
      }),
    );
    expect({ ...engine.snapshot(), wallMs: 0 }).toEqual(before);
    // What it answered in a link that failed does not bind it.
    moody.answer = ({ name }) => (name === 'given' ? { kind: 'address', address: abs } : undefined);
    await engine.link();
    expect(engine.fn('go')(-41)).toBe(42);
    expect(engine.fn('last')()).toBe(3);
  });

  it('that throws when a higher tier needs something new leaves the version before it running', async () => {
    const moody = new Scripted('moody');
    const engine = engineFor({ parts: { resolvers: [moduleResolver(), moody, processResolver()] } });
    // At higher tiers this loop is a call of memset.
    const text = 'void clear(char *p, long n) { for (long i = 0; i < n; i++) p[i] = 0; }';
    engine.addModule('a', bitcode(text));
    await engine.link();
    const before = { ...engine.snapshot(), wallMs: 0 };
    moody.answer = ({ name }) => {
      throw new Error(`no ${name} today`);
    };
    await expect(engine.recompile('a', 'peak')).rejects.toThrow(
      expect.objectContaining({
        code: 'RESOLVER_FAILED',
        message: expect.stringContaining('no memset today') as unknown,
      }),
    );
    expect(engine.snapshot()).toMatchObject({ memory: before.memory, slots: before.slots });
    const bytes = new Uint8Array(100).fill(7);
    engine.fn('clear')(bytes, 99n);
    expect([bytes[98], bytes[99]]).toEqual([0, 7]);
    moody.answer = () => undefined;
    await engine.recompile('a', 'peak');
    expect(engine.snapshot().versionsByTier).toEqual({ peak: 1 });
    // Now it is linked: it is not asked for again, not after a link that fails either.
    engine.addModule('b', bitcode('int nowhere(void); int go(void) { return nowhere(); }'));
    await expect(engine.link()).rejects.toThrow('nowhere');
    moody.asked.length = 0;
    engine.move('a');
    await engine.recompile('a', 'peak');
    expect(moody.asked).toEqual([]);
  });

  it.each([
    [
      'an address that is negative',
      { kind: 'address', address: -1n },
      'it answered -1 (a bigint) for an address',
    ],
    ['an address that is 0', { kind: 'address', address: 0n }, 'it answered 0 (a bigint) for an address'],
    ['an address beyond what programs have', { kind: 'address', address: 2n ** 47n }, 'for an address'],
    [
      'an address that is not finite',
      { kind: 'address', address: Infinity },
      'it answered Infinity (a number)',
    ],
    ['an address that is a number', { kind: 'address', address: 4096 }, 'it answered 4096 (a number)'],
    ['no address', { kind: 'address' }, 'it answered undefined (a undefined) for an address'],
    ['another kind', { kind: 'stub', address: 1n }, 'unknown kind stub'],
    ['no kind', {}, 'unknown kind undefined'],
    ['no object', 4096n, 'it answered 4096, which is no answer'],
    ['null', null, 'it answered null'],
    [
      'a thread-local for a function',
      { kind: 'thread-local', module: 1n, offset: 0n },
      'a thread-local for code',
    ],
    [
      'a symbol that no module defines',
      { kind: 'defined', symbol: 'nobody' },
      'nobody, which no module defines',
    ],
    ['a module without a name', { kind: 'module', bytes: new Uint8Array(1) }, 'for the name of a module'],
    ['a module without bytes', { kind: 'module', name: 'm', bytes: 'text' }, 'for the bytes of a module'],
  ])('that answers %s is refused by its name', async (_what, answer, reason) => {
    const wrong = new Scripted('my resolver', ({ name }) =>
      name === 'given' ? (answer as unknown as SymbolAnswer) : undefined,
    );
    const engine = engineWith(wrong);
    engine.addModule('a', usesGiven);
    await expect(engine.link()).rejects.toThrow(
      expect.objectContaining({
        code: 'RESOLVER_FAILED',
        details: {
          resolver: 'my resolver',
          module: 'a',
          symbol: 'given',
          reason: expect.stringContaining(reason) as unknown,
        },
      }),
    );
    expect(engine.snapshot().modules.map((module) => module.stage)).toEqual(['declared']);
  });

  it.each([
    ['an address', { kind: 'address', address: 4096n }, 'an address for a thread-local'],
    ['a module word that is none', { kind: 'thread-local', module: -1n, offset: 0n }, 'for a TLS module'],
    ['an offset that is none', { kind: 'thread-local', module: 1n, offset: 2n ** 64n }, 'for a TLS offset'],
    [
      'a static offset that is none',
      { kind: 'thread-local', module: 1n, offset: 0n, staticOffset: 0.5 },
      'static',
    ],
  ])('that answers %s for a thread-local is refused by its name', async (_what, answer, reason) => {
    const wrong = new Scripted('my resolver', () => answer as unknown as SymbolAnswer);
    const engine = engineFor({ parts: { resolvers: [moduleResolver(), wrong] } });
    engine.addModule('a', bitcode('extern _Thread_local int n; int go(void) { return n; }'));
    await expect(engine.link()).rejects.toThrow(
      expect.objectContaining({
        code: 'RESOLVER_FAILED',
        message: expect.stringContaining(reason) as unknown,
      }),
    );
  });

  it('can make a module when it is needed, and only then', async () => {
    const maker = new Scripted('the maker', ({ name }) => {
      const power = /^power([0-9]+)$/.exec(name)?.[1];
      if (power === undefined) return undefined;
      const body = power === '0' ? 'return 1;' : `return x * power${String(Number(power) - 1)}(x);`;
      const before = power === '0' ? '' : `int power${String(Number(power) - 1)}(int);`;
      return {
        kind: 'module',
        name: `made ${name}`,
        bytes: bitcode(`${before} int ${name}(int x) { ${body} }`),
      };
    });
    const engine = engineWith(maker);
    engine.addModule('a', bitcode('int power3(int); int go(int x) { return power3(x); }'));
    await engine.link();
    expect(engine.fn('go')(5)).toBe(125);
    const names = ['a', 'made power3', 'made power2', 'made power1', 'made power0'];
    expect(engine.snapshot().modules.map((module) => module.name)).toEqual(names);
  });

  it('that offers a module without the symbol is passed over', async () => {
    const bytes = bitcode('int something(void) { return 1; }');
    const empty = new Scripted('the empty', ({ name }) =>
      name === 'given' ? { kind: 'module', name: 'm', bytes } : undefined,
    );
    const engine = engineWith(empty);
    engine.addModule('a', usesGiven);
    const before = { ...engine.snapshot(), wallMs: 0 };
    await expect(engine.link()).rejects.toThrow(expect.objectContaining({ code: 'SYMBOL_UNRESOLVED' }));
    expect({ ...engine.snapshot(), wallMs: 0 }).toEqual(before);
  });
});

describe.each(linkages)('a definition that comes later, with linkage %s,', (linkage) => {
  it('counts for who is linked after it; who was linked before keeps what it was given (I1, I2)', async () => {
    const engine = engineFor({
      linkage,
      parts: { resolvers: [moduleResolver(), absoluteResolver({ given: abs })] },
    });
    engine.addModule('before', usesGiven);
    await engine.link();
    engine.addModule('later', bitcode('int given(int x) { return 1000 + x; }'));
    engine.addModule(
      'after',
      bitcode('int given(int); int ask(int x) { return given(x); } void *seen(void) { return given; }'),
    );
    await engine.link();
    for (const tier of ['baseline', 'quick', 'optimized', 'peak', 'baseline']) {
      for (const module of ['before', 'later', 'after']) await engine.recompile(module, tier);
      engine.move('before');
      expect(engine.fn('where')()).toBe(abs);
      expect(engine.fn('go')(-1)).toBe(2);
      expect(engine.fn('ask')(-1)).toBe(999);
      expect(engine.fn('seen')()).toBe(engine.fn('given').address);
    }
  });

  it('counts for a weak symbol that nobody knew, once who asks is compiled again', async () => {
    const engine = engineFor({ linkage });
    engine.addModule(
      'a',
      bitcode('__attribute__((weak)) int absent(void); int go(void) { return absent ? absent() : -1; }'),
    );
    await engine.link();
    expect(engine.fn('go')()).toBe(-1);
    engine.addModule('b', bitcode('int absent(void) { return 5; }'));
    await engine.link();
    await engine.recompile('a', 'peak');
    expect(engine.fn('go')()).toBe(5);
  });
});

describe('a body that was offered for inlining only', () => {
  const offered = 'define available_externally i32 @given(i32 %x) {\n  ret i32 77\n}\n';
  const user = `${offered}define i32 @go(i32 %x) {\n  %y = call i32 @given(i32 %x)\n  ret i32 %y\n}\ndefine ptr @where() {\n  ret ptr @given\n}\n`;

  it('stands back when a resolver has the symbol', async () => {
    const engine = engineWith(absoluteResolver({ given: abs }));
    engine.addModule('a', user);
    await engine.link();
    for (const tier of ['baseline', 'quick', 'peak']) {
      await engine.recompile('a', tier);
      expect(engine.fn('where')()).toBe(abs);
    }
    // A module that defines it later is not too late for those that come then.
    engine.addModule(
      'b',
      'define i32 @given(i32 %x) {\n  ret i32 88\n}\ndefine i32 @ask() {\n  %y = call i32 @given(i32 0)\n  ret i32 %y\n}\n',
    );
    await engine.link();
    expect(engine.fn('ask')()).toBe(88);
    await engine.recompile('a', 'quick');
    expect(engine.fn('where')()).toBe(abs);
  });

  it('is used when nothing else has the symbol', async () => {
    const engine = engineFor();
    engine.addModule('a', user);
    await engine.link();
    expect(engine.fn('go')(1)).toBe(77);
    expect(engine.fn('where')()).toBe(engine.fn('given').address);
  });
});
