import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { command, execute, tierlink } from '../support/command.js';
import { linkages } from '../support/engine.js';
import { bitcode, llvmBin, object, scratch } from '../support/toolchain.js';

/** A program of one C text, as bitcode for tierlink and as a native program. */
function program(text: string): { readonly module: string; readonly native: string } {
  const folder = scratch();
  const module = join(folder, 'program.bc');
  const native = join(folder, 'program');
  writeFileSync(join(folder, 'program.c'), text);
  writeFileSync(module, bitcode(text));
  execFileSync(join(llvmBin, 'clang'), ['-O1', join(folder, 'program.c'), '-o', native, '-lpthread', '-lm']);
  return { module, native };
}

const programs: readonly (readonly [name: string, text: string, input?: string])[] = [
  [
    'a return from main',
    '#include <stdio.h>\nint main(int c, char **v) { for (int i = 1; i < c; i++) puts(v[i]); return c; }',
  ],
  [
    'exit in a nested call, with atexit and a buffered line',
    '#include <stdio.h>\n#include <stdlib.h>\nvoid bye(void) { puts("bye"); }\nvoid deep(int n) { if (n) deep(n - 1); else exit(7); }\nint main(void) { atexit(bye); printf("no line end"); deep(50); return 1; }',
  ],
  [
    'exit on another thread',
    '#include <pthread.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <unistd.h>\nvoid *go(void *p) { puts("going"); exit(9); }\nint main(void) { pthread_t t; pthread_create(&t, 0, go, 0); for (;;) pause(); }',
  ],
  ['_exit', '#include <unistd.h>\nint main(void) { write(1, "x", 1); _exit(5); }'],
  [
    'abort',
    '#include <stdlib.h>\n#include <stdio.h>\nint main(void) { puts("lost in the buffer"); abort(); }',
  ],
  ['a null dereference', 'int main(void) { volatile int *p = 0; return *p; }'],
  ['a signal that it raises', '#include <signal.h>\nint main(void) { raise(SIGTERM); return 0; }'],
  [
    'a handler of its own',
    '#include <signal.h>\n#include <stdio.h>\nstatic volatile sig_atomic_t seen; static void on(int s) { seen = s; }\nint main(void) { signal(SIGUSR1, on); raise(SIGUSR1); printf("%d\\n", seen); return 0; }',
  ],
  [
    'signals sent to itself',
    '#include <signal.h>\n#include <stdio.h>\n#include <unistd.h>\nstatic volatile sig_atomic_t seen; static void on(int s) { seen += s > 0; }\nint main(void) { signal(SIGUSR1, on); for (int i = 1; i <= 1000; i++) { kill(getpid(), SIGUSR1); if (seen != i) return 1; } puts("all seen"); kill(getpid(), SIGTERM); return 2; }',
  ],
  ['a broken pipe default', '#include <signal.h>\nint main(void) { raise(SIGPIPE); return 3; }'],
  [
    'stdin to stdout and stderr',
    '#include <stdio.h>\nint main(void) { int c, n = 0; while ((c = getchar()) != EOF) { putchar(c ^ 32); n++; } fprintf(stderr, "%d\\n", n); return 0; }',
    'Hello',
  ],
  [
    'constructors and destructors by priority',
    '#include <stdio.h>\n__attribute__((constructor(201))) void b(void) { puts("b"); }\n__attribute__((constructor(200))) void a(void) { puts("a"); }\n__attribute__((destructor(200))) void y(void) { puts("y"); }\n__attribute__((destructor(201))) void x(void) { puts("x"); }\nint main(void) { puts("main"); return 0; }',
  ],
  [
    'environment and errno',
    '#include <errno.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\nextern char **environ;\nint main(int c, char **v, char **e) { printf("%d %s\\n", e == environ, getenv("HOME")); fopen("/no/such", "r"); puts(strerror(errno)); return 0; }',
  ],
  [
    'children of system and popen, which share its streams',
    '#include <stdio.h>\n#include <stdlib.h>\nint main(void) { char line[64]; system("read x; echo got $x; echo oops >&2; exit 3"); FILE *p = popen("cat", "w"); fputs("to a pipe\\n", p); printf("%d\\n", pclose(p)); fflush(stdout); p = popen("echo from a pipe", "r"); fgets(line, 64, p); printf("%s%d\\n", line, pclose(p)); return 0; }',
    'input\n',
  ],
  [
    'signals that it waits for, blocked',
    `#define _GNU_SOURCE
    #include <poll.h>
    #include <signal.h>
    #include <stdio.h>
    #include <stdlib.h>
    #include <unistd.h>
    static volatile sig_atomic_t seen; static void on(int s) { (void)s; seen++; }
    static int fromOutside(int s) { char word[64]; snprintf(word, sizeof word, "kill -%d %d", s, (int)getpid()); return system(word); }
    int main(void) {
      sigset_t wait, before, pending; sigemptyset(&wait);
      for (int i = 0; i < 3; i++) sigaddset(&wait, (int[]){SIGHUP, SIGUSR1, SIGUSR2}[i]);
      sigprocmask(SIG_BLOCK, &wait, &before);
      signal(SIGHUP, on);
      fromOutside(SIGHUP); fromOutside(SIGUSR1); fromOutside(SIGUSR2);
      sigpending(&pending);
      printf("%d of %d%d%d\\n", (int)seen, sigismember(&pending, SIGHUP), sigismember(&pending, SIGUSR1), sigismember(&pending, SIGUSR2));
      sigset_t one; sigfillset(&one); sigdelset(&one, SIGHUP); int polled = ppoll(0, 0, 0, &one); int got; sigwait(&wait, &got);
      printf("%d %d %d\\n", polled, (int)seen, got == SIGUSR1);
      return 0;
    }`,
  ],
  [
    'a signal that starts the debugger of Node',
    '#include <signal.h>\n#include <stdlib.h>\n#include <stdio.h>\n#include <unistd.h>\nint main(void) { char word[64]; snprintf(word, sizeof word, "kill -USR1 %d", (int)getpid()); system(word); sleep(1); return 0; }',
  ],
  [
    'fork and wait',
    '#include <stdio.h>\n#include <sys/wait.h>\n#include <unistd.h>\nint main(void) { fflush(stdout); pid_t p = fork(); if (!p) { puts("child"); return 4; } int s; waitpid(p, &s, 0); printf("%d\\n", WEXITSTATUS(s)); return 0; }',
  ],
];

describe.each(linkages)('tierlink run --linkage %s', (linkage) => {
  it.each(programs.map(([name, text, input = '']) => [name, text, input] as const))(
    'ends as the native program does: %s',
    (_name, text, input) => {
      const { module, native } = program(text);
      const expected = execute(native, ['one', 'two'], input);
      const seen = tierlink(['run', '--linkage', linkage, module, '--', 'one', 'two'], input);
      expect(seen).toEqual(expected);
    },
  );
});

it('Ctrl-C ends it as a native program', async () => {
  const { module } = program(
    '#include <stdio.h>\n#include <unistd.h>\nint main(void) { puts("ready"); fflush(stdout); for (;;) sleep(1); }',
  );
  const child = spawn(process.execPath, [command, 'run', module], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  child.kill('SIGINT');
  const signal = await new Promise((resolve) =>
    child.once('exit', (_code, name) => {
      resolve(name);
    }),
  );
  expect(signal).toBe('SIGINT');
});

it('a program that goes to another directory leaves its statistics and profile where the command was given', () => {
  const folder = scratch();
  const { module } = program(
    '#include <unistd.h>\nint work(int n) { int s = 0; for (int i = 0; i < n; i++) s += i & n; return s; }\nint main(void) { return chdir("/") + (work(1000) < 0); }',
  );
  const words = ['run', '--tiers', 'quick', '--stats', 'stats.json', '--profile-out', 'p.profdata', module];
  const { status, stderr } = spawnSync(process.execPath, [command, ...words], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(readdirSync(folder).sort()).toEqual(['p.profdata', 'stats.json']);
});

it.each(['--stats', '--profile-out'])(
  '%s with a file that can not be written is refused before the program runs',
  (option) => {
    const { module } = program('#include <stdio.h>\nint main(void) { puts("ran"); return 0; }');
    const seen = tierlink(['run', option, '/no/such/file', module]);
    expect(seen).toMatchObject({ status: 2, stdout: '' });
    expect(seen.stderr).toMatch(/OPTION_INVALID: .*\/no\/such\/file/);
  },
);

it('runs modules, objects and archives together and writes statistics', () => {
  const folder = scratch();
  const file = (name: string, bytes: Uint8Array | string) => {
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  };
  const main = file(
    'main.bc',
    bitcode(
      '#include <stdio.h>\nint a(int), b(int), c(int); int main(void) { long n = 0; for (int i = 0; i < 200000; i++) n += a(i) + b(i) + c(i); printf("%ld\\n", n); return 0; }',
    ),
  );
  const text = file('a.ll', 'define i32 @a(i32 %x) {\n  %y = and i32 %x, 3\n  ret i32 %y\n}\n');
  const direct = file('b.o', object('int b(int x) { return x & 1; }'));
  file('c.o', object('int c(int x) { return x & 7; }'));
  execFileSync(join(llvmBin, 'llvm-ar'), ['rcs', join(folder, 'lib.a'), join(folder, 'c.o')]);
  const stats = join(folder, 'stats.json');
  const words = [
    'run',
    '--stats',
    stats,
    '--sample',
    '500',
    '--unit',
    'module',
    '--tiers',
    'baseline,optimized',
    '--thresholds',
    'optimized=500',
    main,
    text,
    direct,
    join(folder, 'lib.a'),
  ];
  expect(tierlink(words)).toEqual({ status: 0, signal: null, stdout: '1100000\n', stderr: '' });
  const report = JSON.parse(readFileSync(stats, 'utf8')) as {
    versions: Record<string, unknown>[];
    [field: string]: unknown;
  };
  expect(report).toMatchObject({
    linkage: 'stub',
    policy: 'counters',
    tiers: ['baseline', 'optimized'],
    program: { argv: ['main'], how: 'return', status: 0 },
    failures: [],
    relocations: { count: expect.any(Number) as number, bytes: expect.any(Number) as number },
    publishes: { p50Us: expect.any(Number) as number },
    memory: { code: expect.any(Number) as number, reclaimed: expect.any(Number) as number },
  });
  // The first versions are published together, every later one alone.
  expect(report['publishes']).toMatchObject({ count: 1 + report.versions.length - 4 });
  expect(Object.keys(report.versions[0] ?? {})).toEqual(
    expect.arrayContaining(['module', 'unit', 'tier', 'reason', 'compileMs', 'linkUs', 'codeBytes', 'atMs']),
  );
  expect(report.versions.filter((version) => version['tier'] === 'baseline')).toHaveLength(4);
});

describe('the command line refuses', () => {
  it.each([
    [['run', '/no/such.bc'], 'INPUT_UNREADABLE'],
    [['run', '--linkage', 'indirect', '/no/such.bc'], 'OPTION_INVALID'],
    [['run', '--unit', 'file', '/no/such.bc'], '"module" or "function"'],
    [['run', '--thresholds', 'quick', '/no/such.bc'], 'tier=calls'],
    [['run', '--load', 'libnowhere.so', '/no/such.bc'], 'LIBRARY_UNLOADABLE'],
    [['run'], 'missing required argument'],
    [['nothing'], 'unknown command'],
  ])('%j with status 2', (words, message) => {
    const seen = tierlink(words);
    expect(seen).toMatchObject({ status: 2, stdout: '' });
    expect(seen.stderr).toContain(message);
  });

  it('a program without main, before anything runs', () => {
    const { module } = program('int main(void) { return 0; }');
    const folder = scratch();
    writeFileSync(join(folder, 'a.bc'), bitcode('int notMain(void) { return 0; }'));
    expect(tierlink(['run', join(folder, 'a.bc')])).toMatchObject({ status: 2 });
    expect(tierlink(['run', module, module])).toMatchObject({ status: 2 });
  });
});

describe('the command line tells', () => {
  it('its version and its options', () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    expect(tierlink(['--version'])).toMatchObject({ status: 0, stdout: `${version}\n` });
    const help = tierlink(['run', '--help']);
    expect(help.status).toBe(0);
    for (const option of [
      '--unit',
      '--linkage',
      '--tiers',
      '--policy',
      '--thresholds',
      '--load',
      '--stats',
      '--quiet',
    ]) {
      expect(help.stdout).toContain(option);
    }
  });

  it('what no tier optimises: of the first module at length, of others how many there are', () => {
    const folder = scratch();
    const add = (name: string, text: string): string => {
      writeFileSync(join(folder, name), bitcode(text));
      return join(folder, name);
    };
    const slow = ['1', '2', '3'].map((n) =>
      add(`slow${n}.bc`, `__attribute__((optnone, noinline)) int slow${n}(void) { return 0; }`),
    );
    const pinned = add(
      'main.bc',
      '__asm__(".globl q; q: ret"); int slow1(void); int main(void) { return slow1(); }',
    );
    const { status, stderr } = tierlink(['run', '--no-cache', ...slow, pinned]);
    expect(status).toBe(0);
    const [first = '', second = '', third = '', ...rest] = stderr.split('\n');
    expect(first).toMatch(/slow1\.bc: 1 function\(s\) are marked optnone.*; compile with/);
    expect(second).toMatch(/main\.bc: it runs at the lowest tier.* inline assembly/);
    expect(third).toMatch(/the same \(optnone\) holds for 2 more module/);
    expect(rest).toEqual(['']);
    expect(tierlink(['run', '--quiet', '--no-cache', ...slow, pinned])).toMatchObject({ stderr: '' });
  });

  it('what a module consists of', () => {
    const { module } = program(
      'static int counter; static int step(void) { return ++counter; } int main(void) { return step(); }',
    );
    const seen = tierlink(['inspect', module]);
    expect(seen.status).toBe(0);
    expect(seen.stdout).toMatch(/promoted from step/);
    expect(seen.stdout).toMatch(/split into the data object/);
    expect(JSON.parse(tierlink(['inspect', '--json', module]).stdout)).toMatchObject({
      format: 'bitcode',
      pinned: '',
    });
  });
});

describe('the command line starts', () => {
  it('without compiling modules of Node.js for flags that it sets', () => {
    const { module } = program('#include <stdio.h>\nint main(void) { puts("ran"); return 0; }');
    const watch = join(scratch(), 'watch.cjs');
    // V8 has compiled them ahead without flags, and compiles anew what is loaded after one was set.
    writeFileSync(
      watch,
      `const v8 = require('node:v8');
       const { writeSync } = require('node:fs');
       const { setFlagsFromString } = v8;
       const isOfNode = (name) => name.startsWith('NativeModule ');
       let before = [];
       v8.setFlagsFromString = (flags) => { before = process.moduleLoadList.filter(isOfNode); setFlagsFromString(flags); };
       process.once('exit', () => {
         const late = process.moduleLoadList.filter((name) => isOfNode(name) && before.length > 0 && !before.includes(name));
         writeSync(2, JSON.stringify({ flagged: before.length > 0, late }));
       });`,
    );
    const cache = scratch();
    const run = (): ReturnType<typeof execute> =>
      execute(process.execPath, ['--require', watch, command, 'run', '--cache', cache, module]);
    // Who fills a cache looks at its size behind the end of the program, which takes one more.
    run();
    const { stdout, stderr } = run();
    expect(stdout).toBe('ran\n');
    expect(JSON.parse(stderr)).toEqual({ flagged: process.versions.v8.startsWith('11.3.'), late: [] });
  });
});
