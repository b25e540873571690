/** Lua with all tiers, promoted as early as can be: profiles are used that have seen next to nothing. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { readProfile } from '../../src/index.js';
import { execute, tierlink } from '../support/command.js';
import { linkages } from '../support/engine.js';
import { root, scratch } from '../support/toolchain.js';

const corpus = join('test', 'corpus', 'lua');
const scripts = readdirSync(join(root, corpus)).filter((name) => name.endsWith('.lua'));
const modules = inject('luaModules');
const native = inject('luaProgram');

/** Runs a script three times over, with tiers in quick succession. */
function run(script: string, linkage: string, more: readonly string[]) {
  const args = [join(corpus, 'support', 'again.lua'), join(corpus, script), '3'];
  const tiering = ['--linkage', linkage, '--thresholds', 'quick=1,optimized=20,peak=200', '--no-cache'];
  const words = ['run', ...tiering, ...more, '--argv0', native, ...modules, '--', ...args];
  return { seen: tierlink(words), expected: execute(native, args) };
}

describe('a script prints what a native Lua prints', () => {
  const share = scripts.sort().map((script, index) => [script, linkages[index % 3] ?? 'stub'] as const);
  it.each(share)('%s, and again with the profile of the first run (%s)', (script, linkage) => {
    const file = join(scratch(), 'lua.profdata');
    const first = run(script, linkage, ['--profile-out', file]);
    expect(first.seen).toEqual(first.expected);
    expect(readProfile(file).functions.length).toBeGreaterThan(20);
    const second = run(script, linkage, ['--profile-use', file]);
    expect(second.seen).toEqual(second.expected);
  });
});
