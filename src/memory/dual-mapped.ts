/**
 * The default memory manager: regions that the addon mapped twice, once as the program sees them (code RX,
 * constants R) and once writable (the RW alias), so that no page is ever writable and executable (I3).
 */
import { TierlinkError } from '../core/errors.js';
import { type Address, address } from '../core/ids.js';
import { FreeList } from './free-list.js';
import type { MemoryBlock, MemoryManager, RegionKind } from './memory-manager.js';

/** A mapped region. */
export interface MappedRegion {
  /** Where the program sees it, page-aligned. */
  readonly address: Address;
  /** The writable view. */
  readonly bytes: Uint8Array;
}

/** Hands out blocks of three mapped regions. */
export class DualMappedMemory implements MemoryManager {
  readonly #regions: Readonly<Record<RegionKind, MappedRegion>>;
  readonly #free: Readonly<Record<RegionKind, FreeList>>;
  readonly #codeFill: number;

  /**
   * @param regions - The mapped regions.
   * @param codeFill - Byte that released code is overwritten with; executing it must trap.
   */
  constructor(regions: Readonly<Record<RegionKind, MappedRegion>>, codeFill: number) {
    this.#regions = regions;
    this.#codeFill = codeFill;
    this.#free = {
      code: new FreeList(regions.code.bytes.length),
      readonly: new FreeList(regions.readonly.bytes.length),
      data: new FreeList(regions.data.bytes.length),
    };
  }

  allocate(region: RegionKind, size: number, alignment: number, owner: string, at?: Address): MemoryBlock {
    const start = this.#take(region, size, alignment, at);
    if (start === undefined) {
      throw new TierlinkError('MEMORY_EXHAUSTED', {
        module: owner,
        region,
        needed: size,
        limit: this.capacity(region),
      });
    }
    const mapped = this.#regions[region];
    const bytes = mapped.bytes.subarray(start, start + size);
    if (region === 'code') bytes.fill(0);
    return { region, address: address(mapped.address + start), bytes, size };
  }

  release(block: MemoryBlock): void {
    // A pointer that should no longer exist must hit a trap (code) or zeros, not somebody else's bytes.
    block.bytes.fill(block.region === 'code' ? this.#codeFill : 0);
    this.#free[block.region].give(block.address - this.#regions[block.region].address, block.size);
  }

  hole(region: RegionKind, size: number, alignment: number): Address | undefined {
    const start = this.#free[region].find(size, alignment);
    return start === undefined ? undefined : address(this.#regions[region].address + start);
  }

  span(region: RegionKind): number {
    return this.#free[region].end;
  }

  used(region: RegionKind): number {
    return this.#free[region].used;
  }

  capacity(region: RegionKind): number {
    return this.#free[region].capacity;
  }

  #take(region: RegionKind, size: number, alignment: number, at: Address | undefined): number | undefined {
    if (at === undefined) return this.#free[region].take(size, alignment);
    const start = at - this.#regions[region].address;
    return start % alignment === 0 && this.#free[region].takeAt(start, size) ? start : undefined;
  }
}
