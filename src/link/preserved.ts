/**
 * Preserved relocations: what it takes to write every fixup of an image again after its target or its place
 * has moved, in 8 bytes each; addends that are not the usual ones stand in a sparse table beside.
 */
import { type BlockKind, blockKinds } from './blocks.js';
import { usualAddend } from './fixup-codes-x86-64.js';

/** Entries may have this many references, or reach this many bytes into a block, before they need more room. */
const operandLimit = 0x100_0000;

/** Packed entries, ordered by the block that they lie in. */
export class PreservedRelocations {
  /** Offset of each field in its block, in bytes. */
  readonly places: Uint32Array;
  /** Fixup code (6 bits), base (2 bits: 0 or a `blockNumber`), operand (24 bits: reference, or offset in the block). */
  readonly fixups: Uint32Array;
  /** Entries with an unusual addend, ascending. */
  readonly oddEntries: Uint32Array;
  readonly oddAddends: Float64Array;
  /** First entry of the code, readonly and data block, and the number of entries. */
  readonly starts: readonly [number, number, number, number];
  #byReference: Map<number, number[]> | undefined;

  /**
   * @param places - Offsets of the fields.
   * @param fixups - Packed fixups, as many.
   * @param oddEntries - Entries with an unusual addend.
   * @param oddAddends - Their addends.
   * @param starts - First entry of each block, and the end.
   */
  constructor(
    places: Uint32Array,
    fixups: Uint32Array,
    oddEntries: Uint32Array,
    oddAddends: Float64Array,
    starts: readonly [number, number, number, number],
  ) {
    this.places = places;
    this.fixups = fixups;
    this.oddEntries = oddEntries;
    this.oddAddends = oddAddends;
    this.starts = starts;
  }

  /** Number of entries. */
  get count(): number {
    return this.places.length;
  }

  /** Bytes that the entries take, those of unusual addends included. */
  get bytes(): number {
    return (
      this.places.byteLength +
      this.fixups.byteLength +
      this.oddEntries.byteLength +
      this.oddAddends.byteLength
    );
  }

  /**
   * The entries that lie in a block.
   *
   * @param block - The block.
   * @returns First entry, and the one after the last.
   */
  range(block: BlockKind): { readonly from: number; readonly to: number } {
    const index = blockKinds.indexOf(block);
    return { from: this.starts[index] ?? 0, to: this.starts[index + 1] ?? 0 };
  }

  /**
   * Visits the entries of a block against one reference, found by an index over references.
   *
   * @param block - The block.
   * @param reference - Number of the reference.
   * @param visit - Called with the offset of the field, the fixup code and the pristine addend.
   */
  forReference(
    block: BlockKind,
    reference: number,
    visit: (place: number, code: number, addend: number) => void,
  ): void {
    this.#byReference ??= this.#index();
    const { from, to } = this.range(block);
    for (const entry of this.#byReference.get(reference) ?? []) {
      if (entry < from || entry >= to) continue;
      const code = (this.fixups[entry] ?? 0) & 63;
      const odd = this.firstOdd(entry);
      const addend = this.oddEntries[odd] === entry ? this.oddAddends[odd] : usualAddend[code];
      visit(this.places[entry] ?? 0, code, addend ?? 0);
    }
  }

  #index(): Map<number, number[]> {
    const index = new Map<number, number[]>();
    for (let entry = 0; entry < this.count; entry += 1) {
      const packed = this.fixups[entry] ?? 0;
      if (((packed >>> 6) & 3) !== 0) continue;
      const known = index.get(packed >>> 8);
      if (known === undefined) index.set(packed >>> 8, [entry]);
      else known.push(entry);
    }
    return index;
  }

  /**
   * Finds where a run through the odd addends starts.
   *
   * @param entry - First entry of the run.
   * @returns Index of the first odd addend at or after that entry.
   */
  firstOdd(entry: number): number {
    let low = 0;
    let high = this.oddEntries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.oddEntries[middle] ?? 0) < entry) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Collects entries, block by block. */
export class PreservedBuilder {
  #places: Uint32Array;
  #fixups: Uint32Array;
  readonly #oddEntries: number[] = [];
  readonly #oddAddends: number[] = [];
  readonly #starts: number[] = [];
  #count = 0;

  /** @param capacity - Entries expected. */
  constructor(capacity: number) {
    this.#places = new Uint32Array(capacity);
    this.#fixups = new Uint32Array(capacity);
  }

  /** Begins the next block, in the order of {@link blockKinds}. */
  nextBlock(): void {
    this.#starts.push(this.#count);
  }

  /**
   * Adds an entry against a reference.
   *
   * @param place - Offset of the field in the current block.
   * @param code - Fixup code.
   * @param reference - Index of the reference.
   * @param addend - Pristine addend.
   */
  addReference(place: number, code: number, reference: number, addend: number): void {
    if (addend !== usualAddend[code]) this.#odd(addend);
    this.#add(place, code | (reference << 8));
  }

  /**
   * Adds an entry against a place in one of the image's own blocks.
   *
   * @param place - Offset of the field in the current block.
   * @param code - Fixup code; one that reads nothing but the symbol's address.
   * @param base - The block, as in `blockNumber`.
   * @param offset - Offset of the symbol in that block.
   * @param addend - Pristine addend.
   */
  addOwn(place: number, code: number, base: 1 | 2 | 3, offset: number, addend: number): void {
    // The addend is folded into the offset: `.rodata + 1234 - 4` takes no more room than `.rodata - 4`.
    const folded = offset + addend - (usualAddend[code] ?? 0);
    if (folded >= 0 && folded < operandLimit) {
      this.#add(place, code | (base << 6) | (folded << 8));
    } else {
      this.#odd(offset + addend);
      this.#add(place, code | (base << 6));
    }
  }

  /** True when no further reference can be numbered. */
  static isFull(references: number): boolean {
    return references >= operandLimit;
  }

  /**
   * Packs what was collected.
   *
   * @returns The entries.
   */
  build(): PreservedRelocations {
    const end = this.#count;
    const [code = end, readonly = end, data = end] = this.#starts;
    return new PreservedRelocations(
      exactly(this.#places, end),
      exactly(this.#fixups, end),
      Uint32Array.from(this.#oddEntries),
      Float64Array.from(this.#oddAddends),
      [code, readonly, data, end],
    );
  }

  #add(place: number, packed: number): void {
    if (this.#count === this.#places.length) {
      this.#places = grown(this.#places);
      this.#fixups = grown(this.#fixups);
    }
    this.#places[this.#count] = place;
    this.#fixups[this.#count] = packed;
    this.#count += 1;
  }

  #odd(addend: number): void {
    this.#oddEntries.push(this.#count);
    this.#oddAddends.push(addend);
  }
}

function grown(column: Uint32Array): Uint32Array {
  const larger = new Uint32Array(Math.max(64, column.length * 2));
  larger.set(column);
  return larger;
}

/** The first entries of a column, without room behind them that would stay allocated. */
function exactly(column: Uint32Array, count: number): Uint32Array {
  return column.length === count ? column : column.slice(0, count);
}
