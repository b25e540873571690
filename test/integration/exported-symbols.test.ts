/** Libraries that a program opens by itself find what its modules define. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadAddon } from '../../src/native/loader.js';
import { engineFor } from '../support/engine.js';
import { bitcode, llvmBin, scratch } from '../support/toolchain.js';

/** Makes a library that leaves names undefined. */
function library(name: string, source: string): string {
  const folder = scratch();
  const input = join(folder, `${name}.c`);
  const output = join(folder, `lib${name}.so`);
  writeFileSync(input, source);
  execFileSync(join(llvmBin, 'clang'), ['-O1', '-fPIC', '-shared', input, '-o', output], { stdio: 'pipe' });
  return output;
}

const opener = `
  #include <dlfcn.h>
  static void *opened;
  int begin(const char *path) { opened = dlopen(path, RTLD_LAZY); return opened != 0; }
  int ask(const char *name, int x) {
    int (*function)(int) = (int (*)(int))dlsym(opened, name);
    return function == 0 ? -1 : function(x); }
  int knows(const char *name) { return dlsym(RTLD_DEFAULT, name) != 0; }`;

const helpers = `
  int counter = 3;
  static int hidden(int x) { return x + 100; }
  int twice(int x) { counter += 1; return hidden(x) * 2; }
  int later(int x);`;

const plugin = `
  extern int counter; int twice(int); int (*table[])(int) = { twice };
  int total(int x) { return twice(x) + table[0](x) + counter; }`;

/** A library that is never closed keeps the names that it has found, so each test has others. */
const named = (source: string, number: number): string =>
  source.replace(/\b(counter|twice|later|total)\b/g, (name) => `${name}${String(number)}`);

it.each(['stub', 'offset-table', 'direct'] as const)(
  'functions and variables, with linkage %s',
  async (linkage) => {
    const engine = engineFor({ linkage, unit: 'function', policy: 'never' });
    engine.addModule('helpers', bitcode(helpers));
    engine.addModule('opener', bitcode(opener));
    await engine.link();
    expect(engine.fn('begin')(library('plugin', plugin))).toBe(1);
    // `twice` is called by the library before anybody else has.
    expect(engine.fn('ask')('total', 1)).toBe(2 * 202 + 5);
    for (const tier of ['quick', 'peak']) await engine.recompile('helpers', tier);
    engine.compact();
    expect(engine.fn('ask')('total', 2)).toBe(2 * 204 + 7);
    expect(engine.fn('knows')('twice')).toBe(1);
    expect(engine.fn('knows')('hidden')).toBe(0);
  },
);

it('what is linked later, what has new source, and what has gone', async () => {
  const engine = engineFor({ unit: 'function', policy: 'never' });
  engine.addModule('opener', bitcode(opener));
  await engine.link();
  const knows = engine.fn('knows');
  expect(knows('twice1')).toBe(0);
  engine.addModule('helpers', bitcode(named(helpers, 1)));
  await engine.link();
  expect(knows('twice1')).toBe(1);
  expect(engine.fn('begin')(library('first', named(plugin, 1)))).toBe(1);
  expect(engine.fn('ask')('total1', 1)).toBe(409);
  const edited = helpers.replace('+ 100', '+ 200').replace('later(int x);', 'later(int x) { return x - 1; }');
  await engine.replaceModule('helpers', bitcode(named(edited, 1)));
  expect(engine.fn('ask')('total1', 1)).toBe(2 * 402 + 7);
  expect(knows('later1')).toBe(1);
  await engine.removeModule('helpers', { force: true });
  expect(knows('later1')).toBe(0);
});

it('is for libraries: another engine doesn’t find it, and it ends with its engine', async () => {
  const engine = engineFor({ unit: 'function', policy: 'never' });
  engine.addModule('helpers', bitcode(named(helpers, 2)));
  engine.addModule('opener', bitcode(opener));
  await engine.link();
  expect(engine.fn('knows')('twice2')).toBe(1);
  const other = engineFor({ unit: 'function', policy: 'never' });
  other.addModule('user', bitcode('int twice2(int); int user(void) { return twice2(1); }'));
  await expect(other.link()).rejects.toMatchObject({ code: 'SYMBOL_UNRESOLVED' });
  await engine.dispose();
  const third = engineFor({ unit: 'function', policy: 'never' });
  third.addModule('opener', bitcode(opener));
  await third.link();
  expect(third.fn('knows')('twice2')).toBe(0);
});

it('a library that the program opens means its own functions before those of Node', async () => {
  const engine = engineFor({ unit: 'function', policy: 'never' });
  engine.addModule('opener', bitcode(opener));
  await engine.link();
  const own = library(
    'own',
    'const char *zlibVersion(void) { return "mine"; } int first(int x) { return zlibVersion()[x]; }',
  );
  expect(engine.fn('begin')(own)).toBe(1);
  expect(engine.fn('ask')('first', 0)).toBe('m'.charCodeAt(0));
});

it('refuses what is no shared object, and what it has not opened', () => {
  const addon = loadAddon();
  expect(() => addon.symbolsOpen(new Uint8Array(64))).toThrow(/invalid ELF header|file too short/);
  expect(() => {
    addon.symbolsClose(1n);
  }).toThrow('symbols must be what symbolsOpen returned');
});
