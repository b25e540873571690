/** The compiler as the engine sees it: bitcode in, an ELF object out, in the background. */
import type { CompilePriority, CompileTicket } from './compile-ticket.js';
import type { TierRecipe } from './tier.js';

/**
 * How calls that leave a function are encoded; follows from the linkage. `direct`: `call f`; `indirect`:
 * `call *[cell]`; `patchable`: `call f` with a displacement that can be stored while the call executes.
 */
export type CallForm = 'direct' | 'indirect' | 'patchable';

/** Some functions of a module's code, to be compiled without the others. */
export interface FunctionSelection {
  /** Names of functions that the object must define. */
  readonly wanted: readonly string[];
  /**
   * Further functions that the object may define: those that the wanted ones surely or very likely call. A bit for each
   * index of the module's summary: bit `n & 7` of byte `n >> 3`. Bits that are missing are 0.
   */
  readonly possible?: Uint8Array;
}

/** A loop of a function at which running code can go on in another version. */
export interface LoopId {
  /** Number of the loop in its function. */
  readonly loop: number;
  /** What is handed over there; both versions must have been made for the same. */
  readonly signature: string;
}

/** What was counted of functions, for those that are compiled with it. */
export interface CompileProfile {
  /**
   * Records, encoded as in src/profile/encoding.ts, of any functions: a compile takes what it needs. Its bytes never
   * change: it is known by its identity.
   */
  readonly records: Uint8Array;
  /** How often each way of a branch is taken to have been gone beside what was counted. */
  readonly prior: number;
  /** True: another run will be given the same. What is compiled with another one is not kept in an object cache. */
  readonly isLasting: boolean;
}

/** A module that bodies to be inlined may be taken from. */
export interface ImportSource {
  /** Canonical bitcode of its code; known by its identity, as that of a request. */
  readonly bitcode: Uint8Array;
  /** Names that lead to its definitions, whoever of the request's modules calls them. Known by identity, too. */
  readonly names: readonly string[];
}

/** What is to be compiled. */
export interface CompileRequest {
  /** Module name, for messages. */
  readonly module: string;
  /** Canonical bitcode, of the module's code or of its data. Its bytes never change. */
  readonly bitcode: Uint8Array;
  readonly part: 'code' | 'data';
  readonly tier: TierRecipe;
  readonly calls: CallForm;
  /**
   * Symbols that lie within 2 GiB of the code (defined by registered modules). Must not change: an array that was passed
   * before is known by its identity, so it costs nothing then, however long it is.
   */
  readonly near: readonly string[];
  /**
   * Compiles only these functions, of the module's code. What was read of the bitcode is kept for the next such request
   * with the same array of bytes, whose content must not change; see {@link Compiler.forget}.
   */
  readonly functions?: FunctionSelection;
  /** Other modules whose functions may be inlined into these; may contain the module itself, which others may call. */
  readonly sources?: readonly ImportSource[];
  /** Compiles the only wanted function as its continuation at this loop: what a version that polls leaves to. */
  readonly continuation?: LoopId;
  /** What was counted of its functions and of others. */
  readonly profile?: CompileProfile | undefined;
  /** How soon it is wanted. */
  readonly priority: CompilePriority;
  /** Cancels or hurries it; its priority then stands for {@link priority}. */
  readonly ticket?: CompileTicket | undefined;
  /**
   * Is told what is chosen, after {@link Compiler.compile} has returned and before code is generated, at most once: never
   * for a whole module, by {@link Compiler.compileNow}, or of what was compiled before.
   */
  readonly chosen?: ((choice: CompileChoice) => void) | undefined;
}

/** A function that may be called soon. */
export interface LikelyCall {
  readonly name: string;
  /** In which share of cases, 0 to 1, as far as can be told from the code. */
  readonly likelihood: number;
}

/** What a request that selects functions comes to. */
export interface CompileChoice {
  /** Names of the functions that the object will define: all wanted ones and what is added. */
  readonly functions: readonly string[];
  /**
   * What these call in maybe one of ten cases or more, and are not: possible functions, and functions of other modules; the
   * likeliest first.
   */
  readonly likely: readonly LikelyCall[];
}

/** A compiled ELF64 object and what it took. */
export interface CompiledObject {
  readonly object: Uint8Array;
  /** Functions whose records in the request's profile are of other code; these were not used. */
  readonly unfit?: readonly string[];
  /** Positions of the request's sources that bodies were taken from; undefined: any may have been. */
  readonly imported?: readonly number[];
  /** Milliseconds from request to start. */
  readonly queuedMs: number;
  /** Milliseconds in LLVM. */
  readonly compileMs: number;
}

/** Turns bitcode into objects on threads of its own. */
export interface Compiler {
  /**
   * Says what makes the objects, for the keys of an object cache: two compilers that say the same make the same of equal
   * requests. Nothing is cached that comes from one that says nothing.
   */
  readonly identity?: string;
  /**
   * Compiles in the background.
   *
   * @param request - What to compile and how.
   * @returns The object.
   * @throws TierlinkError COMPILE_FAILED, COMPILE_CRASHED, LLVM_MISSING, COMPILE_CANCELLED: it is not wanted any more,
   *   or the queue is full of what is hotter (as a rejection).
   */
  compile(request: CompileRequest): Promise<CompiledObject>;
  /**
   * Compiles on this thread, whatever waits.
   *
   * @param request - What to compile and how.
   * @returns The object.
   * @throws TierlinkError COMPILE_FAILED, COMPILE_CRASHED, LLVM_MISSING, COMPILE_CANCELLED (the compiler is destroyed)
   */
  compileNow(request: CompileRequest): CompiledObject;
  /**
   * Drops what was kept of bitcode whose functions were compiled. Not needed for correctness.
   *
   * @param bitcode - The bytes, as they were passed in requests.
   */
  forget?(bitcode: Uint8Array): void;
  /** Jobs queued or running now. */
  pending(): number;
  /** Threads that compile. Of several, one takes no request of kind `tier-up` but those that are short. */
  readonly threads: number;
  /** Drops queued jobs at once; the promise settles when the running ones are done. Idempotent. */
  destroy(): Promise<void>;
}
