/** References: the symbols of an object whose values a link looks up, as columns with a row for each. */
import type { SymbolUse } from './context.js';

/** What fixups need of a reference; a set of bits. */
export const need = {
  /** It is called. */
  call: 1,
  /** Its address is used. */
  address: 2,
  /** It is used as a thread-local. */
  thread: 4,
  /** An 8-byte cell of the image. */
  cell: 8,
  /** A `tls_index` pair of the image. */
  pair: 16,
  /** It is reached from the start of its module's thread-local block. */
  threadBase: 32,
  /** No other object can mean this symbol: it is not looked up. */
  local: 64,
  /** It is address 0 when nothing defines it. */
  weak: 128,
} as const;

/** Where the object itself defines a reference; 1 to 3 are block numbers. */
export const ownPlace = { none: 0, readonly: 2, data: 3, thread: 4, absolute: 5 } as const;

/** All references of an image. */
export interface ReferenceTable {
  readonly count: number;
  /** Linker names; the section's name for a section. */
  readonly names: readonly string[];
  /** Bits of {@link need}. */
  readonly needs: Uint8Array;
  /** Where the object defines it: a value of {@link ownPlace}. */
  readonly places: Uint8Array;
  /** Offset in that place in bytes; the value of an absolute symbol. */
  readonly offsets: Float64Array;
  /** Bytes; `NaN` when the object does not define it. */
  readonly sizes: Float64Array;
  /** Offset of its cell in the image's cells, in bytes; -1 for none. */
  readonly cells: Int32Array;
  /** Offset of its pair in the image's cells, in bytes; -1 for none. */
  readonly pairs: Int32Array;
  /** Where the image's cells begin in the readonly block, in bytes. */
  readonly cellStart: number;
  /** Offset of the pair {module, 0} in the cells, in bytes; -1 for none. */
  readonly threadBase: number;
}

/**
 * How an object uses a reference, for whoever looks it up.
 *
 * @param needs - Bits of {@link need}.
 * @returns The use.
 */
export function useOf(needs: number): SymbolUse {
  if ((needs & need.thread) !== 0) return 'tls';
  return (needs & need.call) !== 0 ? 'call' : 'address';
}
