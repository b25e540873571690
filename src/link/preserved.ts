/**
 * Preserved relocations: what it takes to write every fixup of an image again after its target or its place
 * has moved, with the indexes to find those of one reference, or of a range of bytes.
 *
 * Each block is cut into windows of 64 KiB, so that 2 bytes tell a place. In a window, the entries against
 * references stand in groups, one for each reference and fixup that occur together, ordered by both: what
 * belongs to a reference stands together, and an entry is only its place. A second column numbers the same
 * entries by place. Entries against the image's own blocks stand by place.
 */
import { type BlockKind, type BlockNumber, blockNumber } from './blocks.js';
import { usualAddend } from './fixup-codes-x86-64.js';
import { type PreservedColumns, windowBits, windowStride } from './preserved-columns.js';
import type { ReferenceTable } from './references.js';

/**
 * Is shown one entry. For an entry against a reference, `base` is 0 and `operand` the reference's number; else
 * `base` is a block of the image and `operand` an offset in it, in bytes. `place` is in bytes, too.
 */
export type FixupVisitor = (
  block: BlockNumber,
  place: number,
  code: number,
  addend: number,
  base: 0 | BlockNumber,
  operand: number,
) => void;

/** Addends that are not the usual ones: of entries against references by number, then of own ones. */
export interface OddAddends {
  /** Entries, ascending; own entries are numbered behind all others. */
  readonly entries: Uint32Array;
  readonly addends: Float64Array;
}

/** Shared by all images whose addends are the usual ones. */
export const noOddAddends: OddAddends = { entries: new Uint32Array(0), addends: new Float64Array(0) };

/** First window of the code, readonly and data block, and the number of windows. */
export type BlockWindows = readonly [number, number, number, number];

/** All entries of an image, and the references that they are against. */
export class PreservedRelocations {
  readonly references: ReferenceTable;
  /** The entries. */
  readonly columns: PreservedColumns;
  readonly #readonlyWindow: number;
  readonly #dataWindow: number;
  readonly #windowCount: number;
  readonly #odd: OddAddends;

  /**
   * @param references - What the entries are against.
   * @param columns - The entries.
   * @param windows - The windows of each block.
   * @param odd - Unusual addends.
   */
  constructor(references: ReferenceTable, columns: PreservedColumns, windows: BlockWindows, odd: OddAddends) {
    this.references = references;
    this.columns = columns;
    [, this.#readonlyWindow, this.#dataWindow, this.#windowCount] = windows;
    this.#odd = odd;
  }

  /** Number of entries. */
  get count(): number {
    const { own, referenced } = this.columns;
    return referenced + own;
  }

  /** Bytes of all that is kept: entries, indexes, unusual addends and references. */
  get bytes(): number {
    const { addends, entries } = this.#odd;
    const { count, bytes } = this.references;
    // The columns hold the references' rows, too.
    return this.columns.bytes - count * 4 + entries.byteLength + addends.byteLength + bytes;
  }

  /**
   * First window of a block.
   *
   * @param block - Number of the block; one more than that of the last block for the number of windows.
   * @returns Number of the window; that of the next block if this one has none.
   */
  firstWindow(block: number): number {
    if (block === blockNumber.code) return 0;
    if (block === blockNumber.readonly) return this.#readonlyWindow;
    return block === blockNumber.data ? this.#dataWindow : this.#windowCount;
  }

  /**
   * Shows all entries that lie in a block.
   *
   * @param block - The block.
   * @param visit - Is shown each entry once.
   */
  inBlock(block: BlockKind, visit: FixupVisitor): void {
    const number = blockNumber[block];
    const first = this.firstWindow(number);
    const end = this.firstWindow(number + 1);
    for (let window = first; window < end; window += 1) {
      const start = (window - first) << windowBits;
      const group = this.#firstGroup(window);
      const groupEnd = this.#firstGroup(window + 1);
      for (let index = group; index < groupEnd; index += 1)
        this.#visitGroup(number, window, start, index, visit);
      const own = this.#firstOwn(window + 1);
      for (let index = this.#firstOwn(window); index < own; index += 1) {
        this.#visitOwn(number, start, index, visit);
      }
    }
  }

  /**
   * Shows the entries against one reference.
   *
   * @param reference - Its number.
   * @param visit - Is shown each entry once.
   */
  forReference(reference: number, visit: FixupVisitor): void {
    for (const number of [1, 2, 3] as const) {
      const first = this.firstWindow(number);
      const end = this.firstWindow(number + 1);
      for (let window = first; window < end; window += 1) {
        const groupEnd = this.#firstGroup(window + 1);
        let group = this.#findGroup(this.#firstGroup(window), groupEnd, reference);
        for (; group < groupEnd && this.columns.reference(group) === reference; group += 1) {
          this.#visitGroup(number, window, (window - first) << windowBits, group, visit);
        }
      }
    }
  }

  /**
   * Shows the entries whose place lies in a range of bytes.
   *
   * @param block - The block.
   * @param from - First byte.
   * @param to - Byte after the last.
   * @param visit - Is shown each entry once.
   */
  within(block: BlockKind, from: number, to: number, visit: FixupVisitor): void {
    const number = blockNumber[block];
    const first = this.firstWindow(number);
    const end = this.firstWindow(number + 1);
    const last = Math.min(end, first + Math.floor(Math.max(0, to - 1) / 2 ** windowBits) + 1);
    for (let window = first + Math.floor(from / 2 ** windowBits); window < last; window += 1) {
      const start = (window - first) << windowBits;
      this.#referencedWithin(number, window, start, from, to, visit);
      this.#ownWithin(number, window, start, from, to, visit);
    }
  }

  /** Whether all entries have the addend that is usual for their fixup. */
  get hasUsualAddends(): boolean {
    return this.#odd.entries.length === 0;
  }

  /**
   * Addend of an entry.
   *
   * @param entry - Its number; own entries are numbered behind all others.
   * @param code - Its fixup code.
   * @returns The pristine addend.
   */
  addend(entry: number, code: number): number {
    const { addends, entries } = this.#odd;
    if (entries.length > 0) {
      const index = firstAtLeast(entries, entry);
      if (entries[index] === entry) return addends[index] ?? 0;
    }
    return usualAddend[code] ?? 0;
  }

  #referencedWithin(
    block: BlockNumber,
    window: number,
    start: number,
    from: number,
    to: number,
    visit: FixupVisitor,
  ): void {
    const { halves, order, places } = this.columns;
    const first = this.#firstEntry(window);
    let low = 0;
    const end = this.#firstEntry(window + 1) - first;
    for (let high = end; low < high; ) {
      const middle = (low + high) >>> 1;
      const entry = first + (halves[order + first + middle] ?? 0);
      if (start + (halves[places + entry] ?? 0) < from) low = middle + 1;
      else high = middle;
    }
    for (; low < end; low += 1) {
      const number = halves[order + first + low] ?? 0;
      const place = start + (halves[places + first + number] ?? 0);
      if (place >= to) return;
      const group = this.#groupOf(window, number);
      const code = this.columns.code(group);
      visit(block, place, code, this.addend(first + number, code), 0, this.columns.reference(group));
    }
  }

  #ownWithin(
    block: BlockNumber,
    window: number,
    start: number,
    from: number,
    to: number,
    visit: FixupVisitor,
  ): void {
    const { halves, ownPlaces } = this.columns;
    let low = this.#firstOwn(window);
    const end = this.#firstOwn(window + 1);
    for (let high = end; low < high; ) {
      const middle = (low + high) >>> 1;
      if (start + (halves[ownPlaces + middle] ?? 0) < from) low = middle + 1;
      else high = middle;
    }
    for (; low < end && start + (halves[ownPlaces + low] ?? 0) < to; low += 1) {
      this.#visitOwn(block, start, low, visit);
    }
  }

  #visitGroup(block: BlockNumber, window: number, start: number, group: number, visit: FixupVisitor): void {
    const { halves, places, groupStarts } = this.columns;
    const first = this.#firstEntry(window);
    const lastInWindow = group + 1 === this.#firstGroup(window + 1);
    const end = lastInWindow ? this.#firstEntry(window + 1) : first + (halves[groupStarts + group + 1] ?? 0);
    const code = this.columns.code(group);
    const reference = this.columns.reference(group);
    const odd = this.#odd.entries.length > 0;
    const usual = usualAddend[code] ?? 0;
    for (let entry = first + (halves[groupStarts + group] ?? 0); entry < end; entry += 1) {
      const addend = odd ? this.addend(entry, code) : usual;
      visit(block, start + (halves[places + entry] ?? 0), code, addend, 0, reference);
    }
  }

  #visitOwn(block: BlockNumber, start: number, own: number, visit: FixupVisitor): void {
    const { halves, ownFixups, ownPlaces, referenced, words } = this.columns;
    const packed = words[ownFixups + own] ?? 0;
    const code = packed & 63;
    // Safe because the builder only packs block numbers there.
    const base = ((packed >>> 6) & 3) as BlockNumber;
    const addend = this.addend(referenced + own, code);
    visit(block, start + (halves[ownPlaces + own] ?? 0), code, addend, base, packed >>> 8);
  }

  /** First group at or after a reference; references ascend within a window. */
  #findGroup(from: number, to: number, reference: number): number {
    let low = from;
    for (let high = to; low < high; ) {
      const middle = (low + high) >>> 1;
      if (this.columns.reference(middle) < reference) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The group of an entry, which is counted in its window. */
  #groupOf(window: number, entry: number): number {
    const { groupStarts, halves } = this.columns;
    let low = this.#firstGroup(window);
    for (let high = this.#firstGroup(window + 1); low + 1 < high; ) {
      const middle = (low + high) >>> 1;
      if ((halves[groupStarts + middle] ?? 0) <= entry) low = middle;
      else high = middle;
    }
    return low;
  }

  #firstGroup(window: number): number {
    return this.columns.words[this.columns.windows + window * windowStride] ?? 0;
  }

  #firstEntry(window: number): number {
    return this.columns.words[this.columns.windows + window * windowStride + 1] ?? 0;
  }

  #firstOwn(window: number): number {
    return this.columns.words[this.columns.windows + window * windowStride + 2] ?? 0;
  }
}

function firstAtLeast(column: Uint32Array, value: number): number {
  let low = 0;
  for (let high = column.length; low < high; ) {
    const middle = (low + high) >>> 1;
    if ((column[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
