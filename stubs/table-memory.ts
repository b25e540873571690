/** The memory that tables are made of, as stubs/ needs it: aligned blocks of code and of data. */
import type { Address } from '../src/core/ids.js';

/** A block of memory: where the program sees it, and its writable bytes. */
export interface TableBlock {
  readonly address: Address;
  readonly bytes: Uint8Array;
}

/** A block that a table needs. */
export interface TableNeed {
  /** `code` for stubs, `data` for slots, counters and cells. */
  readonly region: 'code' | 'data';
  /** Bytes. */
  readonly size: number;
  /** Bytes, a power of two. */
  readonly alignment: number;
}

/** Blocks by the names that they were asked for with. */
export type TableBlocks<Name extends string> = Readonly<Record<Name, TableBlock>>;

/** Where tables take their memory from; it is never given back while the engine lives. */
export interface TableMemory {
  /**
   * Reserves blocks, all or none of them.
   *
   * @param needs - What is needed, by name.
   * @param fill - Writes the code; it can be executed afterwards, and not be written any more.
   * @returns The blocks, by name.
   * @throws TierlinkError MEMORY_EXHAUSTED, MEMORY_MANAGER_INVALID
   */
  tableBlocks<Name extends string>(
    needs: Readonly<Record<Name, TableNeed>>,
    fill: (blocks: TableBlocks<NoInfer<Name>>) => void,
  ): TableBlocks<Name>;
}
