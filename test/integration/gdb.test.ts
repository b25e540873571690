/** What gdb shows of compiled code: names with tiers, frames, lines. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { command, execute } from '../support/command.js';
import { bitcode, root, scratch } from '../support/toolchain.js';

// Stops by itself: so nothing has to be written into the code.
const library = `
int twice(int x);
int inner(const int *p, int n) {
  int sum = 0;
  for (int i = 0; i < n; i++)
    sum += p[i];
  __builtin_debugtrap();
  return sum;
}`;
const program = `
#include <stdio.h>
int inner(const int *p, int n);
int outer(int n) {
  int a[4] = {1, 2, 3, n};
  return inner(a, 4) * 2;
}
int main(void) {
  printf("outer gives %d\\n", outer(5));
  return 0;
}`;

/** Runs a program under gdb up to where it stops by itself, and then these commands. */
function gdb(words: readonly string[], commands: readonly string[]): string {
  const script = join(scratch(), 'commands');
  const signals = 'handle SIGUSR1 SIGUSR2 SIG34 SIG35 SIG36 SIG63 SIGSEGV nostop noprint pass';
  const before = ['set pagination off', 'set confirm off', 'set width 0', signals, 'run'];
  writeFileSync(script, [...before, ...commands, 'kill', ''].join('\n'));
  const all = ['-nx', '-batch', '-x', script, '--args', process.execPath, ...words];
  const { stdout, stderr } = execute('gdb', all);
  return `${stdout}${stderr}`;
}

it('gdb shows functions with their tiers, walks their frames, and knows their lines', () => {
  const folder = scratch();
  const [first, second] = [join(folder, 'library.bc'), join(folder, 'program.bc')];
  writeFileSync(first, bitcode(library, ['-g']));
  writeFileSync(second, bitcode(program, ['-g']));
  const shown = gdb(
    [command, 'run', '--gdb', '--no-cache', '--policy', 'never', first, second],
    ['bt 4', 'info symbol $pc', 'signal 0'],
  );
  expect(shown).toMatch(/#0 +inner \[baseline\] \(\) at .*input\.c:8/);
  expect(shown).toMatch(/#1 +0x[0-9a-f]+ in outer \[baseline\] \(\) at .*input\.c:6/);
  expect(shown).toMatch(/#2 +0x[0-9a-f]+ in main \[baseline\] \(\) at .*input\.c:9/);
  expect(shown).toMatch(/#3 +0x[0-9a-f]+ in tierlinkCall/);
  expect(shown).toMatch(/inner \[baseline\] \+ \d+ in section \.text/);
  // And then the program goes on.
  expect(shown).toContain('outer gives 22\n');
});

it('a function that moved, and its newer versions, are known where they are', () => {
  const folder = scratch();
  const input = join(folder, 'library.bc');
  writeFileSync(input, bitcode(library, ['-g']));
  const script = join(folder, 'moves.mjs');
  writeFileSync(
    script,
    `import { readFileSync } from 'node:fs';
     import { createEngine } from ${JSON.stringify(join(root, 'dist', 'src', 'index.js'))};
     const engine = createEngine({ unit: 'module', control: 'inline', policy: 'never', observe: { gdb: true } });
     engine.addModule('library', readFileSync(${JSON.stringify(input)}));
     await engine.link();
     await engine.recompile('library', 'optimized');
     engine.move('library', engine.snapshot().modules[0].codeAddress + 65536n);
     engine.reclaim();
     engine.fn('inner')(Int32Array.of(1, 2), 2);`,
  );
  const shown = gdb([script], ['bt 2', 'info functions ^inner']);
  expect(shown).toMatch(/#0 +inner \[optimized\] \(\) at .*input\.c:\d/);
  expect(shown).toMatch(/#1 +0x[0-9a-f]+ in tierlinkCall/);
  // What is older, and what lay elsewhere, was reclaimed.
  expect(shown.match(/inner \[\w+\]\(/g)).toEqual(['inner [optimized](']);
});
