/** Loops that running code stays in are left for better versions; what hangs on that: moves, removal, memory. */
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  type ContinuedEvent,
  type ControlKind,
  type Engine,
  type EngineOptions,
  type FailedEvent,
  TierlinkError,
} from '../../src/index.js';
import { LlvmCompiler } from '../../src/native/llvm-compiler.js';
import { loadAddon } from '../../src/native/loader.js';
import { engineFor, examined, linkages, pause } from '../support/engine.js';
import { bitcode } from '../support/toolchain.js';

/** A program that is one loop in `main`, until it is stopped from outside; inside are two more. */
const looping = `
  volatile int stopped; volatile unsigned long rounds; static unsigned table[256];
  __attribute__((noinline)) unsigned step(unsigned x) { return x * 1664525u + 1013904223u; }
  void stop(void) { stopped = 1; }
  unsigned long count(void) { return rounds; }
  int main(void) {
    unsigned x = 1, begun = 0; begun++;
    while (!stopped) {
      for (int i = 0; i < 200; i++) { x = step(x); table[x >> 24] += x; }
      for (int i = 0; i < 256; i++) x ^= table[i];
      rounds++;
    }
    return begun == 1 ? 7 : 1;
  }`;

interface Running {
  readonly engine: Engine;
  readonly continued: ContinuedEvent[];
  readonly failed: FailedEvent[];
  /** Ends the program, and tells its status. */
  readonly stop: () => Promise<number>;
}

/** The program, running. */
async function run(options: EngineOptions = {}, text = looping): Promise<Running> {
  const engine = engineFor({ policy: 'counters', unit: 'function', ...options });
  const continued: ContinuedEvent[] = [];
  const failed: FailedEvent[] = [];
  engine.on('continued', (event) => continued.push(event));
  engine.on('failed', (event) => failed.push(event));
  engine.addModule('loops', bitcode(text));
  await engine.link();
  const stopProgram = engine.fn('stop');
  const ended = engine.run('main', ['loops'], { sampleUs: 1000 });
  let isStopped = false;
  const stop = async (): Promise<number> => {
    if (!isStopped) stopProgram();
    isStopped = true;
    return (await ended).status;
  };
  onTestFinished(async () => {
    await stop();
  });
  return { engine, continued, failed, stop };
}

/** Turns the event loop until something is so. */
async function until(isSo: () => boolean): Promise<void> {
  for (let turn = 0; turn < 5000 && !isSo(); turn += 1) await pause(2);
  expect(isSo()).toBe(true);
}

/** Until the program has been seen in code of a tier so many times more. */
async function seenIn(engine: Engine, tier: string, samples = 20): Promise<void> {
  const before = engine.timeByTier()[tier] ?? 0;
  await until(() => (engine.timeByTier()[tier] ?? 0) >= before + samples);
}

const controls: readonly ControlKind[] = ['inline', 'worker'];

describe.each(controls)('a program that is one loop in main, controlled %s', (control) => {
  it.each(linkages)('gets into the best tier while it runs, with linkage %s', async (linkage) => {
    const { engine, continued, failed, stop } = await run({ control, linkage });
    await seenIn(engine, 'peak');
    expect(continued[0]).toMatchObject({ module: 'loops', function: 'main', from: 'baseline', tier: 'peak' });
    expect(engine.audit().violations).toEqual([]);
    expect(await stop()).toBe(7);
    expect(failed).toEqual([]);
  });

  it('in units of modules, too', async () => {
    const { engine, continued, stop } = await run({ control, unit: 'module' });
    await seenIn(engine, 'peak');
    expect(continued.map((event) => event.function)).toContain('main');
    expect(await stop()).toBe(7);
  });
});

it('code that JS called is left, too, while control is elsewhere', async () => {
  const engine = engineFor({ policy: 'counters', unit: 'function', control: 'worker' });
  engine.addModule(
    'loops',
    bitcode(`
      #include <time.h>
      unsigned spin(long ms) { struct timespec t; unsigned x = 1; clock_gettime(CLOCK_MONOTONIC, &t);
        long end = t.tv_sec * 1000 + t.tv_nsec / 1000000 + ms, now;
        do { for (int i = 0; i < 1000; i++) x = x * 1664525u + i; clock_gettime(CLOCK_MONOTONIC, &t);
          now = t.tv_sec * 1000 + t.tv_nsec / 1000000; } while (now < end);
        return x | 1; }`),
  );
  await engine.link();
  const continued: ContinuedEvent[] = [];
  engine.on('continued', (event) => continued.push(event));
  expect(Number(engine.fn('spin')(1500)) & 1).toBe(1);
  // What control said is heard before it answers.
  expect(engine.snapshot().versionsByTier).toMatchObject({ peak: 1 });
  expect(continued.map((event) => event.function)).toContain('spin');
});

it('nothing is left where it is switched off, or nothing is recompiled at all', async () => {
  for (const options of [{ osr: false }, { policy: 'never' }] satisfies EngineOptions[]) {
    const { engine, continued, stop } = await run(options);
    await seenIn(engine, 'baseline', 200);
    expect(continued).toEqual([]);
    expect(await stop()).toBe(7);
  }
});

it('I6: a continuation is moved as any version, and left by nobody', async () => {
  const { engine, continued, stop } = await run();
  await seenIn(engine, 'peak');
  const moved: bigint[] = [];
  engine.on('moved', ({ version, to }) => {
    if (continued.some((event) => event.version === version)) moved.push(to);
  });
  for (let round = 0; round < 20; round += 1) {
    engine.move('loops');
    engine.compact();
    await pause(1);
  }
  expect(moved.length).toBeGreaterThan(0);
  expect(await stop()).toBe(7);
  // A later call takes the way through the cell to where the continuation is now.
  const rounds = Number(engine.fn('count')());
  expect((await engine.run('main', ['again'])).status).toBe(7);
  expect(Number(engine.fn('count')())).toBeGreaterThanOrEqual(rounds);
});

it('I5: a continuation is reclaimed when nothing that could enter it is left', async () => {
  const { engine, continued, stop } = await run();
  await seenIn(engine, 'peak');
  const retired: number[] = [];
  engine.on('retired', ({ version }) => retired.push(version));
  await engine.recompile('loops', 'peak');
  engine.reclaim();
  const own = (): boolean => continued.every(({ version }) => retired.includes(version));
  // The old frame of main is below the continuation, and refers to code that polls.
  expect(own()).toBe(false);
  expect(await stop()).toBe(7);
  await until(() => {
    engine.reclaim();
    return own();
  });
  await examined(engine, 0);
  const { ledger, memory } = engine.snapshot();
  expect(ledger.total).toMatchObject({ code: memory.code, readonly: memory.readonly, data: memory.data });
});

it('a module with new source leaves its loops to no continuation of the old one', async () => {
  const { engine, continued, stop } = await run({}, looping.replace('return begun', 'return begun + 0'));
  await seenIn(engine, 'peak');
  await engine.replaceModule('loops', bitcode(looping.replace('? 7 : 1', '? 9 : 1')));
  const before = continued.length;
  // Whoever is in the old loop ends it.
  expect(await stop()).toBe(7);
  expect((await engine.run('main', ['new'])).status).toBe(9);
  expect(continued).toHaveLength(before);
  await examined(engine, 0);
  expect(engine.audit().violations).toEqual([]);
});

it('a module can be removed while its loop has a continuation', async () => {
  const { engine, stop } = await run();
  await seenIn(engine, 'peak');
  expect(await stop()).toBe(7);
  await engine.removeModule('loops');
  await examined(engine, 0);
  const { ledger, versionsByTier, memory } = engine.snapshot();
  expect(versionsByTier).toEqual({});
  expect(ledger.total).toMatchObject({ code: memory.code, data: memory.data });
});

it('a continuation that can’t be compiled is reported once, and the loop goes on', async () => {
  const compiler = (threads: number): LlvmCompiler => {
    const inner = new LlvmCompiler(loadAddon(), threads);
    const compile = inner.compile.bind(inner);
    inner.compile = (request) =>
      request.continuation === undefined
        ? compile(request)
        : Promise.reject(
            new TierlinkError('COMPILE_FAILED', { module: 'loops', tier: 'peak', reason: 'no' }),
          );
    return inner;
  };
  const { engine, failed, continued, stop } = await run({ parts: { compiler } });
  await until(() => failed.length > 0);
  await seenIn(engine, 'baseline', 50);
  expect(failed[0]).toMatchObject({ unit: 'main', tier: 'peak', retry: 'none' });
  expect(continued).toEqual([]);
  expect(await stop()).toBe(7);
});

/** Continued functions, and results of `run` with and without. */
async function forced(text: string, forcedAt: number, more: readonly string[] = []) {
  const source = bitcode(text, more);
  const results: unknown[][] = [];
  const continued = new Set<string>();
  for (const osr of [false, { forcedAt }] as const) {
    const engine = engineFor({ osr });
    engine.on('continued', (event) => continued.add(event.function));
    engine.addModule('forced', source);
    await engine.link();
    results.push([1, 2, 3, 10].map((input) => engine.fn('run')(input)));
  }
  return { results, continued: [...continued] };
}

it.each([1, 2, 5])(
  'functions that return twice are not left, those around them are (arrival %i)',
  async (at) => {
    const { results, continued } = await forced(
      `#include <setjmp.h>
    static jmp_buf back; static volatile int left;
    static void leap(void) { if (left-- > 0) longjmp(back, left + 1); }
    long twice(long n) { volatile long sum = 0; left = n; setjmp(back); for (int i = 0; i < 5; i++) sum += i; leap(); return sum; }
    long run(long n) { long sum = 0; for (long i = 0; i < n; i++) sum = sum * 3 + twice(i); return sum; }`,
      at,
    );
    expect(results[1]).toEqual(results[0]);
    expect(continued).toEqual(['run']);
  },
);

it.each([1, 2, 5])('longjmp leads out of a continuation (arrival %i)', async (at) => {
  const { results, continued } = await forced(
    `#include <setjmp.h>
    static jmp_buf back;
    long deep(long n) { long sum = 0; for (long i = 0;; i++) { sum += i; if (i == n) longjmp(back, (int)(sum % 100) + 1); } }
    long once(long n) { int got = setjmp(back); return got ? got : deep(n); }
    long run(long n) { long sum = 0; for (long i = 0; i < n; i++) sum = sum * 3 + once(i); return sum; }`,
    at,
  );
  expect(results[1]).toEqual(results[0]);
  expect(continued.toSorted()).toEqual(['deep', 'run']);
});

it.each([1, 2, 5])(
  'variable arguments that were begun before the loop are read in it (arrival %i)',
  async (at) => {
    const { results, continued } = await forced(
      `#include <stdarg.h>
    static double mixed(int n, ...) { va_list list; va_start(list, n); double sum = 0;
      for (int i = 0; i < n; i++) sum = sum * 2 + (i & 1 ? va_arg(list, double) : va_arg(list, int)); va_end(list); return sum; }
    long run(long n) { return (long)mixed((int)n, 1, 2.5, 3, 4.5, 5, 6.5, 7, 8.5, 9, 10.5); }`,
      at,
    );
    expect(results[1]).toEqual(results[0]);
    expect(continued).toHaveLength(1);
  },
);
