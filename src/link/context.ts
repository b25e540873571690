/** What the linker is given from outside: where symbols lead, which definitions win, and where blocks lie. */
import type { Address } from '../core/ids.js';
import type { NameTable } from './names.js';

/**
 * How an object uses a symbol: `call` when at least one relocation is a call (other uses may be there too),
 * `address` when it is only read, written or has its address taken, `tls` for a thread-local.
 */
export type SymbolUse = 'call' | 'address' | 'tls';

/** Where a symbol leads. Near means: within 2 GiB of every block of the image. */
export type Target =
  /** A JIT function. `stub` is its canonical address (I1) and near; `slot` holds its code address and is near. */
  | {
      readonly kind: 'function';
      readonly stub: Address;
      readonly slot: Address;
      /**
       * When given, calls whose displacement can be patched go straight to this code address; others, and
       * address-taking, are not affected.
       */
      readonly direct?: Address;
    }
  /**
   * A function of the process or a library, anywhere. Calls go through `stub` (near) or `slot` (near, holds
   * `address`); taking its address gives `address`, as in the rest of the process.
   */
  | {
      readonly kind: 'far-function';
      readonly address: Address;
      readonly stub: Address;
      readonly slot: Address;
    }
  /** A variable, near or far, or any other fixed address; a far one is reached through a cell of the image. */
  | { readonly kind: 'data'; readonly address: Address }
  /** A thread-local: the two words that `__tls_get_addr` is given. */
  | {
      readonly kind: 'tls';
      /** First word of its `tls_index`. */
      readonly module: bigint;
      /** Second word: bytes from the start of the module's thread-local block. */
      readonly offset: number;
      /** Bytes from the thread pointer, when it lies in static TLS. */
      readonly staticOffset?: number;
    };

/** What one link, or relink, of an image needs to know. */
export interface LinkContext {
  /**
   * Finds a symbol; called once for each global symbol that relocations refer to.
   *
   * A global symbol that the object itself defines is looked up too, so that functions have their canonical
   * identity (I1) and another module's definition can win; for those `undefined` means: use the object's own.
   *
   * @param symbol - Linker name.
   * @param use - How the object uses it.
   * @returns Where it leads, or `undefined` when nothing defines it (a weak reference then is address 0).
   */
  resolve(symbol: string, use: SymbolUse): Target | undefined;
  /** First word of the `tls_index` of the image's own thread-locals; needed when it has thread-locals. */
  readonly tlsModule?: bigint | undefined;
  /** Where `resolve` looks, in order and in words, for the message of SYMBOL_UNRESOLVED. */
  readonly searched: readonly string[];
}

/** Choices made while an object is prepared. */
export interface PrepareOptions {
  /**
   * Whether the COMDAT group of this signature is kept; `false` when another module's group was.
   *
   * @defaultValue every group is kept
   */
  readonly keepGroup?: ((signature: string) => boolean) | undefined;
  /**
   * Whether calls within the object to this function, which the object defines, stay inside the version:
   * true when the tier binds local calls and the object's own definition is the one that counts.
   *
   * @defaultValue none does: calls go through {@link LinkContext.resolve}
   */
  readonly bindLocalCall?: ((symbol: string) => boolean) | undefined;
  /**
   * Where names are kept; images that share one keep each name once.
   *
   * @defaultValue one of the image's own
   */
  readonly names?: NameTable | undefined;
  /**
   * True when the object has no variables: what lies in its writable sections is never written once it is relocated,
   * such as the cells through which unwind tables refer to type information and personality routines.
   *
   * @defaultValue false
   */
  readonly constantData?: boolean | undefined;
}

/** Memory for one block; a `MemoryBlock` of src/memory is one. */
export interface PlacedBlock {
  /** Where the program sees it. */
  readonly address: Address;
  /** Its bytes, writable (the RW alias); what is not initialised by the object must read as zero. */
  readonly bytes: Uint8Array;
}

/** Memory for an image; a block may be missing when the image needs 0 bytes of it. All lie within 2 GiB. */
export interface Placement {
  readonly code?: PlacedBlock | undefined;
  readonly readonly?: PlacedBlock | undefined;
  readonly data?: PlacedBlock | undefined;
}
