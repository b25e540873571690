/** What the engine needs of whoever knows symbols: what a name stands for. Resolvers are asked one after the other. */

/** Version of {@link SymbolResolver} that this library calls. */
export const symbolResolverVersion = 1;

/** A question to a resolver. */
export interface SymbolQuery {
  /** Linker name. */
  readonly name: string;
  /**
   * How it is used by whoever needs it first: as a function, as data (or as an object file that does not tell), or as
   * a thread-local. An answer to `code` or `data` serves both.
   */
  readonly use: 'code' | 'data' | 'tls';
  /** Whether a registered module defines a symbol. */
  readonly isDefined: (symbol: string) => boolean;
  /** Address of what the engine's runtime puts in the place of a function of libc, such as `exit`; 0n if nothing. */
  readonly runtime: (symbol: string) => bigint;
}

/** What a name stands for. */
export type SymbolAnswer =
  /** Code or data, or a constant that is shaped as an address: from 1 to 2^47 - 1. */
  | { readonly kind: 'address'; readonly address: bigint }
  /** A thread-local of a shared library: the two words that `__tls_get_addr` is given. */
  | {
      readonly kind: 'thread-local';
      readonly module: bigint;
      /** Bytes from the start of the library's thread-local block. */
      readonly offset: bigint;
      /** Bytes from the thread pointer, when it lies in static TLS. */
      readonly staticOffset?: bigint;
    }
  /** The function or variable that a registered module defines under this name, which may be another one. */
  | { readonly kind: 'defined'; readonly symbol: string }
  /**
   * A module that defines it and is to be added first: bitcode, IR text or an ELF object. It is registered under `name`,
   * and linked with who needs it. Where nothing can be added (for a weak reference, or when one of this name is
   * registered) the next resolver is asked.
   */
  | { readonly kind: 'module'; readonly name: string; readonly bytes: Uint8Array };

/** Knows symbols: one link of the chain that an engine searches. */
export interface SymbolResolver {
  /** Version of this interface that it was written for: 1. */
  readonly apiVersion: number;
  /** Where it looks, in words, for the message of SYMBOL_UNRESOLVED: `library libz.so`. */
  readonly description: string;
  /**
   * Tells what a name stands for. Its answer is kept once what needs the name is linked, so that every version of it
   * uses the same; after a link that failed it may be asked again.
   *
   * @param query - The name, and how it is used.
   * @returns What it stands for, or `undefined`: the next resolver is asked.
   * @throws any error: what asked fails with RESOLVER_FAILED and the error as its cause, and nothing is linked.
   */
  resolve(query: SymbolQuery): SymbolAnswer | undefined;
}
