/** Collects preserved relocations block by block, in the order of their places. */
import type { BlockNumber } from './blocks.js';
import { usualAddend } from './fixup-codes-x86-64.js';
import { type EntryColumns, EntryPacker } from './pack-entries.js';
import type { PreservedRelocations } from './preserved.js';
import type { References } from './references.js';

/** Offsets in a block of 16 MiB and more do not fit an own entry, and are kept as an unusual addend. */
export const offsetLimit = 0x100_0000;

/** Groups that an entry can tell apart. */
const groupLimit = 0x100_0000;

/** Entries of one image; used for one image after the other. */
export class PreservedBuilder {
  /**
   * Entries against references, and against the image's own blocks. Who goes through many relocations may write those
   * with the usual addend here itself: a call for each would take longer than all else.
   */
  readonly referenced: EntryColumns = noEntries();
  readonly own: EntryColumns = noEntries();
  /** Whether the entries of each block stand in the order of their places. */
  ascending = true;
  /** Reference and fixup code of each group. */
  #groups = new Int32Array(128);
  #groupCount = 0;
  #lastReference = 0;
  #groupsAscend = true;
  readonly #packer = new EntryPacker();

  /**
   * Begins another image.
   *
   * @param capacity - The most entries that it can have.
   */
  start(capacity: number): void {
    begin(this.referenced, capacity);
    begin(this.own, capacity);
    this.ascending = true;
    this.#groupCount = 0;
    this.#lastReference = 0;
    this.#groupsAscend = true;
  }

  /** Ends a block; that of the next one begins, in the order of `blockKinds`. */
  endBlock(): void {
    this.referenced.ends.push(this.referenced.count);
    this.own.ends.push(this.own.count);
  }

  /**
   * Makes the group of a fixup and a reference.
   *
   * @param code - Fixup code.
   * @param reference - Number of the reference.
   * @returns Its number; another one each time.
   */
  group(code: number, reference: number): number {
    const group = this.#groupCount;
    if (group * 2 === this.#groups.length) {
      const larger = new Int32Array(group * 4);
      larger.set(this.#groups);
      this.#groups = larger;
    }
    const groups = this.#groups;
    groups[group * 2] = reference;
    groups[group * 2 + 1] = code;
    if (reference < this.#lastReference) this.#groupsAscend = false;
    this.#lastReference = reference;
    this.#groupCount = group + 1;
    return group;
  }

  /**
   * Adds an entry against a reference.
   *
   * @param place - Offset of the field in the current block.
   * @param code - Fixup code.
   * @param group - Group of this fixup and the reference.
   * @param addend - Pristine addend.
   */
  addReference(place: number, code: number, group: number, addend: number): void {
    const { referenced } = this;
    if (addend !== usualAddend[code]) referenced.odd.set(referenced.count, addend);
    this.#add(referenced, place, group);
  }

  /**
   * Adds an entry against a place in one of the image's own blocks.
   *
   * @param place - Offset of the field in the current block.
   * @param code - Fixup code; one that reads nothing but the symbol's address.
   * @param base - The block.
   * @param offset - Offset of the symbol in that block.
   * @param addend - Pristine addend.
   */
  addOwn(place: number, code: number, base: BlockNumber, offset: number, addend: number): void {
    const { own } = this;
    // The addend is folded into the offset: `.rodata + 1234 - 4` takes no more room than `.rodata - 4`.
    let folded = offset + addend - (usualAddend[code] ?? 0);
    if (!(folded >= 0 && folded < offsetLimit)) {
      own.odd.set(own.count, offset + addend);
      folded = 0;
    }
    this.#add(own, place, code | (base << 6) | (folded << 8));
  }

  /**
   * Packs what was collected.
   *
   * @param references - The references that it is against.
   * @returns The entries; `undefined` when there are too many of them: more than bytes in a window.
   */
  build(references: References): PreservedRelocations | undefined {
    if (this.#groupCount > groupLimit) return undefined;
    if (!this.ascending) {
      sort(this.referenced);
      sort(this.own);
    }
    return this.#packer.pack({
      referenced: this.referenced,
      own: this.own,
      groups: this.#groups,
      groupCount: this.#groupCount,
      groupsAscend: this.#groupsAscend,
      references,
    });
  }

  #add(columns: EntryColumns, place: number, value: number): void {
    const { count, ends, places, values } = columns;
    if (count > (ends.at(-1) ?? 0) && place < (places[count - 1] ?? 0)) this.ascending = false;
    places[count] = place;
    values[count] = value;
    columns.count = count + 1;
  }
}

function noEntries(): EntryColumns {
  return { places: new Int32Array(0), values: new Int32Array(0), count: 0, ends: [], odd: new Map() };
}

function begin(columns: EntryColumns, capacity: number): void {
  if (columns.places.length < capacity) {
    columns.places = new Int32Array(capacity);
    columns.values = new Int32Array(capacity);
  }
  columns.count = 0;
  columns.ends = [];
  if (columns.odd.size > 0) columns.odd = new Map();
}

/** Compilers write relocations by place; who doesn't, pays for sorting them. */
function sort(columns: EntryColumns): void {
  const { ends, odd, places, values } = columns;
  const sortedOdd = new Map<number, number>();
  let start = 0;
  for (const end of ends) {
    const first = start;
    const order = Array.from({ length: end - first }, (_unused, index) => first + index);
    order.sort((left, right) => (places[left] ?? 0) - (places[right] ?? 0));
    const sortedPlaces = Int32Array.from(order, (entry) => places[entry] ?? 0);
    const sortedValues = Int32Array.from(order, (entry) => values[entry] ?? 0);
    for (const [index, entry] of order.entries()) {
      const addend = odd.get(entry);
      if (addend !== undefined) sortedOdd.set(first + index, addend);
    }
    places.set(sortedPlaces, first);
    values.set(sortedValues, first);
    start = end;
  }
  columns.odd = sortedOdd;
}
