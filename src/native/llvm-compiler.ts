/** The compiler interface over the addon's pool of LLVM threads. */
import type { CompiledObject, CompileRequest, Compiler } from '../core/compiler.js';
import type { CompileJob, CompileOutcome, Handle, NativeAddon } from './contract.js';
import { compileError } from './failures.js';

/** Compiles with LLVM 22 on native threads. */
export class LlvmCompiler implements Compiler {
  readonly threads: number;
  readonly #addon: NativeAddon;
  readonly #pool: Handle;
  /** By identity, so that what is asked for again and again crosses over once. */
  readonly #bitcode = new WeakMap<Uint8Array, Handle>();
  readonly #names = new WeakMap<readonly string[], Handle>();

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
    const { tier, functions } = request;
    const job: CompileJob = {
      bitcode: functions === undefined ? request.bitcode : this.#shared(request.bitcode),
      part: request.part,
      passes: tier.passes,
      codegenLevel: tier.codegenLevel,
      hostCpu: tier.hostCpu,
      calls: request.calls,
      counters: tier.counters && request.part === 'code',
      importBudget: tier.importBudget ?? 0,
      near: this.#sharedNames(request.near),
      functions:
        functions === undefined
          ? null
          : { wanted: functions.wanted, possible: functions.possible ?? new Uint8Array() },
    };
    return new Promise((resolve, reject) => {
      this.#addon.compilerSubmit(this.#pool, job, (outcome: CompileOutcome) => {
        if (outcome.ok) {
          resolve({
            object: outcome.object,
            functions: outcome.functions,
            likely: outcome.likely,
            queuedMs: outcome.queuedNs / 1e6,
            compileMs: outcome.compileNs / 1e6,
          });
        } else reject(compileError(outcome.failure, request.module, tier.name));
      });
    });
  }

  forget(bitcode: Uint8Array): void {
    const handle = this.#bitcode.get(bitcode);
    if (handle === undefined) return;
    this.#bitcode.delete(bitcode);
    this.#addon.compilerForget(this.#pool, handle);
  }

  pending(): number {
    return this.#addon.compilerPending(this.#pool);
  }

  destroy(): void {
    this.#addon.compilerDestroy(this.#pool);
  }

  #shared(bitcode: Uint8Array): Handle {
    const known = this.#bitcode.get(bitcode);
    if (known !== undefined) return known;
    const handle = this.#addon.shareBitcode(bitcode);
    this.#bitcode.set(bitcode, handle);
    return handle;
  }

  #sharedNames(names: readonly string[]): Handle {
    const known = this.#names.get(names);
    if (known !== undefined) return known;
    const handle = this.#addon.shareNames(names);
    this.#names.set(names, handle);
    return handle;
  }
}
