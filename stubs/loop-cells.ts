/**
 * Cells that loops poll: two words each, the code to leave to and a count of arrivals. They grow by chunks that never
 * move, since code refers to them. `native/ring.h` (LoopCell) has the other side.
 */
import { assert, present } from '../src/core/assert.js';
import { type Address, address, type LoopCell, loopCell } from '../src/core/ids.js';
import { RangeTree } from '../src/core/range-tree.js';
import type { TableRange } from './offset-table.js';
import type { TableMemory } from './table-memory.js';

const cellBytes = 16;
const chunkCells = 256;
/** In the first word: arrivals are counted. */
const counted = 1n;

interface Chunk {
  readonly start: Address;
  readonly words: BigInt64Array;
}

/** The cells of one engine. */
export class LoopCells {
  readonly #memory: TableMemory;
  readonly #chunks: Chunk[] = [];
  /** Which chunk, by number, an address belongs to. */
  readonly #at = new RangeTree<number>();
  readonly #free: LoopCell[] = [];
  #next = 0;

  /** @param memory - Where chunks come from. */
  constructor(memory: TableMemory) {
    this.#memory = memory;
  }

  /**
   * Takes a cell; loops that poll it go on.
   *
   * @returns The cell.
   * @throws TierlinkError MEMORY_EXHAUSTED, MEMORY_MANAGER_INVALID
   */
  allocate(): LoopCell {
    const reused = this.#free.pop();
    if (reused !== undefined) return reused;
    if (this.#next === this.#chunks.length * chunkCells) this.#grow();
    const cell = loopCell(this.#next);
    this.#next += 1;
    return cell;
  }

  /** Gives a cell back that no code refers to. */
  release(cell: LoopCell): void {
    this.stay(cell);
    this.#free.push(cell);
  }

  /** Where the cell is. */
  addressOf(cell: LoopCell): Address {
    return address(this.#chunk(cell).start + (cell % chunkCells) * cellBytes);
  }

  /** The cell at this address, or undefined. */
  at(place: Address): LoopCell | undefined {
    const range = this.#at.floor(place);
    if (range === undefined || place >= range.end) return undefined;
    return loopCell(range.value * chunkCells + Math.floor((place - range.start) / cellBytes));
  }

  /** From now on the loop goes on. */
  stay(cell: LoopCell): void {
    this.#store(cell, 0n);
  }

  /** The loop asks at an arrival from now on: the first, or a later one. */
  ask(cell: LoopCell, arrivals: number): void {
    this.#count(cell, arrivals);
    this.#store(cell, counted);
  }

  /**
   * The loop is left from now on: one store, as that of a slot.
   *
   * @param cell - Its cell.
   * @param code - Where it is left to; even, as code is aligned.
   * @param arrivals - At which arrival first; then at each.
   */
  leave(cell: LoopCell, code: Address, arrivals: number): void {
    assert(code !== 0 && code % 2 === 0, 'a continuation is aligned');
    this.#count(cell, arrivals);
    this.#store(cell, arrivals > 1 ? BigInt(code) | counted : BigInt(code));
  }

  /** The code that the loop is left to came to lie elsewhere. */
  redirect(cell: LoopCell, code: Address): void {
    const { words } = this.#chunk(cell);
    // Safe because compiled code changes no word that holds a code address.
    this.#store(cell, BigInt(code) | (Atomics.load(words, (cell % chunkCells) * 2) & counted));
  }

  /** Where the cells lie. */
  ranges(): TableRange[] {
    return this.#chunks.map(({ start }) => ({ kind: 'loops', start, size: chunkCells * cellBytes }));
  }

  #count(cell: LoopCell, arrivals: number): void {
    Atomics.store(this.#chunk(cell).words, (cell % chunkCells) * 2 + 1, BigInt(arrivals));
  }

  #store(cell: LoopCell, word: bigint): void {
    Atomics.store(this.#chunk(cell).words, (cell % chunkCells) * 2, word);
  }

  #chunk(cell: LoopCell): Chunk {
    return present(this.#chunks[Math.floor(cell / chunkCells)], 'a cell lies in a chunk');
  }

  #grow(): void {
    const size = chunkCells * cellBytes;
    const { cells } = this.#memory.tableChunk<'cells'>({ cells: { kind: 'data', size } }, () => undefined);
    assert(cells.bytes.byteOffset % cellBytes === 0, 'cells are aligned, so that a store is one access');
    this.#at.add(cells.address, cells.address + size, this.#chunks.length);
    const words = new BigInt64Array(cells.bytes.buffer, cells.bytes.byteOffset, chunkCells * 2);
    this.#chunks.push({ start: cells.address, words });
  }
}
