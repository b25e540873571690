/** The queue before the compile threads: who goes first, what is dropped, and how it ends. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { CompileTicket, type CompilePriority } from '../../src/core/compile-ticket.js';
import type { CompileRequest } from '../../src/core/compiler.js';
import type { CompileJob, CompileOutcome, Handle, JobPriority } from '../../src/native/contract.js';
import { LlvmCompiler } from '../../src/native/llvm-compiler.js';
import { loadAddon } from '../../src/native/loader.js';
import { baseline, optimized } from '../../tiers/recipes.js';
import { pause } from '../support/engine.js';
import { randomFrom } from '../support/stress-program.js';
import { root } from '../support/toolchain.js';
import { ingestOne } from '../support/ingest.js';

const addon = loadAddon();
const lazy: JobPriority = { lazy: true, heat: 0 };
const heat = (value: number): JobPriority => ({ lazy: false, heat: value });

function canonical(text: string): Uint8Array {
  const seen = ingestOne(addon, new TextEncoder().encode(text), 'ir', 1, 'm');
  if ('kind' in seen) throw new Error(seen.message);
  return seen.code;
}

const small = canonical('define i32 @f(i32 %x) {\n  %y = add i32 %x, 1\n  ret i32 %y\n}\n');
/** Takes some tens of milliseconds at O3. */
const large = canonical(
  Array.from({ length: 60 }, (_, n) => {
    const body = Array.from({ length: 60 }, (__, i) => {
      const from = i === 0 ? '%x' : `%v${String(i - 1)}`;
      return `  %v${String(i)} = ${['add', 'mul', 'xor', 'sub'][i % 4] ?? 'add'} i32 ${from}, ${String(n + i * 7 + 3)}`;
    });
    return `define i32 @g${String(n)}(i32 %x) {\n${body.join('\n')}\n  ret i32 %v59\n}`;
  }).join('\n'),
);

const job = (bitcode: Uint8Array, level = 0): CompileJob => ({
  bitcode,
  part: 'code',
  passes: `default<O${String(level)}>`,
  codegenLevel: level,
  hostCpu: false,
  features: '',
  instrument: false,
  profile: null,
  profileUses: [],
  profilePrior: 0,
  importBudget: 0,
  sources: [],
  polls: '',
  calls: 'direct',
  counters: false,
  near: [],
  functions: null,
  continuation: null,
});

const pools: Handle[] = [];

afterEach(async () => {
  for (const pool of pools.splice(0)) await addon.compilerDestroy(pool);
});

function poolOf(threads: number, maxOptimising = 1000): Handle {
  const pool = addon.compilerCreate(threads, maxOptimising);
  pools.push(pool);
  return pool;
}

/** Names of jobs in the order of their outcomes. */
class Order {
  readonly names: string[] = [];
  readonly outcomes = new Map<string, CompileOutcome>();
  readonly #pool: Handle;
  readonly #done: Promise<void>[] = [];

  constructor(pool: Handle) {
    this.#pool = pool;
  }

  submit(name: string, priority: JobPriority, what = job(small)): number {
    let number = 0;
    this.#done.push(
      new Promise((resolve) => {
        number = addon.compilerSubmit(this.#pool, what, priority, (outcome) => {
          this.names.push(name);
          this.outcomes.set(name, outcome);
          resolve();
        });
      }),
    );
    return number;
  }

  /** Submits a job that takes a while, and returns its number when a thread is at it. */
  async start(name: string, priority: JobPriority): Promise<number> {
    const number = this.submit(name, priority, job(large, 3));
    while (addon.compilerMove(this.#pool, number, priority)) await pause(1);
    return number;
  }

  async settled(): Promise<readonly string[]> {
    await Promise.all(this.#done);
    return this.names;
  }

  kindOf(name: string): string {
    const outcome = this.outcomes.get(name);
    return outcome === undefined ? 'none' : outcome.ok ? 'compiled' : outcome.failure.kind;
  }
}

describe('the queue', () => {
  it('takes lazy jobs first, in their order, then the hottest, and equally hot ones in their order', async () => {
    const order = new Order(poolOf(1));
    await order.start('running', heat(0));
    order.submit('cool', heat(1));
    order.submit('hot', heat(9));
    order.submit('lazy 1', lazy);
    order.submit('warm 1', heat(5));
    order.submit('asked for', heat(Infinity));
    order.submit('warm 2', heat(5));
    order.submit('lazy 2', lazy);
    expect(await order.settled()).toEqual([
      'running',
      'lazy 1',
      'lazy 2',
      'asked for',
      'hot',
      'warm 1',
      'warm 2',
      'cool',
    ]);
  });

  it('moves what waits to its new place', async () => {
    const pool = poolOf(1);
    const order = new Order(pool);
    const running = await order.start('running', heat(0));
    const first = order.submit('a', heat(1));
    order.submit('b', heat(2));
    const last = order.submit('c', heat(3));
    expect(addon.compilerMove(pool, running, lazy)).toBe(false);
    expect(addon.compilerMove(pool, first, lazy)).toBe(true);
    expect(addon.compilerMove(pool, last, heat(1.5))).toBe(true);
    expect(await order.settled()).toEqual(['running', 'a', 'b', 'c']);
    expect(addon.compilerMove(pool, first, lazy)).toBe(false);
  });

  it('drops what is cancelled at once, and nothing that runs', async () => {
    const pool = poolOf(1);
    const order = new Order(pool);
    const running = await order.start('running', heat(0));
    const waiting = order.submit('waiting', heat(1));
    expect(addon.compilerCancel(pool, running)).toBe(false);
    expect(addon.compilerCancel(pool, waiting)).toBe(true);
    expect(addon.compilerCancel(pool, waiting)).toBe(false);
    expect(addon.compilerCancel(pool, 12_345)).toBe(false);
    expect(await order.settled()).toEqual(['waiting', 'running']);
    expect([order.kindOf('waiting'), order.kindOf('running')]).toEqual(['cancelled', 'compiled']);
  });

  it('drops the coldest when it is full, but nothing lazy or asked for', async () => {
    const order = new Order(poolOf(1, 3));
    await order.start('running', lazy);
    for (const name of ['asked 1', 'asked 2']) order.submit(name, heat(Infinity));
    order.submit('warm', heat(5));
    order.submit('cold', heat(1));
    order.submit('hot', heat(9));
    for (const name of ['asked 3', 'asked 4']) order.submit(name, heat(Infinity));
    for (const name of ['lazy 1', 'lazy 2', 'lazy 3', 'lazy 4']) order.submit(name, lazy);
    await order.settled();
    const cancelled = [...order.outcomes.keys()].filter((name) => order.kindOf(name) === 'cancelled');
    expect(cancelled).toEqual(['cold', 'warm', 'hot']);
  });

  it.each([2, 3])('keeps one of %i threads free of optimising jobs', async (threads) => {
    const pool = poolOf(threads);
    const order = new Order(pool);
    const jobs = 3 * threads;
    for (let n = 0; n < jobs; n += 1) order.submit(`optimising ${String(n)}`, heat(n), job(large, 3));
    await pause(10);
    order.submit('lazy', lazy);
    await order.settled();
    // Those that ran when it came may end before it; none that was queued does.
    expect(order.names.indexOf('lazy')).toBeLessThanOrEqual(threads - 1);
    expect(order.names).toHaveLength(jobs + 1);
  });

  it('with one thread a lazy job waits for no more than the one that runs', async () => {
    const order = new Order(poolOf(1));
    for (let n = 0; n < 4; n += 1) order.submit(`optimising ${String(n)}`, heat(n), job(large, 3));
    await pause(5);
    order.submit('lazy', lazy);
    await order.settled();
    expect(order.names.indexOf('lazy')).toBeLessThanOrEqual(1);
  });

  it('keeps one copy of a buffer for all jobs that need it', async () => {
    const pool = poolOf(1);
    const order = new Order(pool);
    const bytes = new Uint8Array(8 << 20);
    await order.start('running', heat(0));
    const before = process.memoryUsage().rss;
    const shared = addon.shareBitcode(bytes);
    for (let n = 0; n < 200; n += 1) order.submit(String(n), heat(1), { ...job(bytes), bitcode: shared });
    expect(process.memoryUsage().rss - before).toBeLessThan(100 << 20);
    await addon.compilerDestroy(pool);
    await order.settled();
  });
});

describe('a pool that ends', () => {
  it('drops what waits at once, lets the event loop turn, and settles behind what runs', async () => {
    const pool = poolOf(1);
    const order = new Order(pool);
    await order.start('running', heat(0));
    for (let n = 0; n < 50; n += 1) order.submit(`waiting ${String(n)}`, n % 2 === 0 ? lazy : heat(n));
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);
    const begin = performance.now();
    const ended = addon.compilerDestroy(pool);
    const blockedMs = performance.now() - begin;
    expect(() => {
      addon.compilerSubmit(pool, job(small), lazy, () => undefined);
    }).toThrow(/destroyed/);
    expect(() => {
      addon.compilerCompileNow(pool, job(small));
    }).toThrow(/destroyed/);
    await ended;
    const awaitedMs = performance.now() - begin;
    clearInterval(timer);
    await addon.compilerDestroy(pool);
    expect(order.names).toHaveLength(51);
    expect(order.names.at(-1)).toBe('running');
    expect(order.kindOf('running')).toBe('compiled');
    expect(order.names.filter((name) => order.kindOf(name) === 'cancelled')).toHaveLength(50);
    expect(addon.compilerPending(pool)).toBe(0);
    expect(blockedMs).toBeLessThan(awaitedMs / 2);
    expect(turns).toBeGreaterThan(2);
  });

  it('ends although it never began', async () => {
    await Promise.all([addon.compilerDestroy(poolOf(2)), addon.compilerDestroy(poolOf(1))]);
  });

  it('keeps Node alive until then, and no longer; without it nothing does', () => {
    const script = (end: string): string => `
      const addon = require(${JSON.stringify(join(root, 'build/native/tierlink.node'))});
      const pool = addon.compilerCreate(2, 10);
      const job = { bitcode: new Uint8Array(4), part: 'code', passes: '', codegenLevel: 0, hostCpu: false, features: '',
        calls: 'direct', counters: false, instrument: false, profile: null, profileUses: [], profilePrior: 0, near: [], importBudget: 0, sources: [], polls: '', functions: null, continuation: null };
      addon.compilerSubmit(pool, job, { lazy: false, heat: 1 }, (outcome) => { console.log('outcome'); ${end} });`;
    const output = (end: string): string =>
      execFileSync(process.execPath, ['-e', script(end)], { encoding: 'utf8', timeout: 30_000 });
    expect(output('')).toBe('outcome\n');
    expect(output("addon.compilerDestroy(pool).then(() => console.log('ended'));")).toBe('outcome\nended\n');
    expect(output('addon.compilerDestroy(pool); process.exit(0);')).toBe('outcome\n');
  });
});

describe('compileNow', () => {
  it('compiles on the calling thread, past everything that waits', async () => {
    const pool = poolOf(1);
    const order = new Order(pool);
    for (let n = 0; n < 3; n += 1) order.submit(`optimising ${String(n)}`, heat(n), job(large, 3));
    const outcome = addon.compilerCompileNow(pool, job(small));
    expect(outcome).toMatchObject({ ok: true, queuedNs: 0 });
    expect(outcome.compileNs).toBeGreaterThan(0);
    expect(order.names).toEqual([]);
    await order.settled();
  });

  it('reports errors and survives crashes as the threads do', () => {
    const pool = poolOf(1);
    expect(addon.compilerCompileNow(pool, job(new Uint8Array(4)))).toMatchObject({
      ok: false,
      failure: { kind: 'bitcode' },
    });
    const crash = canonical(`
      declare i32 @llvm.aarch64.crc32b(i32, i32)
      define i32 @f(i32 %a) { %r = call i32 @llvm.aarch64.crc32b(i32 %a, i32 %a) ret i32 %r }`);
    for (let round = 0; round < 3; round += 1) {
      expect(addon.compilerCompileNow(pool, job(crash))).toMatchObject({ failure: { kind: 'crash' } });
      expect(addon.compilerCompileNow(pool, job(small))).toMatchObject({ ok: true });
    }
  });
});

describe('LlvmCompiler', () => {
  const request = (
    bitcode: Uint8Array,
    priority: CompilePriority,
    ticket?: CompileTicket,
  ): CompileRequest => ({
    module: 'm',
    bitcode,
    part: 'code',
    tier: bitcode === large ? { ...optimized, counters: false } : baseline,
    calls: 'direct',
    near: [],
    priority,
    ticket,
  });
  const codeOf = (error: unknown): string => String((error as { readonly code?: unknown }).code);

  it('rejects with COMPILE_CANCELLED what is not wanted any more', async () => {
    const compiler = new LlvmCompiler(addon, 1);
    const order: string[] = [];
    const compile = async (name: string, bitcode: Uint8Array, ticket: CompileTicket): Promise<void> => {
      const what = request(bitcode, ticket.priority, ticket);
      await compiler.compile(what).then(
        () => order.push(name),
        (error: unknown) => order.push(`${name} ${codeOf(error)}`),
      );
    };
    const ticket = (value: number): CompileTicket => new CompileTicket({ kind: 'tier-up', heat: value });
    const stale = ticket(8);
    const raised = ticket(1);
    const never = ticket(2);
    never.cancel();
    const running = compile('running', large, new CompileTicket({ kind: 'lazy' }));
    const others = [
      compile('stale', small, stale),
      compile('raised', small, raised),
      compile('never', small, never),
      compile('waiting', small, ticket(5)),
    ];
    stale.cancel();
    raised.raise({ kind: 'tier-up', heat: 0.5 });
    raised.raise({ kind: 'lazy' });
    raised.raise({ kind: 'tier-up', heat: Infinity });
    expect(raised.priority).toEqual({ kind: 'lazy' });
    await Promise.all([running, ...others]);
    expect(order).toEqual([
      'never COMPILE_CANCELLED',
      'stale COMPILE_CANCELLED',
      'running',
      'raised',
      'waiting',
    ]);
    await compiler.destroy();
  });

  it('compiles nothing after it was destroyed', async () => {
    const compiler = new LlvmCompiler(addon, 1);
    const waiting = [large, small].map((bitcode) => compiler.compile(request(bitcode, { kind: 'lazy' })));
    const settled = Promise.allSettled(waiting);
    await Promise.all([compiler.destroy(), compiler.destroy()]);
    const late = await compiler.compile(request(small, { kind: 'lazy' })).catch(codeOf);
    expect(late).toBe('COMPILE_CANCELLED');
    expect(() => compiler.compileNow(request(small, { kind: 'lazy' }))).toThrow(
      expect.objectContaining({ code: 'COMPILE_CANCELLED' }),
    );
    expect((await settled)[1]).toMatchObject({ status: 'rejected', reason: { code: 'COMPILE_CANCELLED' } });
  });

  it('compiles at once with compileNow', async () => {
    const compiler = new LlvmCompiler(addon, 1);
    const { object, queuedMs } = compiler.compileNow(request(small, { kind: 'lazy' }));
    expect(object.length).toBeGreaterThan(100);
    expect(queuedMs).toBe(0);
    expect(() => compiler.compileNow(request(new Uint8Array(4), { kind: 'lazy' }))).toThrow(
      expect.objectContaining({ code: 'BITCODE_INVALID' }),
    );
    await compiler.destroy();
  });
});

describe('whatever is submitted, moved, cancelled and destroyed', () => {
  it.each([1, 2, 3, 4])('every job gets one outcome (%i threads)', async (threads) => {
    for (let round = 0; round < 25; round += 1) {
      const random = randomFrom(round * 10 + threads);
      const pool = addon.compilerCreate(threads, random(20));
      const counts = new Map<number, number>();
      const numbers: number[] = [];
      const shared = addon.shareBitcode(small);
      const steps = 20 + random(150);
      for (let step = 0; step < steps; step += 1) {
        const priority = random(3) === 0 ? lazy : heat(random(8) === 0 ? Infinity : random(100));
        const number = numbers[random(numbers.length + 1)] ?? 0;
        switch (random(6)) {
          case 0:
            addon.compilerCancel(pool, number);
            break;
          case 1:
            addon.compilerMove(pool, number, priority);
            break;
          case 2:
            if (random(10) === 0) await pause(random(4));
            break;
          default: {
            const own = counts.size;
            counts.set(own, 0);
            const what =
              random(5) === 0 ? job(new Uint8Array(4)) : { ...job(small, random(2)), bitcode: shared };
            numbers.push(
              addon.compilerSubmit(pool, what, priority, () => counts.set(own, (counts.get(own) ?? 0) + 1)),
            );
          }
        }
      }
      if (random(3) === 0) await pause(random(10));
      await addon.compilerDestroy(pool);
      expect(addon.compilerPending(pool)).toBe(0);
      expect([...counts.values()].every((count) => count === 1)).toBe(true);
    }
  });
});
