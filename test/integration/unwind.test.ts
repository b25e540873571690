/** C++ and C that unwind through compiled frames, by both ways in which the unwinder can be told of them. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Ended, execute, tierlink } from '../support/command.js';
import { linkages } from '../support/engine.js';
import { llvmBin, scratch } from '../support/toolchain.js';

afterEach(() => {
  vi.unstubAllEnvs();
});

/** Several C++ texts as modules for tierlink, and as one native program. */
function program(texts: readonly string[]): { readonly modules: readonly string[]; readonly native: string } {
  const folder = scratch();
  const sources = texts.map((text, index) => {
    const source = join(folder, `part${String(index)}.cc`);
    writeFileSync(source, text);
    return source;
  });
  const clang = join(llvmBin, 'clang++');
  const modules = sources.map((source) => {
    const module = `${source.slice(0, -3)}.bc`;
    const flags = ['-std=c++17', '-O2', '-Xclang', '-disable-llvm-passes', '-fPIC', '-emit-llvm', '-c'];
    execFileSync(clang, [...flags, source, '-o', module], { stdio: 'pipe' });
    return module;
  });
  const native = join(folder, 'program');
  execFileSync(clang, ['-std=c++17', '-O1', '-rdynamic', ...sources, '-o', native, '-lpthread'], {
    stdio: 'pipe',
  });
  return { modules, native };
}

const thrown = `
  #include <stdexcept>
  #include <string>
  struct Named : std::runtime_error { using std::runtime_error::runtime_error; };
  int guards = 0;
  struct Guard { ~Guard() { guards++; } };
  void thrower(int n) {
    Guard guard;
    if (n % 3 == 0) throw Named("named " + std::to_string(n));
    if (n % 3 == 1) throw n;
  }`;

const programs: readonly (readonly [name: string, texts: readonly string[]])[] = [
  [
    'exceptions thrown in one module, passed on by a second, caught in a third',
    [
      `#include <cstdio>
       #include <stdexcept>
       void middle(int); extern int guards;
       int main() {
         int caught[3] = {};
         for (int i = 0; i < 3000; i++) {
           try { middle(i); caught[0]++; }
           catch (const std::runtime_error &error) { if (i < 7) puts(error.what()); caught[1]++; }
           catch (int n) { caught[2] += n == i; }
         }
         printf("%d %d %d, %d guards\\n", caught[0], caught[1], caught[2], guards);
         return 3; }`,
      `void thrower(int); extern int guards;
       struct Guard { ~Guard() { guards++; } };
       void middle(int n) { Guard guard; try { thrower(n); } catch (double) { guards += 1000; } catch (...) { throw; } }`,
      thrown,
    ],
  ],
  [
    'pthread_exit through frames of two modules runs their destructors',
    [
      `#include <pthread.h>
       #include <cstdio>
       void leave(int);
       struct Outer { ~Outer() { puts("outer"); } };
       static void *start(void *) { Outer outer; try { leave(4); } catch (...) { puts("passing"); throw; } return nullptr; }
       int main() { pthread_t t; void *result; pthread_create(&t, nullptr, start, nullptr); pthread_join(t, &result);
         printf("%ld\\n", (long)result); return 0; }`,
      `#include <pthread.h>
       #include <cstdio>
       struct Inner { int n; ~Inner() { printf("inner %d\\n", n); } };
       void leave(int n) { Inner inner{n}; if (n == 0) pthread_exit((void *)77); leave(n - 1); }`,
    ],
  ],
  [
    'pthread_cancel of a thread in a wait',
    [
      `#include <pthread.h>
       #include <cstdio>
       #include <unistd.h>
       void waits();
       static void *start(void *) { waits(); return nullptr; }
       int main() { pthread_t t; void *result; pthread_create(&t, nullptr, start, nullptr); usleep(20000); pthread_cancel(t);
         pthread_join(t, &result); printf("%d\\n", result == PTHREAD_CANCELED); return 0; }`,
      `#include <cstdio>
       #include <unistd.h>
       struct Guard { ~Guard() { puts("guard"); } };
       void waits() { Guard guard; for (;;) pause(); }`,
    ],
  ],
  [
    'pthread_cancel that waits for its moment, which no call is',
    [
      `#include <pthread.h>
       #include <cstdio>
       long counted(long); static volatile long sum;
       static void *start(void *) { pthread_cancel(pthread_self());
         for (long i = 0; i < 100000; i++) sum += counted(i);
         pthread_testcancel(); sum = 0; return nullptr; }
       int main() { pthread_t t; void *result; pthread_create(&t, nullptr, start, nullptr);
         pthread_join(t, &result); printf("%d %ld\\n", result == PTHREAD_CANCELED, sum); return 0; }`,
      `long other(long); long counted(long n) { return n & 1 ? n : other(n); }
       long other(long n) { return n + 1; }`,
    ],
  ],
  [
    'backtrace and _Unwind_Backtrace see every frame, also in a signal handler',
    [
      `#include <cstdio>
       #include <execinfo.h>
       #include <initializer_list>
       #include <signal.h>
       #include <unwind.h>
       int deep(int, int (*)());
       static _Unwind_Reason_Code count(_Unwind_Context *context, void *n) {
         if (_Unwind_FindEnclosingFunction((void *)_Unwind_GetIP(context)) == nullptr) return _URC_NORMAL_STOP;
         ++*(int *)n; return _URC_NO_REASON; }
       __attribute__((noinline)) static int byHand() { int n = 0; _Unwind_Backtrace(count, &n); return n; }
       __attribute__((noinline)) static int byLibc() { void *frames[100]; return backtrace(frames, 100); }
       static volatile int seen;
       static void on(int) { seen = byLibc(); }
       __attribute__((noinline)) static int bySignal() { raise(SIGUSR1); return seen; }
       int main() {
         signal(SIGUSR1, on);
         for (auto by : {byHand, byLibc, bySignal}) { int base = deep(0, by); printf("%d\\n", deep(20, by) - base); }
         return 0; }`,
      `__attribute__((noinline)) int deep(int n, int (*at)()) {
         int frames = n == 0 ? at() : deep(n - 1, at); __asm__ volatile(""); return frames; }`,
    ],
  ],
  [
    'a fork in which both sides go on throwing, on threads too',
    [
      `#include <cstdio>
       #include <stdexcept>
       #include <sys/wait.h>
       #include <thread>
       #include <unistd.h>
       void thrower(int);
       static int work(int rounds) {
         int n = 0;
         for (int i = 0; i < rounds; i++) try { thrower(i); } catch (const std::exception &) { n++; } catch (int) { n += 2; }
         return n; }
       int main() {
         volatile bool go = true;
         std::thread other([&] { while (go) work(10); });
         int sum = 0;
         for (int i = 0; i < 20; i++) {
           pid_t child = fork();
           if (child == 0) { int n = 0; std::thread t([&] { n = work(30); }); t.join(); _exit(n + work(9)); }
           int status; waitpid(child, &status, 0); sum += WIFEXITED(status) ? WEXITSTATUS(status) : 1000; }
         go = false; other.join();
         printf("%d %d\\n", sum, work(300)); return 0; }`,
      thrown,
    ],
  ],
  [
    'threads that throw all the while',
    [
      `#include <cstdio>
       #include <stdexcept>
       #include <thread>
       #include <vector>
       void thrower(int);
       int main() {
         std::vector<std::thread> threads; long sums[4] = {};
         for (long &sum : sums) threads.emplace_back([&sum] {
           for (int i = 0; i < 20000; i++) try { thrower(i); } catch (const std::exception &) { sum++; } catch (int) { sum += 2; } });
         for (auto &t : threads) t.join();
         for (long sum : sums) printf("%ld\\n", sum);
         return 0; }`,
      thrown,
    ],
  ],
  ['an exception that nobody catches', [`int main() { throw 1; }`]],
];

describe.each(programs)('%s', (name, texts) => {
  let modules: readonly string[] = [];
  let expected: Ended;
  beforeAll(() => {
    const made = program(texts);
    modules = made.modules;
    expected = execute(made.native, []);
  });

  // libgcc holds a lock while it searches what was registered: a child forked meanwhile never gets it.
  const ways = name.includes('fork') ? ['index'] : ['index', 'libgcc'];
  describe.each(ways)('told by %s', (way) => {
    it.each(linkages)('ends as natively with linkage %s', (linkage) => {
      vi.stubEnv('TIERLINK_UNWIND', way);
      const options = ['--policy', 'eager', '--linkage', linkage];
      expect(tierlink(['run', ...options, ...modules])).toEqual(expected);
    });
  });
});
