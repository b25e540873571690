/** Libraries that define what Node defines, too: each means its own. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { engineFor } from '../support/engine.js';
import { bitcode, llvmBin, scratch } from '../support/toolchain.js';

/** Node has a zlib in itself, and offers its functions to libraries. */
const inner = `
  const char *zlibVersion(void) { return "mine"; }`;
const outer = `
  #include <stdio.h>
  extern const char *zlibVersion(void);
  static const char *(*const table[])(void) = { zlibVersion };
  const char *called(void) { return zlibVersion(); }
  const char *tabled(int which) { return table[which](); }
  void *output(void) { return stdout; }`;

/** Makes a library that can't tell where its own functions are before it is loaded. */
function library(folder: string, name: string, source: string, more: readonly string[] = []): string {
  const input = join(folder, `${name}.c`);
  const output = join(folder, `lib${name}.so`);
  writeFileSync(input, source);
  const flags = ['-O1', '-fPIC', '-fsemantic-interposition', '-shared', input, '-o', output, ...more];
  execFileSync(join(llvmBin, 'clang'), flags, { stdio: 'pipe' });
  return output;
}

const program = `
  #include <stdio.h>
  #include <string.h>
  extern const char *called(void), *tabled(int);
  extern void *output(void);
  int own(void) { return strcmp(called(), "mine") == 0; }
  int ownTable(void) { return strcmp(tabled(0), "mine") == 0; }
  int sharesOutput(void) { return output() == (void *)stdout; }`;

it.each(['one library', 'a library and what it needs'])('%s', async (kind) => {
  const folder = scratch();
  const whole = kind === 'one library';
  if (!whole) library(folder, 'inner', inner);
  const needs = [`-L${folder}`, '-linner', `-Wl,-rpath,${folder}`];
  const path = library(folder, 'outer', whole ? inner + outer : outer, whole ? [] : needs);
  const engine = engineFor({ libraries: [path] });
  engine.addModule('program', bitcode(program));
  await engine.link();
  expect(engine.fn('own')()).toBe(1);
  expect(engine.fn('ownTable')()).toBe(1);
  // But there is one libc.
  expect(engine.fn('sharesOutput')()).toBe(1);
});
