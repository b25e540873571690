/** What the engine needs of memory: blocks in three regions, all within 2 GiB of each other. */
import type { Address } from '../core/ids.js';

/** Where a block lies: executable code, constants, or mutable data. */
export type RegionKind = 'code' | 'readonly' | 'data';

/** A block that belongs to whoever allocated it until it is released. */
export interface MemoryBlock {
  readonly region: RegionKind;
  /** Where the program sees it. */
  readonly address: Address;
  /** Its bytes, writable: for `code` and `readonly` through the RW alias of the same memory. */
  readonly bytes: Uint8Array;
  /** Bytes. */
  readonly size: number;
}

/** Allocates blocks. One that is handed out overlaps no other one, and reads as zero. */
export interface MemoryManager {
  /**
   * Reserves a block.
   *
   * @param region - Where.
   * @param size - Bytes, above 0.
   * @param alignment - Bytes, a power of two.
   * @param owner - Name of the module it is for, for messages.
   * @param at - Where it must begin; by default at the lowest address that fits.
   * @returns The block, filled with zeros.
   * @throws TierlinkError MEMORY_EXHAUSTED; nothing was taken then.
   */
  allocate(region: RegionKind, size: number, alignment: number, owner: string, at?: Address): MemoryBlock;
  /** Where `allocate` would put a block now; undefined if it does not fit. */
  hole(region: RegionKind, size: number, alignment: number): Address | undefined;
  /** Takes a block back; nobody may refer to it any more. */
  release(block: MemoryBlock): void;
  /** Bytes in blocks of a region now. */
  used(region: RegionKind): number;
  /** Bytes from the start of a region to the end of its last block. */
  span(region: RegionKind): number;
  /** Bytes that a region can hold. */
  capacity(region: RegionKind): number;
}
