import { execFile } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  baseline,
  type CacheEvent,
  type Compiler,
  type ControlKind,
  type DirectoryCache,
  directory,
  type Engine,
  type EngineOptions,
  memory,
  type ObjectStore,
} from '../../src/index.js';
import { bundled } from '../support/bundled.js';
import { command } from '../support/command.js';
import { engineFor } from '../support/engine.js';
import { bitcode, root, scratch } from '../support/toolchain.js';

const modules: Readonly<Record<string, Uint8Array>> = {
  main: bitcode(
    'static int calls; static int once(int x) { return x + ++calls; } int twice(int); int start(int x) { return twice(once(x)); }',
  ),
  twice: bitcode('int twice(int x) { return x * 2; }'),
};

/** A compiler that says it is LLVM, and must not be called. */
const idle: Compiler = {
  identity: 'llvm',
  threads: 1,
  compile: () => Promise.reject(new Error('there was nothing to compile')),
  compileNow: () => {
    throw new Error('there was nothing to compile');
  },
  pending: () => 0,
  destroy: () => Promise.resolve(),
};

interface Linked {
  readonly engine: Engine;
  readonly events: CacheEvent[];
  readonly outcomes: () => Record<string, number>;
}

/** An engine with the modules in it, linked. */
async function linked(options: EngineOptions, sources = modules): Promise<Linked> {
  const engine = engineFor(options);
  const events: CacheEvent[] = [];
  engine.on('cache', (event) => events.push(event));
  for (const [name, bytes] of Object.entries(sources)) engine.addModule(name, bytes);
  await engine.link();
  const outcomes = () => {
    const counts: Record<string, number> = {};
    for (const { outcome } of events) counts[outcome] = (counts[outcome] ?? 0) + 1;
    return counts;
  };
  return { engine, events, outcomes };
}

/** What is asked for when these modules are linked: two modules, two codes, the variables of one. */
const asked = 5;

/** A store that has everything. */
async function warm<Cache extends ObjectStore | DirectoryCache>(
  store: Cache,
  options: EngineOptions = {},
): Promise<Cache> {
  const { engine, outcomes } = await linked({ cache: store, ...options });
  expect(await engine.flushCache()).toBe(true);
  expect(outcomes()).toEqual({ miss: asked, stored: asked });
  return store;
}

function filesOf(path: string): string[] {
  const names = readdirSync(path, { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name !== 'usage' && statSync(join(path, name)).isFile())
    .map((name) => join(path, name));
}

describe('an engine with a warm cache', () => {
  it.each(['directory', 'memory'])('reads and compiles nothing (%s)', async (kind) => {
    const path = join(scratch(), 'cache');
    const store = await warm(kind === 'memory' ? memory() : directory(path));
    const { engine, outcomes } = await linked({
      cache: kind === 'memory' ? store : directory(path),
      parts: { compiler: () => idle },
    });
    expect(outcomes()).toEqual({ hit: asked });
    const start = engine.fn('start');
    expect([start(1), start(1), start(1)]).toEqual([4, 6, 8]);
    expect(engine.snapshot().cache).toMatchObject({ hits: asked, misses: 0, stored: 0 });
  });

  it.each<ControlKind>(['worker', 'inline'])('needs no LLVM with control %s', async (control) => {
    const cache = directory(join(scratch(), 'cache'));
    const cold = await linked({ cache, control });
    expect(cold.engine.snapshot().control).toBe(control);
    expect(await cold.engine.flushCache()).toBe(true);
    expect(cold.outcomes()).toEqual({ miss: asked, stored: asked });
    const { engine, outcomes } = await linked({ cache, control });
    expect(engine.fn('start')(1)).toBe(4);
    expect(outcomes()).toEqual({ hit: asked });
    expect(await engine.flushCache()).toBe(true);
  });

  it('links what a cold one links', async () => {
    const store = memory();
    const cold = await linked({ cache: store });
    await cold.engine.flushCache();
    const again = await linked({ cache: store });
    const sizes = ({ engine }: Linked) => {
      const { relocations, memory: taken, slots } = engine.snapshot();
      return { relocations, slots, code: taken.code, data: taken.data, readonly: taken.readonly };
    };
    expect(sizes(again)).toEqual(sizes(cold));
  });

  it('finds what was compiled at other tiers, too', async () => {
    const store = await warm(memory());
    const first = await linked({ cache: store });
    const { codeBytes } = await first.engine.recompile('main', 'peak');
    await first.engine.flushCache();
    const { engine } = await linked({ cache: store, parts: { compiler: () => idle } });
    expect(await engine.recompile('main', 'peak')).toMatchObject({ codeBytes, compileMs: 0 });
    expect(engine.fn('start')(1)).toBe(4);
    await expect(engine.recompile('twice', 'peak')).rejects.toThrow('nothing to compile');
  });

  it('compiles again what is compiled otherwise', async () => {
    const store = await warm(memory());
    const other = { ...baseline, passes: 'default<O1>' };
    for (const options of [
      { linkage: 'offset-table' },
      { linkage: 'direct' },
      { tiers: ['optimized', 'peak'] },
      { tiers: [other, 'peak'] },
      { tiers: [{ ...baseline, hostCpu: true }, 'peak'] },
    ] as const satisfies EngineOptions[]) {
      const { engine, events } = await linked({ cache: store, ...options });
      const missed = events.filter(({ outcome }) => outcome === 'miss').map(({ content }) => content);
      expect(missed.filter((content) => content === 'code')).toHaveLength(2);
      expect(missed).not.toContain('module');
      expect(engine.fn('start')(1)).toBe(4);
    }
  });

  it('reads a module again that has another number, as its internal names contain it', async () => {
    const store = await warm(memory());
    const { twice = new Uint8Array(), main = new Uint8Array() } = modules;
    const { engine, outcomes } = await linked({ cache: store }, { twice, main });
    expect(outcomes()).toMatchObject({ miss: 4, hit: 1 });
    expect(engine.fn('start')(1)).toBe(4);
  });

  it('does not care what a module is called', async () => {
    const store = await warm(memory());
    const { twice = new Uint8Array(), main = new Uint8Array() } = modules;
    const { engine, outcomes } = await linked(
      { cache: store, parts: { compiler: () => idle } },
      { a: main, b: twice },
    );
    expect(outcomes()).toEqual({ hit: asked });
    expect(engine.fn('start')(1)).toBe(4);
  });
});

it('a process with a warm cache does without LLVM', async () => {
  const folder = scratch();
  for (const [name, bytes] of Object.entries(modules)) writeFileSync(join(folder, `${name}.bc`), bytes);
  const script = `
    import { readFileSync } from 'node:fs';
    import { createEngine, directory } from '${root}dist/src/index.js';
    const engine = createEngine({ cache: directory('${folder}/cache'), policy: 'never' });
    for (const name of ['main', 'twice']) engine.addModule(name, { path: '${folder}/' + name + '.bc' });
    await engine.link();
    const result = engine.fn('start')(1);
    await engine.dispose();
    console.log(result, readFileSync('/proc/self/maps', 'utf8').includes('libLLVM'));`;
  const run = async () => promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  expect((await run()).stdout).toBe('4 true\n');
  // Now it is known what is called, and compiled together.
  await run();
  expect((await run()).stdout).toBe('4 false\n');
});

describe('the cache of an engine', () => {
  it('is none by default', async () => {
    const { engine, events } = await linked({});
    expect(engine.snapshot().cache).toBeNull();
    expect(await engine.flushCache()).toBe(true);
    expect(events).toEqual([]);
  });

  it('is refused when it was written for another version', () => {
    const cache = { ...memory(), apiVersion: 2 };
    expect(() => engineFor({ cache })).toThrow(
      expect.objectContaining({
        code: 'API_VERSION_MISMATCH',
        details: { interface: 'ObjectStore', found: '2', expected: 1 },
      }) as Error,
    );
    expect(() => memory({ maxBytes: -1 })).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID' }) as Error,
    );
  });

  it('is refused where others can write to it', () => {
    const path = scratch();
    chmodSync(path, 0o777);
    const refused = { code: 'CACHE_DIRECTORY_REFUSED' };
    expect(() => directory(path)).toThrow(expect.objectContaining(refused) as Error);
  });

  it('keeps nothing of a compiler that does not say what it is', async () => {
    const store = await warm(memory());
    const compiler = { ...idle, identity: undefined } as unknown as Compiler;
    await expect(linked({ cache: store, parts: { compiler: () => compiler } })).rejects.toThrow(
      'nothing to compile',
    );
    await expect(
      linked({ cache: store, parts: { compiler: () => ({ ...idle, identity: 'mine' }) } }),
    ).rejects.toThrow('nothing to compile');
  });

  it('keeps no failure', async () => {
    const store = memory();
    for (let time = 0; time < 2; time += 1) {
      const engine = engineFor({ cache: store });
      const read = () => {
        engine.addModule('m', 'define i32 @f() {\n  ret i32 %x\n}\n');
      };
      expect(read).toThrow(expect.objectContaining({ code: 'IR_INVALID' }) as Error);
      expect(await engine.flushCache()).toBe(true);
      expect(engine.snapshot().cache).toMatchObject({ misses: 1, stored: 0 });
    }
  });

  it('has everything when the engine has ended', async () => {
    const store = memory();
    const { engine } = await linked({ cache: store });
    await engine.dispose();
    const { outcomes } = await linked({ cache: store, parts: { compiler: () => idle } });
    expect(outcomes()).toEqual({ hit: asked });
  });

  it('may be remote: then modules are read, and objects are found', async () => {
    const inner = memory();
    const remote: ObjectStore = {
      apiVersion: 1,
      description: 'far away',
      immediate: false,
      get: async (key) => inner.get(key),
      put: async (...all) => inner.put(...all),
      delete: async (key) => inner.delete(key),
    };
    const { engine } = await linked({ cache: remote });
    await engine.flushCache();
    const { outcomes } = await linked({ cache: remote, parts: { compiler: () => idle } });
    expect(outcomes()).toEqual({ hit: 3 });
  });

  it('does no harm when it is broken', async () => {
    const broken = () => {
      throw new Error('broken');
    };
    const cache = {
      apiVersion: 1,
      description: 'mine',
      immediate: true,
      get: broken,
      put: broken,
      delete: broken,
    };
    const warnings: string[] = [];
    const engine = engineFor({ cache });
    engine.on('warning', ({ message }) => warnings.push(message));
    for (const [name, bytes] of Object.entries(modules)) engine.addModule(name, bytes);
    await engine.link();
    expect(engine.fn('start')(1)).toBe(4);
    await engine.flushCache();
    expect(warnings).toEqual([
      expect.stringContaining('reading failed 3 times') as string,
      expect.stringContaining('storing failed 3 times') as string,
    ]);
    expect(engine.snapshot().cache).toMatchObject({ misses: asked, stored: 0 });
  });
});

describe('a directory that is damaged', () => {
  it.each<[string, (path: string) => void]>([
    [
      'a byte of each entry is another one',
      (path) => {
        for (const [index, file] of filesOf(path).entries()) {
          const bytes = readFileSync(file);
          const at = (index * 7919) % bytes.length;
          bytes.writeUInt8(bytes.readUInt8(at) ^ 0x10, at);
          writeFileSync(file, bytes);
        }
      },
    ],
    [
      'each entry is cut off',
      (path) => {
        for (const [index, file] of filesOf(path).entries())
          writeFileSync(file, readFileSync(file).subarray(0, index * 100));
      },
    ],
    [
      'each entry is that of another',
      (path) => {
        const files = filesOf(path);
        for (const file of files) renameSync(file, `${file}.moved`);
        for (const [index, file] of files.entries())
          renameSync(`${file}.moved`, files[(index + 1) % files.length] ?? '');
      },
    ],
  ])('is compiled anew, and repaired: %s', async (_, damage) => {
    const path = join(scratch(), 'cache');
    await warm(directory(path));
    damage(path);
    const { engine, events, outcomes } = await linked({ cache: directory(path) });
    expect(engine.fn('start')(1)).toBe(4);
    await engine.flushCache();
    expect(outcomes()).toEqual({ rejected: asked, miss: asked, stored: asked });
    for (const { outcome, reason } of events) expect(reason === '').toBe(outcome !== 'rejected');
    const again = await linked({ cache: directory(path), parts: { compiler: () => idle } });
    expect(again.outcomes()).toEqual({ hit: asked });
  });
});

it('processes that store, read and evict in one directory never get what is not theirs', async () => {
  const path = join(scratch(), 'cache');
  const run = promisify(execFile);
  const seeds = ['1', '2', '3', '4'];
  const [driver = ''] = await bundled([join(root, 'test', 'drivers', 'cache.mjs')], scratch());
  const ended = await Promise.all(
    seeds.map(async (seed) => run(process.execPath, [driver, path, String(2 ** 18), seed, '1500'])),
  );
  const seen = ended.map(({ stdout }) => JSON.parse(stdout) as Record<string, number>);
  for (const each of seen) {
    expect(each).toMatchObject({ wrong: 0 });
    expect(each['hits']).toBeGreaterThan(100);
    expect(each['evicted']).toBeGreaterThan(0);
  }
  const bytes = filesOf(path).reduce((sum, file) => sum + Math.ceil(statSync(file).size / 4096) * 4096, 0);
  // Each process may have stored one that another one's count has missed.
  expect(bytes).toBeLessThanOrEqual(2 ** 18 + seeds.length * 2 ** 15);
  expect(filesOf(path).filter((file) => file.endsWith('.tmp'))).toEqual([]);
});

describe('tierlink run', () => {
  const source = bitcode('#include <stdio.h>\nint main(void) { puts("hello"); return 3; }');

  /** Runs the program; says how it ended and what the cache did. */
  async function program(words: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    const folder = scratch();
    const stats = join(folder, 'stats.json');
    writeFileSync(join(folder, 'hello.bc'), source);
    const args = [command, 'run', '--stats', stats, ...words, join(folder, 'hello.bc')];
    const env = { PATH: process.env['PATH'], HOME: folder, ...environment };
    const ended = await promisify(execFile)(process.execPath, args, { env }).then(
      () => ({ code: 0, stdout: '', stderr: '' }),
      (error: unknown) => error as { code: number; stdout: string; stderr: string },
    );
    const { code, stdout, stderr } = ended;
    const report = existsSync(stats) ? readFileSync(stats, 'utf8') : '{}';
    const { cache } = JSON.parse(report) as { cache: Record<string, number> | null };
    return { code, stdout, stderr, cache, home: folder };
  }

  const said = { code: 3, stdout: 'hello\n', stderr: '' };

  it('finds what it compiled the last time', async () => {
    const cache = join(scratch(), 'cache');
    expect(await program(['--cache', cache])).toMatchObject({
      ...said,
      cache: { hits: 0, misses: 4, stored: 4 },
    });
    expect(await program(['--cache', cache])).toMatchObject({
      ...said,
      cache: { hits: 4, misses: 0, stored: 0 },
    });
    expect(await program(['--cache', cache, '--no-cache'])).toMatchObject({ ...said, cache: null });
  });

  it('keeps it where it is told, or in the folder for caches', async () => {
    const places = scratch();
    const one = await program([], {
      TIERLINK_CACHE: join(places, 'one'),
      XDG_CACHE_HOME: join(places, 'xdg'),
    });
    expect(one).toMatchObject({ ...said, cache: { stored: 4 } });
    const two = await program([], { XDG_CACHE_HOME: join(places, 'two') });
    expect(two).toMatchObject({ ...said, cache: { stored: 4 } });
    const three = await program([], { XDG_CACHE_HOME: 'not/absolute', TIERLINK_CACHE: '' });
    expect(three).toMatchObject({ ...said, cache: { stored: 4 } });
    expect(filesOf(join(places, 'one'))).toHaveLength(4);
    expect(filesOf(join(places, 'two', 'tierlink'))).toHaveLength(4);
    expect(filesOf(join(three.home, '.cache', 'tierlink'))).toHaveLength(4);
    const none = await program([], { TIERLINK_CACHE: 'off' });
    expect(none).toMatchObject({ ...said, cache: null });
    expect(readdirSync(none.home)).not.toContain('.cache');
    expect(readdirSync(places).sort()).toEqual(['one', 'two']);
  });

  it('refuses a place that somebody chose; without the usual one it runs', async () => {
    const folder = scratch();
    chmodSync(folder, 0o777);
    for (const seen of [await program(['--cache', folder]), await program([], { TIERLINK_CACHE: folder })]) {
      expect(seen).toMatchObject({ code: 2, stdout: '' });
      expect(seen.stderr).toContain('CACHE_DIRECTORY_REFUSED');
    }
    mkdirSync(join(folder, 'tierlink'));
    const seen = await program([], { XDG_CACHE_HOME: folder });
    expect(seen).toMatchObject({ code: 3, stdout: 'hello\n', cache: null });
    expect(seen.stderr).toMatch(/^tierlink: .* can't be used as an object cache/);
    expect(await program(['--quiet'], { XDG_CACHE_HOME: folder })).toMatchObject({ ...said, cache: null });
  });

  it('runs when nothing can be stored', async () => {
    const folder = scratch();
    const cache = join(folder, 'cache');
    expect(await program(['--cache', cache])).toMatchObject(said);
    // A file in the place of each folder of entries.
    for (const name of readdirSync(cache)) renameSync(join(cache, name), join(folder, name));
    for (let digit = 0; digit < 16; digit += 1) writeFileSync(join(cache, digit.toString(16)), '');
    const seen = await program(['--cache', cache]);
    expect(seen).toMatchObject({ code: 3, stdout: 'hello\n', cache: { hits: 0, stored: 0 } });
    expect(seen.stderr).toContain('failed 3 times in a row');
  });

  it('finds what was copied to another place', async () => {
    const folder = scratch();
    await program(['--cache', join(folder, 'cache')]);
    cpSync(join(folder, 'cache'), join(folder, 'copy'), { recursive: true });
    expect(await program(['--cache', join(folder, 'copy')])).toMatchObject({ ...said, cache: { hits: 4 } });
  });
});
