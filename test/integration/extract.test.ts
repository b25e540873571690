/** Functions that are compiled alone: each object defines what was asked for, and together they make the same program. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, inject, it } from 'vitest';
import { LlvmCompiler } from '../../src/native/llvm-compiler.js';
import { loadAddon } from '../../src/native/loader.js';
import { baseline, optimized } from '../../tiers/recipes.js';
import { buildNative, buildProgram, canonical, linkSeparately } from '../support/separate.js';
import { root } from '../support/toolchain.js';

const addon = loadAddon();
const compiler = new LlvmCompiler(addon, 1);
const tiers = [baseline, optimized].map((tier) => ({ ...tier, counters: false, osr: false }));

afterAll(() => {
  void compiler.destroy();
});

interface Ended {
  readonly status: number | null;
  readonly signal: string | null;
  readonly stdout: string;
}

function run(program: string, args: readonly string[] = [], input = '', cwd = root): Ended {
  const { status, signal, stdout } = spawnSync(program, args, {
    input,
    cwd,
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status, signal, stdout };
}

// `common` has symbols that only the engine merges: in its objects they are weak.
const folders = (kind: string): string[] =>
  readdirSync(join(root, 'test', 'corpus', kind))
    .filter((name) => name !== 'common')
    .sort();

interface Expected {
  readonly args: string[];
  readonly stdin: string;
  readonly status: number | { readonly signal: string };
  readonly stdout: string;
  readonly flags?: string[];
  readonly interrupt?: object;
}

function expectedOf(name: string): Expected {
  // Safe because the corpus's files all have this form; corpus.test.ts reads them, too.
  return JSON.parse(
    readFileSync(join(root, 'test', 'corpus', 'c', name, 'expected.json'), 'utf8'),
  ) as Expected;
}

// Programs that are interrupted from outside are run by corpus.test.ts; how they are compiled is nothing special.
const programs = folders('c').filter((name) => expectedOf(name).interrupt === undefined);

describe.each(programs)('the C program %s, a function an object,', (name) => {
  const folder = join(root, 'test', 'corpus', 'c', name);
  const expected = expectedOf(name);
  // Half of the tiers for each, in turn.
  const share = tiers.filter((_tier, index) => index % 2 === programs.indexOf(name) % 2);
  it.each(share)('does the same at $name', async (tier) => {
    const { modules } = buildProgram(folder, ['-std=gnu11', ...(expected.flags ?? [])]);
    const program = await linkSeparately(compiler, canonical(addon, modules), tier, 1);
    const { status, stdout } = expected;
    expect(run(program, expected.args, expected.stdin)).toEqual({
      status: typeof status === 'number' ? status : null,
      signal: typeof status === 'number' ? null : status.signal,
      stdout,
    });
  });
});

describe.each(folders('cxx'))('the C++ program %s, a function an object,', (name) => {
  it('does the same', async () => {
    const folder = join(root, 'test', 'corpus', 'cxx', name);
    const flags = ['-std=c++20'];
    const { modules, libraries } = buildProgram(folder, flags);
    const native = buildNative(folder, flags, libraries);
    const parts = canonical(addon, modules);
    const args = ['order', 'stray-exception'].includes(name) ? [] : ['20'];
    const program = await linkSeparately(compiler, parts, tiers[0] ?? baseline, 1, libraries);
    expect(run(program, args, 'one\ntwo\n')).toEqual(run(native, args, 'one\ntwo\n'));
  });
});

describe('Lua, a function an object,', () => {
  const scripts = ['closures', 'coroutines', 'errors', 'patterns', 'numbers'];
  it.each(tiers)(
    'runs scripts at $name',
    async (tier) => {
      const files = [...inject('luaModules')].sort();
      const parts = canonical(
        addon,
        files.map((file) => readFileSync(file)),
      );
      const program = await linkSeparately(compiler, parts, tier, 1);
      const native = inject('luaProgram');
      const long = join(root, 'test', 'corpus', 'lua', 'long');
      for (const script of scripts)
        expect(run(program, [`${script}.lua`], '', long)).toEqual(run(native, [`${script}.lua`], '', long));
    },
    180_000,
  );
});
