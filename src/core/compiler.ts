/** The compiler as the engine sees it: bitcode in, an ELF object out, in the background. */
import type { CompilePriority, CompileTicket } from './compile-ticket.js';
import type { TierRecipe } from './tier.js';

/**
 * How calls that leave a function are encoded; follows from the linkage. `direct`: `call f`; `indirect`:
 * `call *[cell]`; `patchable`: `call f` with a displacement that can be stored while the call executes.
 */
export type CallForm = 'direct' | 'indirect' | 'patchable';

/** What is to be compiled. */
export interface CompileRequest {
  /** Module name, for messages. */
  readonly module: string;
  /** Canonical bitcode, of the module's code or of its data. Its bytes never change. */
  readonly bitcode: Uint8Array;
  readonly part: 'code' | 'data';
  readonly tier: TierRecipe;
  readonly calls: CallForm;
  /** Which functions are wanted; all of the module, when not given. */
  readonly functions?: { readonly wanted: readonly string[] };
  /** Symbols that lie within 2 GiB of the code (defined by registered modules). */
  readonly near: readonly string[];
  /** How soon it is wanted. */
  readonly priority: CompilePriority;
  /** Cancels or hurries it; its priority then stands for {@link priority}. */
  readonly ticket?: CompileTicket | undefined;
}

/** A compiled ELF64 object and what it took. */
export interface CompiledObject {
  readonly object: Uint8Array;
  /** Functions that it defines, when some were asked for by name: those, and others that they are likely to call. */
  readonly functions?: readonly string[];
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
  /** Jobs queued or running now. */
  pending(): number;
  /** Threads that compile. Of several, one never takes a request of kind `tier-up`. */
  readonly threads: number;
  /** Drops queued jobs at once; the promise settles when the running ones are done. Idempotent. */
  destroy(): Promise<void>;
}
