/**
 * Where the slot of a function leads that is not compiled yet: an entry for each slot, which tells the slot to a handler
 * that has the function compiled. Entries never move and are never given back, so a thread may be in one at any time.
 */
import { present } from '../src/core/assert.js';
import { type Address, address, type SlotIndex, slotIndex } from '../src/core/ids.js';
import { RangeTree } from '../src/core/range-tree.js';
import { lazyEntryBytes, lazyTailBytes, writeLazyEntry, writeLazyTail } from './encoder-x86-64.js';
import type { TableRange } from './offset-table.js';
import type { TableMemory } from './table-memory.js';

const cellBytes = 8;
const chunkSlots = 512;
const cells = 2;

interface Chunk {
  readonly entries: Address;
  readonly cellStart: Address;
}

/** What entries refer to. */
export interface LazyEntryTargets {
  /** The runtime's `__tierlink_lazy`. */
  readonly handler: Address;
  /** The runtime's `__tierlink_engine`. */
  readonly engine: Address;
  /** Address of a slot; slots of 512 in a row, from a multiple of 512 on, lie within reach of one another. */
  readonly slotAddress: (slot: SlotIndex) => Address;
}

/** Entries of one engine; memory is taken for as many slots as are near one that was reserved. */
export class LazyEntries {
  readonly #memory: TableMemory;
  readonly #targets: LazyEntryTargets;
  readonly #chunks = new Map<number, Chunk>();
  /** Entries, tails not included. */
  readonly #entriesAt = new RangeTree<number>();

  /**
   * @param memory - Where chunks come from.
   * @param targets - What entries refer to.
   */
  constructor(memory: TableMemory, targets: LazyEntryTargets) {
    this.#memory = memory;
    this.#targets = targets;
  }

  /**
   * Makes the entry of a slot, if there is none yet.
   *
   * @param slot - A slot that was allocated.
   * @throws TierlinkError MEMORY_EXHAUSTED, MEMORY_MANAGER_INVALID
   */
  reserve(slot: SlotIndex): void {
    const number = Math.floor(slot / chunkSlots);
    if (!this.#chunks.has(number)) this.#chunks.set(number, this.#make(number));
  }

  /**
   * Address of an entry.
   *
   * @param slot - A slot whose entry was reserved.
   * @returns What the slot holds while its function is not compiled.
   */
  entry(slot: SlotIndex): Address {
    const chunk = present(this.#chunks.get(Math.floor(slot / chunkSlots)), 'the entry was reserved');
    return address(chunk.entries + (slot % chunkSlots) * lazyEntryBytes);
  }

  /** True if the address lies in an entry. */
  isEntry(code: Address): boolean {
    return code < (this.#entriesAt.floor(code)?.end ?? 0);
  }

  /** Where entries and their cells lie. */
  ranges(): TableRange[] {
    return [...this.#chunks.values()].flatMap(({ entries, cellStart }) => [
      { kind: 'slots', start: cellStart, size: cells * cellBytes },
      { kind: 'stubs', start: entries, size: chunkSlots * lazyEntryBytes + lazyTailBytes },
    ]);
  }

  #make(number: number): Chunk {
    const { engine, handler, slotAddress } = this.#targets;
    const needs = {
      cells: { kind: 'data', size: cells * cellBytes },
      entries: { kind: 'code', size: chunkSlots * lazyEntryBytes + lazyTailBytes },
    } as const;
    // A chunk of slots is made as a whole, so the address of its first one tells those of all.
    const slots = slotAddress(slotIndex(number * chunkSlots));
    const chunk = this.#memory.tableChunk(needs, ({ cells: data, entries }) => {
      const tailAt = chunkSlots * lazyEntryBytes;
      const tail = address(entries.address + tailAt);
      for (let index = 0; index < chunkSlots; index += 1) {
        const at = index * lazyEntryBytes;
        const slot = address(slots + index * cellBytes);
        writeLazyEntry(entries.bytes, at, address(entries.address + at), slot, tail);
      }
      writeLazyTail(entries.bytes, tailAt, tail, data.address, address(data.address + cellBytes));
      const words = new BigInt64Array(data.bytes.buffer, data.bytes.byteOffset, cells);
      words[0] = BigInt(engine);
      words[1] = BigInt(handler);
    });
    const { address: start } = chunk.entries;
    this.#entriesAt.add(start, start + chunkSlots * lazyEntryBytes, number);
    return { entries: start, cellStart: chunk.cells.address };
  }
}
