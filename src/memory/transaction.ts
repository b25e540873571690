/** Several things taken together: all of them are kept, or all are given back, last first. */
import { assert } from '../core/assert.js';
import type { Address } from '../core/ids.js';
import type { MemoryBlock, RegionKind } from './block.js';
import type { SectionMemory } from './section-memory.js';

/** Remembers how to undo what was taken, until it is committed. */
export class Transaction {
  readonly #memory: Pick<SectionMemory, 'allocate' | 'release'>;
  #undo: (() => void)[] = [];
  #open = true;

  /** @param memory - Where blocks come from. */
  constructor(memory: Pick<SectionMemory, 'allocate' | 'release'>) {
    this.#memory = memory;
  }

  /**
   * Allocates a block that is released again unless the transaction commits.
   *
   * @param region - Where.
   * @param size - Bytes, above 0.
   * @param alignment - Bytes, a power of two.
   * @param module - Name of the module it is for.
   * @param at - Where it must begin, for code; by default anywhere.
   * @returns The block.
   * @throws TierlinkError MEMORY_EXHAUSTED, MEMORY_MANAGER_INVALID
   */
  allocate(region: RegionKind, size: number, alignment: number, module: string, at?: Address): MemoryBlock {
    const block = this.#memory.allocate(region, size, alignment, module, at);
    this.onAbort(() => {
      this.#memory.release(block);
    });
    return block;
  }

  /** Registers what has to be done if the transaction aborts. */
  onAbort(undo: () => void): void {
    assert(this.#open, 'a transaction takes nothing after it ended');
    this.#undo.push(undo);
  }

  /** Keeps everything. */
  commit(): void {
    assert(this.#open, 'a transaction ends once');
    this.#open = false;
    this.#undo = [];
  }

  /** Gives everything back, last first. Nothing happens after a commit. */
  abort(): void {
    this.#open = false;
    const undo = this.#undo;
    this.#undo = [];
    for (const step of undo.reverse()) step();
  }
}
