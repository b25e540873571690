/** The control thread: what goes on while JS is in compiled code, threads that attach, and how all of it ends. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BroadcastChannel, Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import {
  type ControlKind,
  createEngine,
  directory,
  type Engine,
  type EngineEvents,
  type EngineOptions,
  memory,
  mprotectMemory,
  neverPolicy,
  type PublishedEvent,
  TierlinkError,
  type UnitKind,
} from '../../src/index.js';
import { execute } from '../support/command.js';
import { pause } from '../support/engine.js';
import { collectGarbage } from '../support/garbage.js';
import { bitcode, root, scratch } from '../support/toolchain.js';

const drivers = join(root, 'test', 'drivers');
const controls: readonly ControlKind[] = ['worker', 'inline'];
const once = 'define i32 @once() {\n  ret i32 7\n}\n';
const spin =
  'extern volatile int go; volatile int inside; int spin(void) { inside = 1; while (go) ; return 9; } int isIn(void) { return inside; }';
const gate = 'volatile int go = 1; void stop(void) { go = 0; }';

function engineOf(options: EngineOptions = {}): Engine {
  const engine = createEngine({ policy: 'never', unit: 'module', ...options });
  onTestFinished(async () => {
    await engine.dispose();
  });
  return engine;
}

/** A promise that can be asked whether it is settled. */
function watched<Value>(promise: Promise<Value>): { promise: Promise<Value>; isSettled: () => boolean } {
  let settled = false;
  const done = (): void => {
    settled = true;
  };
  promise.then(done, done);
  return { promise, isSettled: () => settled };
}

/** A worker that is attached to an engine. */
interface Attached {
  readonly worker: Worker;
  /** The next message. */
  readonly next: () => Promise<Record<string, unknown>>;
  readonly ask: (message: object) => Promise<Record<string, unknown>>;
}

async function attached(engine: Engine, stop = new SharedArrayBuffer(4)): Promise<Attached> {
  const handle = engine.handle();
  const worker = new Worker(join(drivers, 'attached.mjs'), {
    workerData: { handle, stop },
    transferList: [handle.port],
    execArgv: [],
  });
  onTestFinished(async () => {
    await worker.terminate();
  });
  const arrived: Record<string, unknown>[] = [];
  let wake = (): void => undefined;
  worker.on('message', (message: Record<string, unknown>) => {
    arrived.push(message);
    wake();
  });
  const next = async (): Promise<Record<string, unknown>> => {
    for (;;) {
      const message = arrived.shift();
      if (message !== undefined) return message;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  const ask = async (message: object): Promise<Record<string, unknown>> => {
    worker.postMessage(message);
    for (;;) {
      const answer = await next();
      if (!('calling' in answer)) return answer;
    }
  };
  expect(await next()).toEqual({ ready: true });
  return { worker, next, ask };
}

describe('while the thread of JS is in compiled code', () => {
  const trials: readonly { readonly unit: UnitKind; readonly seconds: number }[] = [
    { unit: 'module', seconds: 3 },
    { unit: 'function', seconds: 10 },
  ];

  it.each(trials)(
    'for $seconds s, units tier up, are published, and old code is reclaimed (I5), unit $unit',
    async ({ unit, seconds }) => {
      const engine = engineOf({ unit, policy: 'counters', tiers: ['baseline', 'quick', 'optimized'] });
      const published: PublishedEvent[] = [];
      const seen: string[] = [];
      engine.on('published', (event) => published.push(event));
      engine.on('reclaimed', () => seen.push('reclaimed'));
      engine.on('retired', ({ module, tier }) => seen.push(`${module} ${tier}`));
      // Where the code of `where` runs tells which version of it does; not where it is inlined.
      engine.addModule(
        'where',
        bitcode(
          '__attribute__((noinline)) long where(void) { long here; __asm__("lea 0(%%rip), %0" : "=r"(here)); return here; }',
        ),
      );
      engine.addModule(
        'loop',
        bitcode(`
        #include <time.h>
        long where(void);
        static long (*volatile pointer)(void) = where; // a call that nobody foresees
        long loop(long seconds) {
          struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t);
          long end = t.tv_sec + seconds, changes = 0, last = 0;
          do { for (int i = 0; i < 1000; i++) { long now = pointer(); if (now != last) { changes++; last = now; } }
            clock_gettime(CLOCK_MONOTONIC, &t); } while (t.tv_sec <= end);
          return changes;
        }`),
      );
      await engine.link();
      const loop = engine.fn('loop');
      published.length = 0;
      const before = engine.snapshot();
      const versions = loop(BigInt(seconds));
      // The first request after the loop: whatever is known by now happened meanwhile.
      const after = engine.snapshot();
      // One address for each version; one with a counter may have two.
      expect(versions).toBeGreaterThanOrEqual(3n);
      expect(after.wallMs - before.wallMs).toBeGreaterThan(seconds * 1000);
      expect(published.map(({ module, tier }) => [module, tier])).toEqual(
        expect.arrayContaining([
          ['where', 'quick'],
          ['where', 'optimized'],
        ]),
      );
      for (const { atMs } of published) {
        expect(atMs).toBeGreaterThan(before.wallMs);
        expect(atMs).toBeLessThan(after.wallMs - 500);
      }
      const first = published.find(({ module }) => module === 'where');
      if (unit === 'function') expect(first).toMatchObject({ tier: 'baseline', reason: 'first call' });
      else expect(first?.tier).toBe('quick');
      expect(seen).toEqual(expect.arrayContaining(['where baseline', 'where quick', 'reclaimed']));
      expect(seen.lastIndexOf('reclaimed')).toBeGreaterThan(seen.indexOf('where baseline'));
      expect(after.memory.reclaimed).toBeGreaterThan(before.memory.reclaimed);
      expect(after.control).toBe('worker');
    },
  );
});

describe.each(controls)('threads that attach, with control %s', (control) => {
  it('call functions, are counted, and get typed errors', async () => {
    const engine = engineOf({ control });
    engine.addModule('spin', bitcode(spin));
    engine.addModule('gate', bitcode(gate));
    engine.addModule('once', once);
    await engine.link();
    const one = await attached(engine);
    expect(await one.ask({ call: 'once' })).toEqual({ value: 7 });
    expect(await one.ask({ async: 'once' })).toEqual({ value: 7 });
    expect(await one.ask({ call: 'none' })).toEqual({ code: 'SYMBOL_UNKNOWN', details: { symbol: 'none' } });
    one.worker.postMessage({ call: 'spin' });
    while (engine.fn('isIn')() === 0) await pause(2);
    expect(engine.snapshot().mutatorsInside).toBe(1);
    await expect(engine.dispose()).rejects.toMatchObject({ code: 'ENGINE_BUSY' });
    // A version that the other thread is in is kept.
    await engine.recompile('spin', 'peak');
    expect(engine.reclaim()).toBe(0);
    expect(engine.snapshot().retired).toHaveLength(1);
    engine.fn('stop')();
    expect(await one.next()).toEqual({ calling: 'spin' });
    expect(await one.next()).toEqual({ value: 9 });
    expect(engine.snapshot().mutatorsInside).toBe(0);
    for (let look = 0; look < 500 && engine.snapshot().retired.length > 0; look += 1) {
      await pause(2);
      engine.reclaim();
    }
    expect(engine.snapshot().retired).toEqual([]);
    await engine.dispose();
    expect(await one.ask({ call: 'once' })).toMatchObject({ code: 'ENGINE_DISPOSED' });
    expect(await one.ask({ async: 'once' })).toMatchObject({ code: 'ENGINE_DISPOSED' });
    expect(await one.ask({ call: 'stop' })).toMatchObject({ code: 'ENGINE_DISPOSED' });
  });

  it('detach, and end, without harm to the engine', async () => {
    const engine = engineOf({ control });
    engine.addModule('spin', bitcode(spin));
    engine.addModule('gate', bitcode(gate));
    await engine.link();
    const [idle, inside, detached] = [await attached(engine), await attached(engine), await attached(engine)];
    expect(await detached.ask({ call: 'isIn' })).toEqual({ value: 0 });
    expect(await detached.ask({ call: 'detach' })).toEqual({});
    expect(await detached.ask({ call: 'isIn' })).toMatchObject({ code: 'ENGINE_DISPOSED' });
    inside.worker.postMessage({ call: 'spin' });
    while (engine.fn('isIn')() === 0) await pause(2);
    expect(await idle.worker.terminate()).toBe(1);
    const ending = inside.worker.terminate();
    await pause(100);
    expect(engine.snapshot().mutatorsInside).toBe(1);
    engine.fn('stop')();
    expect(await ending).toBe(1);
    expect(engine.snapshot().mutatorsInside).toBe(0);
    expect(engine.fn('spin')()).toBe(9);
  });
});

it('three attached threads call while everything is changed under them (I1, I5, I7)', async () => {
  for (const linkage of ['stub', 'direct'] as const) {
    const engine = engineOf({ linkage });
    engine.addModule(
      'mix',
      bitcode('long tail(long); long mix(long a, long b) { return a * 3 + b + tail(a); }'),
    );
    engine.addModule('tail', bitcode('long five(long); long tail(long a) { return five(a); }'));
    engine.addModule('five', bitcode('long five(long a) { return a ^ 5; }'));
    await engine.link();
    const stop = new SharedArrayBuffer(4);
    const threads = [
      await attached(engine, stop),
      await attached(engine, stop),
      await attached(engine, stop),
    ];
    const answers = threads.map((thread) => thread.ask({ call: 'shake' }));
    const tiers = ['quick', 'peak', 'baseline', 'optimized'];
    const names = ['mix', 'tail', 'five'];
    const until = performance.now() + 4000;
    let changes = 0;
    for (; performance.now() < until; changes += 1) {
      const tier = tiers[changes % 4] ?? '';
      await Promise.all(names.map((name) => engine.recompile(name, tier)));
      engine.move(names[changes % 3] ?? '');
      engine.compact();
      engine.relayout(names);
      engine.reclaim();
      if (changes % 5 === 0) {
        await engine.recompileGroup(
          names.map((module) => ({ module, tier })),
          { atomic: true, timeoutMs: 10_000 },
        );
      }
    }
    Atomics.store(new Int32Array(stop), 0, 1);
    for (const answer of await Promise.all(answers)) {
      const { rounds, ...rest } = answer['value'] as { rounds: number };
      expect(rest).toEqual({ mistakes: 0, control: 'worker' });
      expect(rounds).toBeGreaterThan(100);
    }
    expect(changes).toBeGreaterThan(10);
    expect(engine.snapshot().memory.reclaimed).toBeGreaterThan(0);
    expect(engine.audit().violations).toEqual([]);
  }
});

describe('events', () => {
  const heard = async (control: ControlKind): Promise<string[]> => {
    const engine = engineOf({ control });
    const list: string[] = [];
    const names: (keyof EngineEvents)[] = ['module', 'published', 'retired', 'removed', 'reclaimed', 'moved'];
    for (const name of names) {
      engine.on(name, (event: object) =>
        list.push(`${name} ${'module' in event ? String(event.module) : ''}`),
      );
    }
    engine.addModule('a', once);
    list.push('added');
    await engine.link();
    list.push('linked');
    await engine.recompile('a', 'quick');
    list.push('recompiled');
    engine.move('a');
    list.push('moved');
    await engine.removeModule('a');
    list.push('removed');
    return list;
  };

  it('come before the answer to what caused them, in the same order whoever controls', async () => {
    const inline = await heard('inline');
    expect(await heard('worker')).toEqual(inline);
    expect(inline.slice(0, 4)).toEqual(['module a', 'added', 'published a', 'linked']);
  });

  it('a listener may ask, and what it throws is a warning', async () => {
    const engine = engineOf();
    const warnings: string[] = [];
    const warned = (warning: Error): void => {
      warnings.push(warning.message);
    };
    process.on('warning', warned);
    onTestFinished(() => {
      process.off('warning', warned);
    });
    const counts: number[] = [];
    engine.on('module', () => {
      counts.push(engine.snapshot().modules.length);
      if (counts.length === 2) throw new Error('not my day');
    });
    engine.addModule('a', once);
    engine.addModule('b', once.replace('once', 'twice'));
    expect(counts).toEqual([1, 2]);
    await pause(20);
    expect(warnings).toEqual([expect.stringContaining('not my day')]);
  });

  it('of a failure carry the error as it was thrown', async () => {
    const broken = {
      name: 'broken',
      passes: 'no-such-pass',
      codegenLevel: 0,
      hostCpu: false,
      counters: false,
    };
    const engine = engineOf({
      policy: 'eager',
      tiers: ['baseline', { ...broken, codegenLevel: 0, bindLocalCalls: false }],
    });
    const failed = new Promise<Error>((resolve) => {
      engine.on('failed', ({ error }) => {
        resolve(error);
      });
    });
    engine.addModule('a', once);
    await engine.link();
    const call = engine.fn('once');
    const calling = setInterval(() => call(), 1);
    const error = await failed;
    clearInterval(calling);
    expect(error).toBeInstanceOf(TierlinkError);
    expect(error).toMatchObject({ code: 'COMPILE_FAILED', details: { module: 'a', tier: 'broken' } });
  });
});

describe('where an engine is controlled from', () => {
  it('is a worker, or this thread if an option belongs to it', () => {
    expect(engineOf({ policy: 'never' }).snapshot().control).toBe('worker');
    expect(engineOf({ policy: neverPolicy }).snapshot().control).toBe('inline');
    expect(engineOf({ parts: {} }).snapshot().control).toBe('worker');
    expect(engineOf({ cache: directory(join(scratch(), 'cache')) }).snapshot().control).toBe('worker');
    expect(engineOf({ cache: memory() }).snapshot().control).toBe('inline');
    expect(engineOf({ parts: { memoryManager: mprotectMemory() } }).snapshot().control).toBe('inline');
  });

  it('can not be a worker with such an option, which is named', () => {
    const refused = (options: EngineOptions, option: string): void => {
      expect(() => createEngine({ control: 'worker', ...options })).toThrow(
        expect.objectContaining({
          code: 'OPTION_INVALID',
          details: expect.objectContaining({ option }) as unknown,
        }),
      );
    };
    refused({ policy: neverPolicy }, 'policy');
    refused({ parts: { clock: { now: () => 0 } } }, 'parts.clock');
    refused({ parts: { resolvers: [], clock: { now: () => 0 } } }, 'parts.clock');
  });

  it('two engines have a thread each', async () => {
    const engines = [engineOf(), engineOf()];
    await Promise.all(
      engines.map(async (engine, index) => {
        engine.addModule('m', `define i32 @f() {\n  ret i32 ${String(index)}\n}\n`);
        await engine.link();
        await engine.recompile('m', 'peak');
      }),
    );
    expect(engines.map((engine) => engine.fn('f')())).toEqual([0, 1]);
  });
});

describe('when the control thread crashes', () => {
  const before = process.env['TIERLINK_CONTROL'];
  afterEach(() => {
    process.env['TIERLINK_CONTROL'] = before;
  });

  const crashing = async (): Promise<{ engine: Engine; crash: (how: string) => void }> => {
    process.env['TIERLINK_CONTROL'] = join(drivers, 'crashing-control.mjs');
    const engine = createEngine({ unit: 'module', policy: 'never' });
    const channel = new BroadcastChannel('tierlink test: crash');
    onTestFinished(() => {
      channel.close();
    });
    engine.addModule('spin', bitcode(spin));
    engine.addModule('gate', bitcode(gate));
    engine.addModule('wait', bitcode('int wait(volatile int *go) { while (*go) ; return 9; }'));
    engine.addModule('main', bitcode('#include <unistd.h>\nint main(void) { sleep(4); return 3; }'));
    await engine.link();
    return {
      engine,
      crash: (how) => {
        channel.postMessage(how);
      },
    };
  };

  it('what is pending fails with the cause, the engine is dead, code that runs goes on', async () => {
    const { engine, crash } = await crashing();
    const stop = engine.fn('stop');
    const go = new Int32Array([1]);
    const running = watched(engine.fn('wait').async(go));
    const pending = engine.run();
    crash('throw');
    const error = await pending.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code: 'CONTROL_ENDED', cause: { message: 'as the test wanted' } });
    expect(() => engine.fn('spin')).toThrow(expect.objectContaining({ code: 'CONTROL_ENDED' }));
    expect(() => stop()).toThrow(expect.objectContaining({ code: 'CONTROL_ENDED' }));
    await expect(engine.link()).rejects.toMatchObject({ code: 'CONTROL_ENDED' });
    // Nothing was unmapped under them; this cell is what they wait for.
    expect(running.isSettled()).toBe(false);
    go[0] = 0;
    expect(await running.promise).toBe(9);
    await engine.dispose();
  });

  it('who waits on its thread is told, too', async () => {
    for (const how of ['throw', 'exit']) {
      const { engine, crash } = await crashing();
      crash(how);
      expect(() => {
        for (;;) engine.compact();
      }).toThrow(expect.objectContaining({ code: 'CONTROL_ENDED' }));
      await engine.dispose();
    }
  });

  it('one that never starts is an error of createEngine', () => {
    process.env['TIERLINK_CONTROL'] = join(drivers, 'no-such-file.mjs');
    expect(() => createEngine()).toThrow(expect.objectContaining({ code: 'CONTROL_ENDED' }));
  });
});

describe('a process', () => {
  const exit = (word: string): { status: number | null; stdout: string; stderr: string; ms: number } => {
    const began = performance.now();
    const { status, stdout, stderr } = execute(process.execPath, [join(drivers, 'control-exit.mjs'), word]);
    return { status, stdout, stderr, ms: performance.now() - began };
  };

  it.each([
    ['idle', 0, '7\n'],
    ['pending', 0, '7\n'],
    ['constructor', 3, ''],
    ['busy', 4, ''],
    ['attached', 5, ''],
  ])('ends: %s', (word, status, stdout) => {
    const ended = exit(word);
    expect(ended).toMatchObject({ status, stdout, stderr: '' });
    expect(ended.ms).toBeLessThan(20_000);
  });
});

it('creating and disposing leaves nothing behind', { timeout: 180_000 }, async () => {
  const threads = (): number => readdirSync('/proc/self/task').length;
  const files = (): number => readdirSync('/proc/self/fd').length;
  const resident = (): number =>
    Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0);
  const use = async (): Promise<void> => {
    const engine = createEngine({ policy: 'never', compileThreads: 1 });
    engine.addModule('a', once);
    await engine.link();
    engine.fn('once')();
    await engine.dispose();
  };
  for (let i = 0; i < 10; i += 1) await use();
  collectGarbage();
  await pause(20);
  const before = { threads: threads(), files: files(), kB: resident() };
  for (let i = 0; i < 50; i += 1) await use();
  collectGarbage();
  await pause(20);
  expect(threads()).toBeLessThanOrEqual(before.threads + 1);
  expect(files()).toBeLessThanOrEqual(before.files + 2);
  expect(resident()).toBeLessThan(before.kB + 40_000);
});

describe('the streams of the process', () => {
  // F_GETFL and O_NONBLOCK: what is written to a full pipe that doesn't block is lost.
  const source =
    '#include <fcntl.h>\nint blocks(int fd) { return (fcntl(fd, F_GETFL) & O_NONBLOCK) == 0; }\nint main(void) { return blocks(1) + 2 * blocks(2); }';

  const ended = (lines: readonly string[]): ReturnType<typeof execute> => {
    const folder = scratch();
    const module = join(folder, 'streams.bc');
    const script = join(folder, 'streams.mjs');
    writeFileSync(module, bitcode(source));
    const head = [
      `import { createEngine } from ${JSON.stringify(join(root, 'dist', 'src', 'index.js'))};`,
      `const engine = createEngine();`,
      `engine.addModule('streams', { path: ${JSON.stringify(module)} });`,
      `await engine.link();`,
    ];
    writeFileSync(script, [...head, ...lines].join('\n'));
    return execute(process.execPath, [script]);
  };

  it('still block, so that compiled code loses nothing of what it writes', () => {
    const both = 'process.exitCode = engine.fn("blocks")(1) + 2 * engine.fn("blocks")(2);';
    expect(ended([both, 'await engine.dispose();'])).toMatchObject({ status: 3, stderr: '' });
  });

  it('block again for a program that owns the process, though JS has written to them', () => {
    const write = 'process.stdout.write("a"); process.stderr.write("b");';
    const run = 'engine.exitProcess((await engine.run("main", [], { ownsProcess: true })).status);';
    expect(ended([write, run])).toMatchObject({ status: 3, stdout: 'a', stderr: 'b' });
  });
});
