/**
 * The default memory manager: memory that is mapped twice, once as the program sees it (code RX, constants R) and once
 * writable (the RW alias), so that no page is ever writable and executable (I3) and code can be patched while it runs.
 */
import type { Address } from '../core/ids.js';
import { type MemoryManager, memoryManagerVersion, type MemorySection } from './memory-manager.js';
import { type HeldSection, type MappedRegions, Regions } from './regions.js';

/** What a dual-mapped manager works with. */
export interface DualMappedParts {
  /** The mapped regions, of zeros. */
  readonly regions: MappedRegions;
  /** Byte that released code is overwritten with; executing it must trap. */
  readonly codeFill: number;
  /** Unmaps the regions; may be called again. */
  readonly unmap: () => void;
}

/** Hands out sections of regions that are mapped twice. Nothing needs to be done to finalize them. */
export class DualMappedMemory implements MemoryManager {
  readonly apiVersion: number = memoryManagerVersion;
  readonly codeModel = 'small';
  readonly granularity: number = 1;
  readonly patchable: boolean = true;
  readonly ranges: Regions['ranges'];
  readonly #parts: DualMappedParts;
  readonly #regions: Regions;
  /** A pointer that should no longer exist must hit a trap (code) or zeros, not somebody else's bytes. */
  readonly #clear = ({ region, bytes }: HeldSection): void => {
    bytes.fill(region === 'code' ? this.#parts.codeFill : 0);
  };

  /** @internal Use {@link dualMappedMemory}. */
  constructor(parts: DualMappedParts) {
    this.#parts = parts;
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
    const section = this.#regions.take('code', size, alignment, 1, module, at);
    section?.bytes.fill(0);
    return section;
  }

  allocateDataSection(
    size: number,
    alignment: number,
    _sectionId: number,
    _sectionName: string,
    module: string,
    isReadOnly: boolean,
  ): MemorySection | undefined {
    return this.#regions.take(isReadOnly ? 'readonly' : 'data', size, alignment, 1, module);
  }

  finalize(): void {
    // What the program sees never was writable.
  }

  release(module: string, section?: MemorySection): void {
    this.#regions.give(module, section, this.#clear);
  }

  findCode(size: number, alignment: number): Address | undefined {
    return this.#regions.find(size, alignment, 1);
  }

  destroy(): void {
    this.#parts.unmap();
  }
}
