/** The compiler interface over the addon's pool of LLVM threads. */
import type { CompiledObject, CompileRequest, Compiler } from '../core/compiler.js';
import type { CompileOutcome, Handle, NativeAddon } from './contract.js';
import { compileError } from './failures.js';

/** Compiles with LLVM 22 on native threads. */
export class LlvmCompiler implements Compiler {
  /** Versions of LLVM and of the addon are in every key. */
  readonly identity = 'llvm';
  readonly threads: number;
  readonly #addon: NativeAddon;
  readonly #pool: Handle;

  /**
   * @param addon - The loaded addon.
   * @param threads - Compile threads, at least 1.
   */
  constructor(addon: NativeAddon, threads: number) {
    this.#addon = addon;
    this.threads = threads;
    this.#pool = addon.compilerCreate(threads);
  }

  compile(request: CompileRequest): Promise<CompiledObject> {
    const { tier } = request;
    const job = {
      bitcode: request.bitcode,
      part: request.part,
      passes: tier.passes,
      codegenLevel: tier.codegenLevel,
      hostCpu: tier.hostCpu,
      calls: request.calls,
      counters: tier.counters && request.part === 'code',
      near: request.near,
    };
    return new Promise((resolve, reject) => {
      this.#addon.compilerSubmit(this.#pool, job, (outcome: CompileOutcome) => {
        if (outcome.ok) {
          resolve({
            object: outcome.object,
            queuedMs: outcome.queuedNs / 1e6,
            compileMs: outcome.compileNs / 1e6,
          });
        } else reject(compileError(outcome.failure, request.module, tier.name));
      });
    });
  }

  pending(): number {
    return this.#addon.compilerPending(this.#pool);
  }

  destroy(): void {
    this.#addon.compilerDestroy(this.#pool);
  }
}
