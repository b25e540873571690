/** `tierlink profile`, and what `tierlink run` says of profiles and of rolling back. */
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readProfile } from '../../src/index.js';
import { tierlink } from '../support/command.js';
import { bitcode, llvmBin, scratch } from '../support/toolchain.js';

/** Calls `often` through a pointer, and copies as many bytes as it is told. */
const text = (odd: string): string => `
  #include <stdio.h>
  #include <stdlib.h>
  #include <string.h>
  static int hidden(int x) { return x * 3; }
  int often(int x) { ${odd} return x + 1; }
  int (*volatile chosen)(int) = often;
  char from[64], to[64];
  int main(int argc, char **argv) {
    int n = atoi(argv[1]); int sum = 0;
    for (int i = 0; i < n; i++) { sum += chosen(i) ^ hidden(i); memcpy(to, from, atoi(argv[2])); }
    printf("%d\\n", sum);
    return 0;
  }`;

let folder: string;
let module: string;
const path = (name: string): string => join(folder, name);

/** Counts a run of the program. */
function count(name: string, rounds: number, bytes: number, source = module): void {
  const words = ['--no-cache', '--tiers', 'quick', '--profile-out', path(name)];
  const { status, stderr } = tierlink(['run', ...words, source, '--', String(rounds), String(bytes)]);
  expect([status, stderr]).toEqual([0, '']);
}

beforeAll(() => {
  folder = scratch();
  module = path('program.bc');
  writeFileSync(module, bitcode(text('')));
  count('one.profdata', 700, 16);
  count('two.profdata', 300, 32);
});

describe('tierlink run --profile-out', () => {
  it('writes a file that llvm-profdata reads', () => {
    const words = ['show', '--function=often', '--counts', path('one.profdata')];
    const shown = execFileSync(join(llvmBin, 'llvm-profdata'), words, { encoding: 'utf8' });
    expect(shown).toMatch(/Block counts: \[700\]|Function count: 700/);
  });

  it('names the file when it can not be written, before the program runs', () => {
    const out = join(folder, 'no', 'such', 'folder.profdata');
    const seen = tierlink(['run', '--no-cache', '--profile-out', out, module, '--', '1', '1']);
    expect(seen).toMatchObject({ status: 2, stdout: '' });
    expect(seen.stderr).toContain(out);
  });
});

describe('tierlink profile show', () => {
  it('lists functions, those first that were counted most', () => {
    const { status, stdout, stderr } = tierlink(['profile', 'show', path('one.profdata')]);
    expect([status, stderr]).toEqual([0, '']);
    for (const name of ['often', 'hidden', 'main']) expect(stdout).toContain(name);
    expect(stdout).toMatch(/often[^\n]*700/);
    expect(stdout).toContain('3 functions');
    expect(stdout).not.toContain('not shown');
  });

  it('lists no more than it is told', () => {
    const { stdout } = tierlink(['profile', 'show', '--top', '1', path('one.profdata')]);
    expect(stdout).toContain('3 functions, 2 not shown');
  });

  it('shows all that was counted of a function, which may be static', () => {
    const shown = (name: string): string =>
      tierlink(['profile', 'show', '--function', name, path('one.profdata')]).stdout;
    expect(shown('main')).toMatch(/indirect call 0: often 700\n/);
    expect(shown('main')).toMatch(/memory operation 0: 16 bytes 700\n/);
    expect(shown('hidden')).toMatch(/;hidden, hash [0-9a-f]+\n {2}counters: 700\n/);
  });

  it('says when nothing is known of a function', () => {
    const { status, stdout } = tierlink(['profile', 'show', '--function', 'nobody', path('one.profdata')]);
    expect([status, stdout]).toEqual([0, `${path('one.profdata')}: nothing was counted of nobody\n`]);
  });
});

describe('tierlink profile merge', () => {
  it('adds up', () => {
    const both = path('both.profdata');
    const words = ['profile', 'merge', '-o', both, path('one.profdata'), path('two.profdata')];
    expect(tierlink(words)).toMatchObject({ status: 0, stdout: '', stderr: '' });
    const { functions } = readProfile(both);
    const of = (name: string) => functions.find((one) => one.name === name);
    expect(of('often')?.counts).toEqual(BigUint64Array.of(1000n));
    expect(of('main')?.sizes[0]).toEqual([
      { value: 16n, count: 700n },
      { value: 32n, count: 300n },
    ]);
    const theirs = path('theirs.profdata');
    execFileSync(join(llvmBin, 'llvm-profdata'), [
      'merge',
      '-o',
      theirs,
      path('one.profdata'),
      path('two.profdata'),
    ]);
    expect(readProfile(theirs).functions).toEqual(functions);
  });

  it.each([
    ['no output', ['merge', 'one.profdata']],
    ['no input', ['merge', '-o', 'out.profdata']],
    ['a word that it does not know', ['forget', 'one.profdata']],
  ])('is refused with %s', (_, words) => {
    expect(tierlink(['profile', ...words])).toMatchObject({ status: 2, stdout: '' });
    expect(existsSync('out.profdata')).toBe(false);
  });
});

describe('a file that is no profile', () => {
  it.each([
    ['show', ['profile', 'show']],
    ['merge', ['profile', 'merge', '-o', '/dev/null']],
    ['run --profile-use', ['run', '--no-cache', '--profile-use']],
  ])('is refused by name: %s', (_, words) => {
    const bad = path('bad.profdata');
    writeFileSync(bad, 'this is none');
    const last = words[0] === 'run' ? [bad, module, '--', '1', '1'] : [bad];
    const seen = tierlink([...words, ...last]);
    expect(seen).toMatchObject({ status: 2, stdout: '' });
    expect(seen.stderr).toContain('PROFILE_INVALID');
    expect(seen.stderr).toContain(bad);
  });
});

describe('tierlink run --profile-use', () => {
  const run = (source: string, ...words: readonly string[]) =>
    tierlink(['run', '--no-cache', '--tiers', 'peak', ...words, source, '--', '50', '16']);

  it('does what it does without', () => {
    const plain = run(module);
    expect(plain.status).toBe(0);
    expect(run(module, '--profile-use', path('one.profdata'))).toEqual(plain);
  });

  it('tells of functions that have changed since, unless it is to be quiet', () => {
    const changed = path('changed.bc');
    writeFileSync(changed, bitcode(text('if (x & 64) return 1;')));
    const plain = run(changed);
    const told = run(changed, '--profile-use', path('one.profdata'));
    expect(told).toMatchObject({ status: 0, stdout: plain.stdout });
    expect(told.stderr).toMatch(/the profile of often is not used, it was counted in other code/);
    expect(run(changed, '--quiet', '--profile-use', path('one.profdata'))).toEqual(plain);
  });

  it('adds what it counts to what it was given', () => {
    const out = path('added.profdata');
    const words = ['--tiers', 'quick', '--profile-use', path('one.profdata'), '--profile-out', out];
    const { status } = tierlink(['run', '--no-cache', ...words, module, '--', '50', '16']);
    expect(status).toBe(0);
    expect(readProfile(out).functions.find(({ name }) => name === 'often')?.counts).toEqual(
      BigUint64Array.of(750n),
    );
  });
});

describe('tierlink run --rollback', () => {
  it('changes nothing of what a program does, by any policy that promotes', () => {
    const run = (...words: readonly string[]) =>
      tierlink(['run', '--no-cache', ...words, module, '--', '400000', '16']);
    const plain = run();
    expect(plain.status).toBe(0);
    for (const policy of ['counters', 'eager', 'budgeted'])
      expect(run('--rollback', '--policy', policy)).toEqual(plain);
  });

  it('is in the help', () => {
    expect(tierlink(['run', '--help']).stdout).toMatch(/--rollback +\w/);
  });
});
