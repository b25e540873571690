/**
 * Where the slot of a removed function leads: a thunk for each slot, which passes the slot's message to a handler that
 * throws. Thunks never move and are never given back, so a thread may be in one at any time.
 */
import { present } from '../src/core/assert.js';
import { type Address, address, type SlotIndex } from '../src/core/ids.js';
import { thunkBytes, writeThunk } from './encoder-x86-64.js';
import type { TableRange } from './offset-table.js';
import type { TableBlock, TableMemory } from './table-memory.js';

const cellBytes = 8;
const chunkSlots = 512;

interface Chunk {
  readonly thunks: Address;
  readonly cellStart: Address;
  /** Address of each slot's message; behind the last one that of the handler. */
  readonly cells: BigInt64Array;
}

/** Thunks of one engine; memory is taken for as many slots as are near one that was removed. */
export class RemovedFunctions {
  readonly #memory: TableMemory;
  readonly #handler: Address;
  readonly #chunks = new Map<number, Chunk>();

  /**
   * @param memory - Where chunks come from.
   * @param handler - Function that is given the address of a NUL-terminated message, and throws.
   */
  constructor(memory: TableMemory, handler: Address) {
    this.#memory = memory;
    this.#handler = handler;
  }

  /**
   * Makes the thunk of a slot, if there is none yet.
   *
   * @param slot - The slot.
   * @throws TierlinkError MEMORY_EXHAUSTED
   */
  reserve(slot: SlotIndex): void {
    const number = Math.floor(slot / chunkSlots);
    if (!this.#chunks.has(number)) this.#chunks.set(number, this.#make());
  }

  /**
   * Sets what a call is told.
   *
   * @param slot - A slot whose thunk was reserved.
   * @param message - Address of a NUL-terminated text.
   * @returns Address of the thunk.
   */
  tell(slot: SlotIndex, message: Address): Address {
    const chunk = present(this.#chunks.get(Math.floor(slot / chunkSlots)), 'the thunk was reserved');
    Atomics.store(chunk.cells, slot % chunkSlots, BigInt(message));
    return address(chunk.thunks + (slot % chunkSlots) * thunkBytes);
  }

  /** Where thunks and their cells lie. */
  ranges(): TableRange[] {
    return [...this.#chunks.values()].flatMap(({ thunks, cellStart }) => [
      { kind: 'slots', start: cellStart, size: (chunkSlots + 1) * cellBytes },
      { kind: 'stubs', start: thunks, size: chunkSlots * thunkBytes },
    ]);
  }

  #make(): Chunk {
    const needs = {
      cells: { kind: 'data', size: (chunkSlots + 1) * cellBytes },
      thunks: { kind: 'code', size: chunkSlots * thunkBytes },
    } as const;
    const { cells, thunks } = this.#memory.tableChunk(needs, writeThunks);
    const words = new BigInt64Array(cells.bytes.buffer, cells.bytes.byteOffset, chunkSlots + 1);
    words[chunkSlots] = BigInt(this.#handler);
    return { thunks: thunks.address, cellStart: cells.address, cells: words };
  }
}

function writeThunks({ cells, thunks }: Readonly<Record<'cells' | 'thunks', TableBlock>>): void {
  const handler = address(cells.address + chunkSlots * cellBytes);
  for (let index = 0; index < chunkSlots; index += 1) {
    const at = index * thunkBytes;
    const message = address(cells.address + index * cellBytes);
    writeThunk(thunks.bytes, at, address(thunks.address + at), message, handler);
  }
}
