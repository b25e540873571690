/**
 * The memory manager for where memory can't be mapped twice: each page of code or constants is writable until its
 * section is finalized, and never again until the section is released. A section has its pages to itself, so no page
 * that a thread may be in ever changes its permissions, and none is ever writable and executable (I3).
 */
import type { Address } from '../core/ids.js';
import { type MemoryManager, memoryManagerVersion, type MemorySection } from './memory-manager.js';
import { type HeldSection, type MappedRegions, Regions } from './regions.js';

/** What a page can be used for. */
export type PageAccess = 'none' | 'write' | 'read' | 'execute';

/** What an mprotect manager works with. */
export interface MprotectParts {
  /** The mapped regions, of zeros; pages of code and constants can't be accessed. */
  readonly regions: MappedRegions;
  /** Bytes. */
  readonly pageBytes: number;
  /**
   * Changes what pages can be used for.
   *
   * @param region - Where.
   * @param start - Offset in the region in bytes, of a page.
   * @param bytes - Whole pages.
   * @param access - For what.
   * @throws Error with what the kernel said
   */
  readonly protect: (region: 'code' | 'readonly', start: number, bytes: number, access: PageAccess) => void;
  /** Gives pages back to the kernel; they read as zero afterwards. */
  readonly discard: (region: 'code' | 'readonly', start: number, bytes: number) => void;
  /** Unmaps the regions; may be called again. */
  readonly unmap: () => void;
}

/**
 * Hands out sections of whole pages. Linkage `direct` is not served: a call in a page that threads execute can't be
 * patched without making that page writable for them. Each section costs at least a page, up to two mappings of the
 * kernel's limit (`vm.max_map_count`), and some system calls.
 */
export class MprotectMemory implements MemoryManager {
  readonly apiVersion: number = memoryManagerVersion;
  readonly codeModel = 'small';
  readonly granularity: number;
  readonly patchable: boolean = false;
  readonly ranges: Regions['ranges'];
  readonly #parts: MprotectParts;
  readonly #regions: Regions;
  /** Sections that are still writable. */
  readonly #open = new Map<string, Set<HeldSection>>();

  /** @internal Use {@link mprotectMemory}. */
  constructor(parts: MprotectParts) {
    this.#parts = parts;
    this.granularity = parts.pageBytes;
    this.#regions = new Regions(parts.regions);
    this.ranges = this.#regions.ranges;
  }

  allocateCodeSection(
    size: number,
    alignment: number,
    _sectionId: number,
    _sectionName: string,
    module: string,
    at?: Address,
  ): MemorySection | undefined {
    return this.#allocate('code', size, alignment, module, at);
  }

  allocateDataSection(
    size: number,
    alignment: number,
    _sectionId: number,
    _sectionName: string,
    module: string,
    isReadOnly: boolean,
  ): MemorySection | undefined {
    return isReadOnly
      ? this.#allocate('readonly', size, alignment, module)
      : this.#regions.take('data', size, alignment, 1, module);
  }

  finalize(module: string): void {
    const sections = this.#open.get(module);
    if (sections === undefined) return;
    for (const section of sections) {
      this.#protect(section, section.region === 'code' ? 'execute' : 'read');
      sections.delete(section);
    }
    this.#open.delete(module);
  }

  release(module: string, section?: MemorySection): void {
    this.#regions.give(module, section, (held) => {
      if (held.region === 'data') {
        held.bytes.fill(0);
        return;
      }
      this.#open.get(module)?.delete(held);
      // A pointer that should no longer exist faults; what the kernel hands out for these pages next is zero.
      this.#protect(held, 'none');
      this.#parts.discard(held.region, held.start, held.held);
    });
  }

  findCode(size: number, alignment: number): Address | undefined {
    return this.#regions.find(size, alignment, this.granularity);
  }

  destroy(): void {
    this.#parts.unmap();
  }

  #allocate(
    region: 'code' | 'readonly',
    size: number,
    alignment: number,
    module: string,
    at?: Address,
  ): MemorySection | undefined {
    const section = this.#regions.take(region, size, alignment, this.granularity, module, at);
    if (section === undefined) return undefined;
    try {
      this.#protect(section, 'write');
    } catch {
      // The kernel has no more mappings: that is a kind of no room.
      this.#regions.give(module, section, () => undefined);
      return undefined;
    }
    const open = this.#open.get(module);
    if (open === undefined) this.#open.set(module, new Set([section]));
    else open.add(section);
    return section;
  }

  #protect({ region, start, held }: HeldSection, access: PageAccess): void {
    if (region !== 'data') this.#parts.protect(region, start, held, access);
  }
}
