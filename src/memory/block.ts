/** What the engine holds of memory: blocks, each a section that the manager handed out. */
import type { MemorySection } from './memory-manager.js';

/** Where a block lies: executable code, constants, or mutable data. */
export type RegionKind = 'code' | 'readonly' | 'data';

/** A block that belongs to whoever allocated it until it is released. */
export interface MemoryBlock extends MemorySection {
  readonly region: RegionKind;
  /** Number of its section, unique in the engine. */
  readonly id: number;
  /** Name of the module it is for. */
  readonly module: string;
  /** Bytes, as they were asked for. */
  readonly size: number;
  /** As the manager handed it out, and gets it back. */
  readonly section: MemorySection;
}
