/** The memory that tables are made of, as stubs/ needs it: aligned blocks of code and of data. */
import type { Address } from '../src/core/ids.js';

/** A block of memory: where the program sees it, and its writable bytes. */
export interface TableBlock {
  readonly address: Address;
  readonly bytes: Uint8Array;
}

/** Where tables take their blocks from; a block is never given back while the engine lives. */
export interface TableMemory {
  /**
   * Reserves a block.
   *
   * @param region - `code` for stubs, `data` for slots, counters and cells.
   * @param size - Bytes.
   * @param alignment - Bytes, a power of two.
   * @returns The block.
   * @throws TierlinkError MEMORY_EXHAUSTED
   */
  tableBlock(region: 'code' | 'data', size: number, alignment: number): TableBlock;
}
