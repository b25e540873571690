/** Sub-allocates three mapped regions, for the shipped memory managers: who holds what, and where there is room. */
import { type Address, address } from '../core/ids.js';
import type { RegionKind } from './block.js';
import { FreeList } from './free-list.js';
import type { MemorySection } from './memory-manager.js';

/** A mapped region. */
export interface MappedRegion {
  /** Where the program sees it, page-aligned. */
  readonly address: Address;
  /** Bytes. */
  readonly size: number;
  /** The writable view, as far as an offset at least. */
  readonly upTo: (end: number) => Uint8Array;
}

/** The regions of one manager. */
export type MappedRegions = Readonly<Record<RegionKind, MappedRegion>>;

/** A section and the memory that it holds. */
export interface HeldSection extends MemorySection {
  readonly region: RegionKind;
  readonly module: string;
  /** Bytes from the start of the region. */
  readonly start: number;
  /** Bytes that it holds, a multiple of the granularity. */
  readonly held: number;
}

/** Free lists of the regions, and the sections that hold them. */
export class Regions {
  readonly #regions: MappedRegions;
  readonly #free: Readonly<Record<RegionKind, FreeList>>;
  /** By where they start: an object as a key would have to be given a hash, which costs more than all else here. */
  readonly #sections: Readonly<Record<RegionKind, Map<number, HeldSection>>> = {
    code: new Map(),
    readonly: new Map(),
    data: new Map(),
  };

  /** @param regions - The mapped regions. */
  constructor(regions: MappedRegions) {
    this.#regions = regions;
    this.#free = {
      code: new FreeList(regions.code.size),
      readonly: new FreeList(regions.readonly.size),
      data: new FreeList(regions.data.size),
    };
  }

  /** Where sections of each kind lie. */
  get ranges(): Readonly<Record<RegionKind, { readonly start: Address; readonly bytes: number }>> {
    const range = (kind: RegionKind) => ({
      start: this.#regions[kind].address,
      bytes: this.#regions[kind].size,
    });
    return { code: range('code'), readonly: range('readonly'), data: range('data') };
  }

  /** Bytes held in a region. */
  used(region: RegionKind): number {
    return this.#free[region].used;
  }

  /**
   * Takes a section.
   *
   * @param region - Where.
   * @param size - Bytes, above 0.
   * @param alignment - Bytes, a power of two.
   * @param granularity - What it holds is a multiple of this many bytes.
   * @param module - Whose it is.
   * @param at - Where it must begin.
   * @returns The section; undefined if there is no room.
   */
  take(
    region: RegionKind,
    size: number,
    alignment: number,
    granularity: number,
    module: string,
    at?: Address,
  ): HeldSection | undefined {
    const held = Math.ceil(size / granularity) * granularity;
    const start = this.#take(region, held, Math.max(alignment, granularity), at);
    if (start === undefined) return undefined;
    const mapped = this.#regions[region];
    const bytes = mapped.upTo(start + size).subarray(start, start + size);
    const place = address(mapped.address + start);
    const section: HeldSection = { address: place, bytes, region, module, start, held };
    this.#sections[region].set(start, section);
    return section;
  }

  /** Where a section of code could be taken now. */
  find(size: number, alignment: number, granularity: number): Address | undefined {
    const held = Math.ceil(size / granularity) * granularity;
    const start = this.#free.code.find(held, Math.max(alignment, granularity));
    return start === undefined ? undefined : address(this.#regions.code.address + start);
  }

  /**
   * Gives sections back. What is no section of these regions, or was given back, is left alone.
   *
   * @param module - Whose they are.
   * @param section - One of them; by default all.
   * @param clear - Called with each before its memory can be taken again.
   */
  give(module: string, section: MemorySection | undefined, clear: (section: HeldSection) => void): void {
    if (section !== undefined) {
      if (isHeld(section)) this.#giveOne(section, clear);
      return;
    }
    for (const sections of Object.values(this.#sections))
      for (const one of sections.values()) if (one.module === module) this.#giveOne(one, clear);
  }

  #giveOne(section: HeldSection, clear: (section: HeldSection) => void): void {
    const { region, start, held } = section;
    const sections = this.#sections[region];
    if (sections.get(start) !== section) return;
    sections.delete(start);
    clear(section);
    this.#free[region].give(start, held);
  }

  #take(region: RegionKind, size: number, alignment: number, at: Address | undefined): number | undefined {
    if (at === undefined) return this.#free[region].take(size, alignment);
    const start = at - this.#regions[region].address;
    return start % alignment === 0 && this.#free[region].takeAt(start, size) ? start : undefined;
  }
}

/** A user's manager may give back what it made itself. */
function isHeld(section: MemorySection): section is HeldSection {
  return 'held' in section && 'region' in section;
}
