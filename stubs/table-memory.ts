/** The memory that tables are made of, as stubs/ needs it: aligned blocks of code and of data. */
import type { Address } from '../src/core/ids.js';

/** A block of memory: where the program sees it, and its writable bytes. */
export interface TableBlock {
  readonly address: Address;
  readonly bytes: Uint8Array;
}

/** One block of a chunk. */
export interface TableNeed {
  /** What can be executed is written once; data at any time. */
  readonly kind: 'code' | 'data';
  /** Bytes. */
  readonly size: number;
}

/** Where tables take their memory from; it is never given back while the engine lives. */
export interface TableMemory {
  /**
   * Reserves the blocks of a chunk, all or none of them; each begins on a page.
   *
   * @param needs - The blocks.
   * @param fill - Writes the code; it can be executed afterwards, and not be written any more.
   * @returns The blocks.
   * @throws TierlinkError MEMORY_EXHAUSTED, MEMORY_MANAGER_INVALID
   */
  tableChunk<Name extends string>(
    needs: Readonly<Record<Name, TableNeed>>,
    fill: (chunk: Readonly<Record<Name, TableBlock>>) => void,
  ): Readonly<Record<Name, TableBlock>>;
}
