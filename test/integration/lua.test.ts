import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { execute, tierlink } from '../support/command.js';
import { linkages } from '../support/engine.js';
import { root, scratch } from '../support/toolchain.js';

const corpus = join('test', 'corpus', 'lua');

/** Scripts of a folder of the corpus, as paths from the root. */
function scriptsOf(folder: string): string[] {
  const names = readdirSync(join(root, folder)).filter((name) => name.endsWith('.lua'));
  return names.sort().map((name) => join(folder, name));
}

const scripts = scriptsOf(corpus);
const longer = scriptsOf(join(corpus, 'long'));
const endings = scriptsOf(join(corpus, 'endings'));
const modules = inject('luaModules');
const native = inject('luaProgram');

/** Times that a script is run in one process: enough for a tenth of a second or more, to be recompiled in. */
const times: Readonly<Record<string, string>> = {
  'errors.lua': '3',
  'garbage.lua': '4',
  'format.lua': '8',
  'math.lua': '20',
  'tables.lua': '8',
  'metatables.lua': '200',
  'modules.lua': '60',
  'time.lua': '80',
  'utf8.lua': '80',
};

/** How an engine runs Lua: with the default manager on a worker, with others on the thread that made it. */
interface Way {
  readonly linkage: string;
  readonly manager?: string;
  readonly unit?: string;
}

/** Runs a script while modules are recompiled, moved and compacted at random moments; tells how often. */
function shaken(
  { linkage, manager = 'default', unit = 'module' }: Way,
  seed: number,
  args: readonly string[],
) {
  const driver = join(root, 'test', 'drivers', 'shake.mjs');
  const words = [driver, linkage, manager, unit, String(seed), ...modules, '--', ...args];
  const ended = spawnSync(process.execPath, words, {
    cwd: root,
    encoding: 'utf8',
    timeout: 120_000,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
  });
  const { status, signal, stdout, stderr } = ended;
  const seen = JSON.parse(ended.output[3] ?? '{}') as {
    swaps: Record<string, number>;
    moves: number;
    violations: string[];
  };
  return { ended: { status, signal, stdout, stderr }, ...seen };
}

it('the corpus has scripts for all of the library', () => {
  expect(scripts.length).toBeGreaterThanOrEqual(12);
});

/** What again.lua is given to run a script often enough. */
function repeated(script: string): string[] {
  return [join(corpus, 'support', 'again.lua'), script, times[basename(script)] ?? '20'];
}

/** Compares a run under random recompilation and moving with a native one. */
function expectSame(way: Way, args: readonly string[]): void {
  const expected = execute(native, args);
  expect(expected).toMatchObject({ status: 0, stderr: '' });
  const seed = args.join().length * 7919 + way.linkage.length;
  // A short script may end before the first swap: then once more, for it must have seen some.
  let seen = shaken(way, seed, args);
  const isShaken = (): boolean => seen.moves > 0 && Object.values(seen.swaps).some((count) => count > 0);
  for (let tries = 1; tries < 5 && !isShaken(); tries += 1) {
    expect(seen.ended).toEqual(expected);
    seen = shaken(way, seed + tries, args);
  }
  const { ended, swaps, moves, violations } = seen;
  expect(ended).toEqual(expected);
  expect(Object.values(swaps).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(0);
  expect(moves).toBeGreaterThan(0);
  // I3, looked at again and again while it ran.
  expect(violations).toEqual([]);
}

describe.each(linkages)(
  'Lua with linkage %s, recompiled, moved and compacted at random moments, prints what a native build prints',
  (linkage) => {
    it.each(scripts)('%s', (script) => {
      expectSame({ linkage }, repeated(script));
    });

    // A share of the longer ones in each linkage: they are many, and linkages differ in few instructions.
    const share = longer.filter((_script, index) => index % linkages.length === linkages.indexOf(linkage));
    it.each(share)('%s', (script) => {
      expectSame({ linkage }, [script]);
    });
  },
);

describe('Lua over each shipped memory manager, recompiled, moved and compacted at random moments', () => {
  const kinds = [
    ['mprotect', 'stub'],
    ['mprotect', 'offset-table'],
    ['dualMapped', 'direct'],
  ] as const;
  // Managers differ in no instruction: a third of the scripts each.
  const share = scripts.map(
    (script, index) => [...(kinds[index % kinds.length] ?? kinds[0]), script] as const,
  );
  it.each(share)('%s, linkage %s: %s', (manager, linkage, script) => {
    expectSame({ linkage, manager }, repeated(script));
  });
});

describe('Lua in units of one function, recompiled, moved and compacted at random moments', () => {
  const kinds = ['default', 'dualMapped'] as const;
  const share = scripts.map((script, index) => {
    return [
      linkages[index % linkages.length] ?? 'stub',
      kinds[(index >> 1) % 2] ?? 'default',
      script,
    ] as const;
  });
  it.each(share)('linkage %s, manager %s: %s', (linkage, manager, script) => {
    expectSame({ linkage, manager, unit: 'function' }, repeated(script));
  });
});

describe.each(linkages)('tierlink run --linkage %s ends as a native Lua does', (linkage) => {
  it.each(endings)('%s', (script) => {
    const args = [script];
    const input = 'one\ntwo\nthree';
    const expected = execute(native, args, input);
    const seen = tierlink(['run', '--linkage', linkage, '--argv0', native, ...modules, '--', ...args], input);
    expect(seen).toEqual(expected);
  });
});

describe('tierlink run --unit function, tiering up, prints what a native Lua prints', () => {
  const share = scripts.map(
    (script, index) => [linkages[index % linkages.length] ?? 'stub', script] as const,
  );
  it.each(share)('linkage %s: %s', (linkage, script) => {
    const tiering = ['--unit', 'function', '--thresholds', 'quick=200,optimized=2000,peak=20000'];
    const words = [
      'run',
      '--linkage',
      linkage,
      ...tiering,
      '--argv0',
      native,
      ...modules,
      '--',
      ...repeated(script),
    ];
    expect(tierlink(words)).toEqual(execute(native, repeated(script)));
  });
});

it('units are published at two tiers or more while main is running', () => {
  const stats = join(scratch(), 'stats.json');
  const longest = join(root, 'examples', 'lua', 'demo.lua');
  const thresholds = ['--thresholds', 'quick=200,optimized=2000,peak=20000'];
  expect(tierlink(['run', '--stats', stats, ...thresholds, ...modules, '--', longest]).status).toBe(0);
  const { program, versions } = JSON.parse(readFileSync(stats, 'utf8')) as {
    program: { startedAtMs: number; endedAtMs: number };
    versions: { tier: string; atMs: number }[];
  };
  const during = versions.filter(({ atMs }) => atMs > program.startedAtMs && atMs < program.endedAtMs);
  expect(new Set(during.map(({ tier }) => tier)).size).toBeGreaterThanOrEqual(2);
});
