/** The programs of the corpus do what their native builds do with every loop left at a given arrival. */
import { spawnSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { type Ended, execute } from '../support/command.js';
import { corpus, cxxProgram, modulesOfC } from '../support/corpus.js';
import { linkages } from '../support/engine.js';
import { root, scratch } from '../support/toolchain.js';

const driver = join(root, 'test', 'drivers', 'forced.mjs');

interface Forced {
  readonly ended: Ended;
  readonly continued: readonly string[];
  readonly failed: readonly string[];
}

/** Runs a program whose loops are left; `name` decides how it is compiled and linked. */
function forced(
  arrival: number,
  name: string,
  modules: readonly string[],
  argv: readonly string[],
  { input = '', cache = 'off' }: { readonly input?: string; readonly cache?: string } = {},
): Forced {
  const unit = name.length % 2 === 0 ? 'function' : 'module';
  const linkage = linkages[(name.length + arrival) % linkages.length] ?? 'stub';
  const words = [driver, String(arrival), unit, linkage, ...modules, '--', ...argv];
  const ended = spawnSync(process.execPath, words, {
    cwd: root,
    input,
    encoding: 'utf8',
    timeout: 240_000,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    env: { ...process.env, TIERLINK_CACHE: cache },
  });
  const { status, signal, stdout, stderr } = ended;
  const told = ended.output[3] ?? '';
  const seen = told === '' ? { continued: [], failed: [] } : (JSON.parse(told) as Omit<Forced, 'ended'>);
  return { ended: { status, signal, stdout, stderr }, ...seen };
}

interface Expected {
  readonly args: readonly string[];
  readonly stdin: string;
  readonly status: number | { readonly signal: NodeJS.Signals };
  readonly stdout: string;
  readonly flags?: readonly string[];
  readonly interrupt?: unknown;
}

const programs = readdirSync(join(corpus, 'c')).flatMap((name) => {
  const folder = join(corpus, 'c', name);
  const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Expected;
  return expected.interrupt === undefined ? [{ name, expected }] : [];
});

describe.each(programs)('the C program $name', ({ name, expected }) => {
  it.each([1, 3])('does what its native build does, its loops left at arrival %i', (arrival) => {
    const modules = modulesOfC(name, expected.flags);
    const { args, stdin, stdout } = expected;
    const { ended, failed } = forced(arrival, name, modules, [basename(modules[0] ?? '', '.bc'), ...args], {
      input: stdin,
    });
    expect(failed).toEqual([]);
    expect(ended.stdout).toBe(stdout);
    expect(ended.signal === null ? ended.status : { signal: ended.signal }).toEqual(expected.status);
  });
});

/** Programs of C++, and how many rounds they make. */
const cxx = {
  exceptions: 40,
  closures: 300,
  futures: 60,
  inheritance: 300,
  statics: 300,
  streams: 200,
  text: 6,
};

describe.each(Object.entries(cxx))('the C++ program %s', (name, rounds) => {
  it.each([1, 4])('does what its native build does, its loops left at arrival %i', (arrival) => {
    const { modules, native } = cxxProgram(name);
    const input = 'one\ntwo\n';
    const args = [String(rounds)];
    const { ended, failed, continued } = forced(arrival, name, modules, [native, ...args], { input });
    expect(failed).toEqual([]);
    expect(continued).not.toEqual([]);
    expect(ended).toEqual(execute(native, args, input));
  });
});

describe('Lua, every loop of which is left at its first arrival', () => {
  const cache = scratch();
  chmodSync(cache, 0o700);
  const folder = join('test', 'corpus', 'lua');
  // What tells the time differs from run to run.
  const scripts = readdirSync(join(root, folder)).filter(
    (name) => name.endsWith('.lua') && name !== 'time.lua',
  );

  it.each(scripts)(
    'runs %s as natively',
    (script) => {
      const path = join(folder, script);
      const modules = inject('luaModules');
      const { ended, failed, continued } = forced(1, 'lu', modules, ['lua', path], { cache });
      expect(failed).toEqual([]);
      expect(continued).toContain('luaV_execute 0');
      expect(ended.stdout).toBe(execute(inject('luaProgram'), [path]).stdout);
      expect(ended.status).toBe(0);
    },
    240_000,
  );
});
