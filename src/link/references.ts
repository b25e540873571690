/** References: the symbols of an object whose values a link looks up, each with a row of values. */
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
} as const;

/** Where the object itself defines a reference. */
export const ownPlace = { none: 0, code: 1, readonly: 2, data: 3, thread: 4, absolute: 5 } as const;

/** One reference. */
export interface Reference {
  /** Linker name, or the section's name for a section. */
  readonly name: string;
  /** True: no other object can mean this symbol. */
  readonly local: boolean;
  /** True: address 0 when nothing defines it. */
  readonly weak: boolean;
  /** A value of {@link ownPlace}. */
  readonly place: number;
  /** Offset in that place; the value of an absolute symbol. */
  readonly offset: number;
  /** Bytes; `NaN` when the object does not define it. */
  readonly size: number;
  /** Bits of {@link need}. */
  readonly needs: number;
  /** Offset of its cell in the image's cells, in bytes; -1 for none. */
  readonly cell: number;
  /** Offset of its pair in the image's cells, in bytes; -1 for none. */
  readonly pair: number;
}

/** All references of an image. */
export interface ReferenceTable {
  readonly list: readonly Reference[];
  /** Where the image's cells begin in the readonly block, in bytes. */
  readonly cells: number;
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
