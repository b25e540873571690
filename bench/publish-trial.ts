/** How long an engine takes to publish a module that is compiled already, and to move it. */
import { readFileSync } from 'node:fs';
import type { CompiledObject, Compiler, CompileRequest } from '../src/core/compiler.js';
import { createEngine } from '../src/index.js';
import { LlvmCompiler } from '../src/native/llvm-compiler.js';
import { loadAddon } from '../src/native/loader.js';
import { median } from './findings.js';
import { bystanderModule, relocatedModule, targetModule } from './generators/relocated.js';
import { processorUs } from './processor-time.js';

/** Name of the module, and of its function. */
export const subject = 'subject';

/** What is published and moved, and beside what. */
export interface PublishSetting {
  /** The subject's object. */
  readonly object: string;
  readonly bystanders: number;
}

/** What a trial found, in processor time. */
export interface PublishTimes {
  /** Relocations that the engine preserved. */
  readonly relocations: number;
  readonly publishUs: number;
  readonly moveUs: number;
}

const tiers = ['baseline', 'optimized'] as const;
/** What is published first warms up V8; how warm it is must not depend on how many other modules were linked before. */
const warmMs = 2_500;
const fewestRounds = 8;

/** Hands out the subject's object as if it had just been compiled, and compiles all other modules. */
class Prebuilt implements Compiler {
  readonly threads: number;
  readonly #inner: Compiler;
  readonly #object: Uint8Array;

  constructor(inner: Compiler, object: Uint8Array) {
    this.threads = inner.threads;
    this.#inner = inner;
    this.#object = object;
  }

  compile(request: CompileRequest): Promise<CompiledObject> {
    if (request.module !== subject) return this.#inner.compile(request);
    return Promise.resolve({ object: this.#object, queuedMs: 0, compileMs: 0 });
  }

  forget(bitcode: Uint8Array): void {
    this.#inner.forget?.(bitcode);
  }

  pending(): number {
    return this.#inner.pending();
  }

  compileNow(request: CompileRequest): CompiledObject {
    return this.#inner.compileNow(request);
  }

  destroy(): Promise<void> {
    return this.#inner.destroy();
  }
}

/**
 * Publishes and moves.
 *
 * @param setting - What.
 * @returns Medians.
 */
export async function publishTrial({ object, bystanders }: PublishSetting): Promise<PublishTimes> {
  const bytes = readFileSync(object);
  const engine = createEngine({
    unit: 'module',
    control: 'inline',
    tiers: [...tiers],
    policy: 'never',
    parts: { compiler: (threads) => new Prebuilt(new LlvmCompiler(loadAddon(), threads), bytes) },
  });
  let relocations = 0;
  engine.on('published', (event) => {
    if (event.module === subject) relocations = event.relocations;
  });
  engine.addModule('targets', { ir: targetModule() });
  // Its symbols are all that the engine needs of the IR: what it is compiled to is there.
  engine.addModule(subject, { ir: relocatedModule(subject, 0).ir });
  for (let index = 0; index < bystanders; index += 1)
    engine.addModule(`bystander ${String(index)}`, { ir: bystanderModule(index) });
  await engine.link();
  const publishes: number[] = [];
  const moves: number[] = [];
  const end = performance.now() + warmMs;
  for (let round = 0; round < fewestRounds || performance.now() < end; round += 1) {
    const publishAt = processorUs();
    await engine.recompile(subject, tiers[round % 2] ?? tiers[0]);
    publishes.push(processorUs() - publishAt);
    // What a publish leaves to do must not fall into the move.
    engine.reclaim();
    const moveAt = processorUs();
    engine.move(subject);
    moves.push(processorUs() - moveAt);
    engine.reclaim();
  }
  await engine.dispose();
  return { relocations, publishUs: medianOfLater(publishes), moveUs: medianOfLater(moves) };
}

function medianOfLater(times: readonly number[]): number {
  return median(times.slice(times.length >> 1));
}
