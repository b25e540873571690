/** A compile that waits and is not wanted any more is dropped: nobody waits for it, and nobody calls it a failure. */
import { expect, it, vi } from 'vitest';
import type { CompilePriority } from '../../src/core/compile-ticket.js';
import type { CompileRequest, Compiler } from '../../src/core/compiler.js';
import { createEngine, type Engine, TierlinkError } from '../../src/index.js';
import { LlvmCompiler } from '../../src/native/llvm-compiler.js';
import { loadAddon } from '../../src/native/loader.js';

const f = 'define i32 @f() {\n  ret i32 1\n}\n';
const g = 'define i32 @g() {\n  ret i32 2\n}\n';

/** Compiles, but keeps requests for the tier `quick` waiting until they are cancelled. */
class SlowQueue implements Compiler {
  readonly threads = 2;
  readonly waiting: CompileRequest[] = [];
  readonly moves: CompilePriority[] = [];
  readonly priorities: CompilePriority[] = [];
  forgotten = 0;
  readonly #inner = new LlvmCompiler(loadAddon(), 2);

  compile(request: CompileRequest): ReturnType<Compiler['compile']> {
    this.priorities.push(request.priority);
    if (request.tier.name !== 'quick') return this.#inner.compile(request);
    this.waiting.push(request);
    return new Promise((_, reject) => {
      request.ticket?.attach({
        cancel: () => {
          this.waiting.splice(this.waiting.indexOf(request), 1);
          reject(
            new TierlinkError('COMPILE_CANCELLED', { module: request.module, tier: 'quick', reason: 'test' }),
          );
        },
        move: (priority) => this.moves.push(priority),
      });
    });
  }

  compileNow(request: CompileRequest): ReturnType<Compiler['compileNow']> {
    return this.#inner.compileNow(request);
  }

  forget(bitcode: Uint8Array): void {
    this.forgotten += 1;
    this.#inner.forget(bitcode);
  }

  pending(): number {
    return this.waiting.length + this.#inner.pending();
  }

  async destroy(): Promise<void> {
    for (const request of [...this.waiting]) request.ticket?.cancel();
    await this.#inner.destroy();
  }
}

/** An engine with two modules; the policy wants `f`, and its compile waits. */
async function withWaiting(): Promise<{ engine: Engine; queue: SlowQueue; failures: unknown[] }> {
  const queue = new SlowQueue();
  const engine = createEngine({ unit: 'module', thresholds: { quick: 3 }, parts: { compiler: () => queue } });
  const failures: unknown[] = [];
  engine.on('failed', (event) => failures.push(event));
  engine.addModule('f', f);
  engine.addModule('g', g);
  await engine.link();
  await heat(engine, queue);
  return { engine, queue, failures };
}

/** Calls `f` until its promotion waits. */
async function heat(engine: Engine, queue: SlowQueue): Promise<void> {
  const call = engine.fn('f');
  await vi.waitFor(() => {
    for (let n = 0; n < 10; n += 1) call();
    expect(queue.waiting).toHaveLength(1);
  });
}

it('first versions are lazy, what the policy wants has its heat, what is asked for by name goes before', async () => {
  const { engine, queue } = await withWaiting();
  await engine.recompile('g', 'peak');
  const [first, second, wanted, asked] = queue.priorities;
  expect([first, second]).toEqual([{ kind: 'lazy' }, { kind: 'lazy' }]);
  expect(wanted).toMatchObject({ kind: 'tier-up', heat: expect.any(Number) as number });
  expect(wanted?.kind === 'tier-up' && wanted.heat > 0 && wanted.heat < Infinity).toBe(true);
  expect(asked).toEqual({ kind: 'tier-up', heat: Infinity });
  await engine.dispose();
});

it('recompile takes the place of what the policy wanted', async () => {
  const { engine, queue, failures } = await withWaiting();
  expect(await engine.recompile('f', 'optimized')).toMatchObject({ tier: 'optimized' });
  expect(queue.waiting).toEqual([]);
  expect(failures).toEqual([]);
  await engine.dispose();
});

it('a module is removed, or replaced, although its promotion waits', async () => {
  const { engine, queue, failures } = await withWaiting();
  await engine.replaceModule('f', 'define i32 @f() {\n  ret i32 5\n}\n');
  expect(engine.fn('f')()).toBe(5);
  expect(queue.waiting).toEqual([]);
  await heat(engine, queue);
  // The source before is compiled no more.
  expect(queue.forgotten).toBe(1);
  await engine.removeModule('f');
  expect(queue.forgotten).toBe(2);
  expect(queue.waiting).toEqual([]);
  expect(failures).toEqual([]);
  await engine.dispose();
});

it('a dropped promotion is asked for again when the function stays hot', async () => {
  const { engine, queue, failures } = await withWaiting();
  queue.waiting[0]?.ticket?.cancel();
  expect(queue.waiting).toEqual([]);
  await heat(engine, queue);
  expect(failures).toEqual([]);
  await engine.dispose();
});

it('dispose drops what waits', async () => {
  const { engine, queue, failures } = await withWaiting();
  const asked = engine.recompile('g', 'quick').catch((error: unknown) => error);
  await vi.waitFor(() => {
    expect(queue.waiting).toHaveLength(2);
  });
  await engine.dispose();
  expect(queue.waiting).toEqual([]);
  expect(await asked).toMatchObject({ code: 'COMPILE_CANCELLED' });
  expect(failures).toEqual([]);
});
