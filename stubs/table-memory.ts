/** The memory that tables are made of, as stubs/ needs it: aligned blocks of code and of data. */
import type { Address } from '../src/core/ids.js';

/** A block of memory: where the program sees it, and its writable bytes. */
export interface TableBlock {
  readonly address: Address;
  readonly bytes: Uint8Array;
}

/** Bytes of the blocks of one chunk of a table; each begins on a page. */
export interface TableNeed {
  readonly slots: number;
  readonly counters: number;
  readonly stubs: number;
}

/** The blocks of one chunk of a table. */
export type TableChunk = Readonly<Record<keyof TableNeed, TableBlock>>;

/** Where tables take their memory from; it is never given back while the engine lives. */
export interface TableMemory {
  /**
   * Reserves the blocks of a chunk, all or none of them.
   *
   * @param need - Their bytes: of slots and counters, which are data, and of stubs, which are code.
   * @param fill - Writes the stubs; they can be executed afterwards, and not be written any more.
   * @returns The blocks.
   * @throws TierlinkError MEMORY_EXHAUSTED, MEMORY_MANAGER_INVALID
   */
  tableChunk(need: TableNeed, fill: (chunk: TableChunk) => void): TableChunk;
}
