/** Traps that are not turned into errors: the process ends, or a handler of the program's own runs. */
import { createEngine } from '../../dist/src/index.js';
import { execFileSync } from 'node:child_process';

const what = process.argv[2] ?? '';
const source = `
  #include <signal.h>
  #include <stdio.h>
  #include <stdlib.h>
  #include <unistd.h>
  int readAt(const int *p) { return *(const volatile int *)p; }
  int main(void) { return readAt(0); }
  int leaf(void) { return printf("%s and %s\\n", "one", (const char *)8); }
  int libc(void) { return fputs("x", (FILE *)64); }
  int sent(void) { raise(SIGSEGV); return 0; }
  static void handle(int signal) { write(1, "the handler of the program\\n", 27); _exit(0); }
  int own(void) { signal(SIGSEGV, handle); return readAt(0); }`;
const engine = createEngine({
  control: 'inline',
  policy: 'never',
  ...(what === 'crash' ? { onTrap: 'crash' } : {}),
});
const flags = ['-O1', '-x', 'c', '-emit-llvm', '-c', '-', '-o', '-'];
engine.addModule('m', execFileSync('/usr/lib/llvm-22/bin/clang', flags, { input: source }));
await engine.link();
if (what === 'main') await engine.run('main');
else if (what === 'crash') engine.fn('readAt')(null);
else engine.fn(what)();
