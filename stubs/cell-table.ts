/**
 * Keyed cells near the code that hold what a GOT holds for anything but functions: addresses of distant
 * variables, canonical addresses for instructions that can't be relaxed, and thread-local index pairs.
 */
import { present } from '../src/core/assert.js';
import { type Address, address } from '../src/core/ids.js';
import type { TableMemory } from './table-memory.js';

const chunkBytes = 4096;

/** Cells of one engine, never given back: a cell is 8 bytes a distinct symbol. */
export class CellTable {
  readonly #memory: TableMemory;
  readonly #cells = new Map<string, Address>();
  #chunk: { address: Address; words: BigUint64Array } | undefined;
  #used = 0;

  /** @param memory - Where chunks come from. */
  constructor(memory: TableMemory) {
    this.#memory = memory;
  }

  /** Cells in use. */
  get size(): number {
    return this.#cells.size;
  }

  /**
   * The cell of this key, made and filled when it is new.
   *
   * @param key - What the words stand for; the same key gives the same cell.
   * @param words - One or two 8-byte words.
   * @returns Address of the first word, aligned to the cell's size.
   * @throws TierlinkError MEMORY_EXHAUSTED
   */
  cell(key: string, words: readonly bigint[]): Address {
    const known = this.#cells.get(key);
    if (known !== undefined) return known;
    if (words.length === 2) this.#used += this.#used % 2;
    if (this.#chunk === undefined || (this.#used + words.length) * 8 > chunkBytes) {
      const block = this.#memory.tableBlock('data', chunkBytes, chunkBytes);
      this.#chunk = {
        address: block.address,
        words: new BigUint64Array(block.bytes.buffer, block.bytes.byteOffset, chunkBytes / 8),
      };
      this.#used = 0;
    }
    const chunk = present(this.#chunk, 'a chunk was just made');
    chunk.words.set(
      words.map((word) => BigInt.asUintN(64, word)),
      this.#used,
    );
    const cell = address(chunk.address + this.#used * 8);
    this.#used += words.length;
    this.#cells.set(key, cell);
    return cell;
  }
}
