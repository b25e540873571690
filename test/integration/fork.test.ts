/** A program's child goes on with the code that was there at the fork, whatever its parent makes of its own later. */
import { expect, it } from 'vitest';
import { engineFor, linkages, pause } from '../support/engine.js';
import { bitcode } from '../support/toolchain.js';

/** Forks, and lets the child and the grandchild count once `release` was called. */
const program = `
  #include <stdexcept>
  #include <sys/wait.h>
  #include <unistd.h>
  int step(int);
  static volatile int forked = 0, released = 0;
  extern "C" int isForked() { return forked; }
  extern "C" void release() { released = 1; }
  static int count() {
    int sum = 0;
    for (int i = 0; i < 1000; i++) try { sum += step(i); } catch (const std::runtime_error &) { sum += 1000; }
    return sum; }
  static int statusOf(pid_t child) {
    int status; waitpid(child, &status, 0); return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status); }
  int main() {
    int wake[2]; char c; const int before = count();
    if (pipe(wake) != 0) return 90;
    pid_t child = fork();
    if (child == 0) {
      close(wake[1]); if (read(wake[0], &c, 1) != 0) _exit(91);
      pid_t grandchild = fork();
      if (grandchild == 0) _exit(count() == before ? 3 : 92);
      const int same = count() == before; _exit(statusOf(grandchild) == 3 && same ? 7 : 93); }
    for (forked = 1; !released;) usleep(500);
    close(wake[1]); const int status = statusOf(child);
    return status != 7 ? status : count() == before ? 94 : 0; }`;

/** Throws each tenth time; `text` makes it longer, and other code. */
function stepping(k: number, text = ''): Uint8Array {
  return bitcode(
    `#include <stdexcept>
     int step(int n) {
       ${text} if (n % 10 == ${String(k)}) throw std::runtime_error("one in ten");
       return n * ${String(k + 2)}; }`,
    ['-xc++'],
  );
}

it.each(linkages)('when it is replaced and its memory used again (%s)', async (linkage) => {
  const engine = engineFor({ linkage });
  engine.addModule('main', bitcode(program, ['-xc++']));
  engine.addModule('step', stepping(0));
  await engine.link();
  const running = engine.run();
  while (engine.fn('isForked')() === 0) await pause(1);
  for (let round = 1; round < 10; round += 1) {
    await engine.replaceModule('step', stepping(round, 'volatile long t = n; t += t * 7 / 3;'));
    engine.reclaim();
  }
  engine.fn('release')();
  expect(await running).toEqual({ how: 'return', status: 0 });
  expect(engine.snapshot().memory.reclaimed).toBeGreaterThan(0);
});
