/** What the engine takes memory from: numbers sections, keeps the accounts, and turns what a manager does into errors. */
import { TierlinkError } from '../core/errors.js';
import { type Address, address } from '../core/ids.js';
import type { MemoryBlock, RegionKind } from './block.js';
import { nameOfManager } from './checked.js';
import type { MemoryManager, MemorySection } from './memory-manager.js';

/** What the engine's memory works with. */
export interface SectionMemoryParts {
  readonly manager: MemoryManager;
  /**
   * Makes a range known as the engine's.
   *
   * @returns The larger range that is now known with it for good; undefined if only this one is.
   */
  readonly cover: (section: MemorySection) => { readonly start: number; readonly end: number } | undefined;
  /** A range that was made known alone is the engine's no more. */
  readonly uncover: (start: Address) => void;
  /** Tells that a manager could not take memory back. */
  readonly warn: (module: string, message: string) => void;
}

const sectionNames: Readonly<Record<RegionKind, string>> = {
  code: '.text',
  readonly: '.rodata',
  data: '.data',
};

/** The memory of one engine. */
export class SectionMemory {
  readonly #parts: SectionMemoryParts;
  readonly #used: Record<RegionKind, number> = { code: 0, readonly: 0, data: 0 };
  /** By id: an object as a key would have to be given a hash, which costs more than all else here. */
  readonly #live = new Map<number, MemoryBlock>();
  readonly #known: { readonly start: number; readonly end: number }[] = [];
  readonly #alone = new Set<Address>();
  #nextSection = 0;

  /** @param parts - The manager, and who has to know of its memory. */
  constructor(parts: SectionMemoryParts) {
    this.#parts = parts;
  }

  /** See {@link MemoryManager.granularity}. */
  get granularity(): number {
    return this.#parts.manager.granularity;
  }

  /** See {@link MemoryManager.patchable}. */
  get patchable(): boolean {
    return this.#parts.manager.patchable;
  }

  /** Address from which {@link span} counts: the start of the manager's range, or of the lowest block of code. */
  get start(): Address {
    const range = this.#parts.manager.ranges?.code;
    if (range !== undefined) return range.start;
    let lowest = Infinity;
    for (const block of this.#live.values())
      if (block.region === 'code') lowest = Math.min(lowest, block.address);
    return address(lowest === Infinity ? 0 : lowest);
  }

  /**
   * Reserves a block.
   *
   * @param region - Where.
   * @param size - Bytes, above 0.
   * @param alignment - Bytes, a power of two.
   * @param module - Name of the module it is for.
   * @param at - Where it must begin, for code; by default wherever the manager puts it.
   * @returns The block, filled with zeros.
   * @throws TierlinkError MEMORY_EXHAUSTED, MEMORY_MANAGER_INVALID; nothing was taken then.
   */
  allocate(region: RegionKind, size: number, alignment: number, module: string, at?: Address): MemoryBlock {
    const section = this.#ask(region, size, alignment, module, at);
    if (section === undefined) {
      const details = { module, region, needed: size, limit: this.limit(region) };
      throw new TierlinkError('MEMORY_EXHAUSTED', details);
    }
    const bytes = section.bytes.length === size ? section.bytes : section.bytes.subarray(0, size);
    const block: MemoryBlock = {
      region,
      id: this.#nextSection,
      module,
      size,
      address: section.address,
      bytes,
      section,
    };
    this.#coverOnce(block);
    this.#used[region] += size;
    this.#live.set(block.id, block);
    return block;
  }

  /** Takes a block back; nobody may refer to it any more. Never throws: what fails is told, and the memory is lost. */
  release(block: MemoryBlock): void {
    if (!this.#live.delete(block.id)) return;
    this.#used[block.region] -= block.size;
    if (this.#alone.size > 0 && this.#alone.delete(block.address)) this.#parts.uncover(block.address);
    this.#giveBack(block.module, block.section);
  }

  /**
   * Gives the program access to what was written into a module's new blocks, and takes it from the engine.
   *
   * @param module - Name of the module.
   * @throws TierlinkError MEMORY_MANAGER_INVALID
   */
  finalize(module: string): void {
    try {
      this.#parts.manager.finalize(module);
    } catch (error) {
      throw this.#failure(module, '', `finalize of module ${module}`, error);
    }
  }

  /** Takes back whatever a module still holds; it leaves the engine. */
  releaseModule(module: string): void {
    for (const block of this.#live.values()) if (block.module === module) this.release(block);
    this.#giveBack(module, undefined);
  }

  /**
   * Where a block of code would be put now.
   *
   * @param size - Bytes, above 0.
   * @param alignment - Bytes, a power of two.
   * @returns Its address; undefined if there is no room.
   * @throws TierlinkError MEMORY_MANAGER_INVALID
   */
  hole(size: number, alignment: number): Address | undefined {
    const { manager } = this.#parts;
    const module = 'a search for room';
    if (manager.findCode !== undefined) {
      try {
        return manager.findCode(size, alignment);
      } catch (error) {
        throw this.#failure(module, '', 'findCode', error);
      }
    }
    const section = this.#ask('code', size, alignment, module, undefined);
    if (section !== undefined) this.#giveBack(module, section);
    return section?.address;
  }

  /** All blocks now. */
  blocks(): IterableIterator<MemoryBlock> {
    return this.#live.values();
  }

  /** See {@link MemoryManager.ranges}. */
  get ranges(): MemoryManager['ranges'] {
    return this.#parts.manager.ranges;
  }

  /** Bytes in blocks of a region now. */
  used(region: RegionKind): number {
    return this.#used[region];
  }

  /** Bytes from {@link start} to the end of the last block of code. */
  get span(): number {
    let end = 0;
    for (const block of this.#live.values())
      if (block.region === 'code') end = Math.max(end, block.address + block.size);
    return end === 0 ? 0 : end - this.start;
  }

  /** Bytes that a region can hold; undefined if the manager does not tell. */
  limit(region: RegionKind): number | undefined {
    return this.#parts.manager.ranges?.[region].bytes;
  }

  #ask(
    region: RegionKind,
    size: number,
    alignment: number,
    module: string,
    at: Address | undefined,
  ): MemorySection | undefined {
    const { manager } = this.#parts;
    const name = sectionNames[region];
    this.#nextSection += 1;
    const id = this.#nextSection;
    try {
      if (region === 'code') return manager.allocateCodeSection(size, alignment, id, name, module, at);
      return manager.allocateDataSection(size, alignment, id, name, module, region === 'readonly');
    } catch (error) {
      throw this.#failure(module, name, 'allocating it', error);
    }
  }

  #coverOnce(block: MemoryBlock): void {
    const end = block.address + block.size;
    for (const known of this.#known) if (block.address >= known.start && end <= known.end) return;
    const around = this.#parts.cover(block);
    if (around === undefined) this.#alone.add(block.address);
    else this.#known.push(around);
  }

  #giveBack(module: string, section: MemorySection | undefined): void {
    const { manager, warn } = this.#parts;
    try {
      manager.release(module, section);
    } catch (error) {
      warn(module, `memory manager ${nameOfManager(manager)} could not take memory back: ${reasonOf(error)}`);
    }
  }

  #failure(module: string, section: string, what: string, cause: unknown): TierlinkError {
    // Safe because the parameter of its type only tells what `details` are.
    if (cause instanceof TierlinkError) return cause as TierlinkError;
    const manager = nameOfManager(this.#parts.manager);
    const reason = `${what} failed: ${reasonOf(cause)}`;
    return new TierlinkError('MEMORY_MANAGER_INVALID', { manager, module, section, reason }, { cause });
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
