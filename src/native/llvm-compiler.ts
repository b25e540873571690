/** The compiler interface over the addon's pool of LLVM threads. */
import type { CompilePriority } from '../core/compile-ticket.js';
import type { CompiledObject, CompileRequest, Compiler } from '../core/compiler.js';
import { TierlinkError } from '../core/errors.js';
import { loopTag, profileUses } from '../core/tier.js';
import type { CompileJob, CompileOutcome, Handle, JobPriority, NativeAddon } from './contract.js';
import { compileError } from './failures.js';

/**
 * Requests of kind `tier-up` that may wait, for each thread. The policy's thresholds rise long before; this bounds what
 * a policy without feedback can pile up.
 */
const waitingEach = 128;

/** Compiles with LLVM 22 on native threads. */
export class LlvmCompiler implements Compiler {
  /** Versions of LLVM and of the addon are in every key. */
  readonly identity = 'llvm';
  readonly threads: number;
  readonly #addon: NativeAddon;
  readonly #pool: Handle;
  readonly #bitcode = new WeakMap<Uint8Array, Handle>();
  readonly #profiles = new WeakMap<Uint8Array, Handle>();
  readonly #names = new WeakMap<readonly string[], Handle>();
  #ended: Promise<void> | undefined;

  /**
   * @param addon - The loaded addon.
   * @param threads - Compile threads, at least 1.
   */
  constructor(addon: NativeAddon, threads: number) {
    this.#addon = addon;
    this.threads = threads;
    this.#pool = addon.compilerCreate(threads, waitingEach * threads);
  }

  compile(request: CompileRequest): Promise<CompiledObject> {
    const { ticket } = request;
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) throw cancelled(request, 'the compiler is destroyed');
      if (ticket?.cancelled === true) throw cancelled(request, 'it is not wanted any more');
      const priority = jobPriority(ticket?.priority ?? request.priority);
      const done = (outcome: CompileOutcome): void => {
        detach?.();
        if (outcome.ok) resolve(objectOf(outcome));
        else reject(compileError(outcome.failure, request.module, request.tier.name));
      };
      const job = this.#addon.compilerSubmit(this.#pool, this.#job(request), priority, done, request.chosen);
      const detach = ticket?.attach({
        cancel: () => {
          this.#addon.compilerCancel(this.#pool, job);
        },
        move: (sooner) => {
          this.#addon.compilerMove(this.#pool, job, jobPriority(sooner));
        },
      });
    });
  }

  compileNow(request: CompileRequest): CompiledObject {
    if (this.#ended !== undefined) throw cancelled(request, 'the compiler is destroyed');
    const outcome = this.#addon.compilerCompileNow(this.#pool, this.#job(request));
    if (outcome.ok) return objectOf(outcome);
    throw compileError(outcome.failure, request.module, request.tier.name);
  }

  pending(): number {
    return this.#addon.compilerPending(this.#pool);
  }

  destroy(): Promise<void> {
    this.#ended ??= this.#addon.compilerDestroy(this.#pool);
    return this.#ended;
  }

  forget(bitcode: Uint8Array): void {
    const handle = this.#bitcode.get(bitcode);
    if (handle === undefined || this.#ended !== undefined) return;
    this.#bitcode.delete(bitcode);
    this.#addon.compilerForget(this.#pool, handle);
  }

  #job(request: CompileRequest): CompileJob {
    const { bitcode, part, tier, calls, near, functions, sources = [], continuation, profile } = request;
    const { passes, codegenLevel, hostCpu, features = '' } = tier;
    return {
      // Data is compiled once.
      bitcode: part === 'data' ? bitcode : this.#shareBitcode(bitcode),
      part,
      passes,
      codegenLevel,
      hostCpu,
      features,
      calls,
      counters: tier.counters && part === 'code',
      polls: tier.osr === true && part === 'code' ? loopTag(tier.name) : '',
      instrument: tier.profile === 'collect' && part === 'code',
      profile:
        profile === undefined
          ? null
          : shared(this.#profiles, profile.records, (records) => this.#addon.shareProfile(records)),
      profileUses: tier.profileUses ?? profileUses,
      profilePrior: profile?.prior ?? 0,
      importBudget: tier.importBudget ?? 0,
      sources: sources.map((source) => ({
        bitcode: this.#shareBitcode(source.bitcode),
        names: this.#shareNames(source.names),
      })),
      near: this.#shareNames(near),
      functions: functions
        ? { wanted: functions.wanted, possible: functions.possible ?? new Uint8Array() }
        : null,
      continuation: continuation ?? null,
    };
  }

  #shareBitcode(bitcode: Uint8Array): Handle {
    return shared(this.#bitcode, bitcode, (bytes) => this.#addon.shareBitcode(bytes));
  }

  #shareNames(names: readonly string[]): Handle {
    return shared(this.#names, names, (all) => this.#addon.shareNames(all.join('\0')));
  }
}

/** What was handed over before is known by its identity, so that what is asked for again and again crosses over once. */
function shared<Key extends object>(
  known: WeakMap<Key, Handle>,
  key: Key,
  make: (key: Key) => Handle,
): Handle {
  const found = known.get(key);
  if (found !== undefined) return found;
  const handle = make(key);
  known.set(key, handle);
  return handle;
}

function jobPriority(priority: CompilePriority): JobPriority {
  switch (priority.kind) {
    case 'lazy':
      return { lazy: true, heat: Infinity };
    case 'ahead':
      return { lazy: true, heat: priority.likelihood };
    case 'tier-up':
      // Any thread takes what is lazy; of that it goes last.
      return priority.isShort === true ? { lazy: true, heat: 0 } : { lazy: false, heat: priority.heat };
  }
}

function objectOf(outcome: CompileOutcome & { readonly ok: true }): CompiledObject {
  return {
    object: outcome.object,
    unfit: outcome.unfit,
    imported: outcome.imported,
    queuedMs: outcome.queuedNs / 1e6,
    compileMs: outcome.compileNs / 1e6,
  };
}

function cancelled({ module, tier }: CompileRequest, reason: string): TierlinkError {
  return new TierlinkError('COMPILE_CANCELLED', { module, tier: tier.name, reason });
}
