/** The programs of the corpus do what their native builds do when all is split that was seen to be cold. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { readProfile } from '../../src/index.js';
import { type Ended, execute, tierlink } from '../support/command.js';
import { corpus, cxxProgram, modulesOfC } from '../support/corpus.js';
import { linkages } from '../support/engine.js';
import { scratch } from '../support/toolchain.js';

/** Twice as much so many times: as if a program that ran for a moment had run for hours. */
const doublings = 20;

interface Split {
  readonly ended: Ended;
  /** Cold parts that came into use. */
  readonly parts: number;
}

/** Runs a program to count it, and again with all that is called compiled for what was counted. */
function split(name: string, modules: readonly string[], args: readonly string[], input = ''): Split {
  const folder = scratch();
  const counted = join(folder, 'counted.profdata');
  const linkage = linkages[name.length % linkages.length] ?? 'stub';
  const unit = name.length % 2 === 0 ? 'function' : 'module';
  const words = ['--no-cache', '--quiet', '--unit', unit, '--linkage', linkage];
  tierlink(['run', ...words, '--tiers', 'quick', '--profile-out', counted, ...modules, '--', ...args], input);
  let profile = readProfile(counted);
  for (let time = 0; time < doublings; time += 1) profile = profile.merge(profile);
  const long = join(folder, 'long.profdata');
  profile.save(long);
  const use = ['--tiers', 'peak', '--profile-use', long, '--jit-dump', folder];
  const ended = tierlink(['run', ...words, ...use, ...modules, '--', ...args], input);
  const dump = readdirSync(folder).find((file) => file.startsWith('jit-'));
  expect(dump).toBeDefined();
  return {
    ended,
    parts: readFileSync(join(folder, dump ?? ''), 'latin1').split('.cold [peak]\0').length - 1,
  };
}

interface Expected {
  readonly args: readonly string[];
  readonly stdin: string;
  readonly status: number;
  readonly stdout: string;
  readonly flags?: readonly string[];
}

/** Those that count something before they end, by more than one way of ending. */
const programs = [
  'atomics',
  'callbacks',
  'computed-goto',
  'exitnested',
  'inlines',
  'jumps',
  'libm',
  'longrun-jumps',
  'longrun-pointers',
  'longrun-statics',
  'memory',
  'recursion',
  'stackdata',
  'stdins',
  'structs',
  'switches',
  'tls',
  'types',
  'varargs',
  'wide',
];

it.each(programs)('the C program %s', (name) => {
  const folder = join(corpus, 'c', name);
  const { args, flags, status, stdin, stdout } = JSON.parse(
    readFileSync(join(folder, 'expected.json'), 'utf8'),
  ) as Expected;
  const modules = modulesOfC(name, flags);
  const { ended } = split(name, modules, args, stdin);
  expect([ended.status, ended.stdout]).toEqual([status, stdout]);
});

const cxx = {
  exceptions: 1000,
  closures: 1000,
  futures: 60,
  inheritance: 1000,
  statics: 300,
  streams: 2000,
  text: 6,
};

it.each(Object.entries(cxx))('the C++ program %s', (name, rounds) => {
  const { modules, native } = cxxProgram(name);
  const input = 'one\ntwo\n';
  const { ended, parts } = split(name, modules, [String(rounds)], input);
  expect(ended).toEqual(execute(native, [String(rounds)], input));
  expect(parts).toBeGreaterThan(0);
});

describe('Lua', () => {
  const scripts = ['basic.lua', 'errors.lua', 'coroutines.lua'];
  it.each(scripts)(
    'runs %s',
    (script) => {
      const path = join('test', 'corpus', 'lua', script);
      const { ended, parts } = split(script, inject('luaModules'), [path]);
      expect(ended.stdout).toBe(execute(inject('luaProgram'), [path]).stdout);
      expect(ended.status).toBe(0);
      expect(parts).toBeGreaterThan(10);
    },
    240_000,
  );
});
