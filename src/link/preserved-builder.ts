/** Collects preserved relocations block by block, in the order of their places. */
import type { BlockNumber } from './blocks.js';
import { usualAddend } from './fixup-codes-x86-64.js';
import { EntryPacker } from './pack-entries.js';
import type { PreservedRelocations } from './preserved.js';
import type { References } from './references.js';

/** Offsets in a block of 16 MiB and more do not fit an own entry, and are kept as an unusual addend. */
const offsetLimit = 0x100_0000;

/** Groups that an entry can tell apart. */
const groupLimit = 0x100_0000;

/** Entries of one image; used for one image after the other. */
export class PreservedBuilder {
  /** Two words for each entry: place; nothing (6 bits), base (2 bits) and group, or code, base and offset. */
  #entries = new Int32Array(0);
  #count = 0;
  #own = 0;
  /** Reference and fixup code of each group. */
  #groups = new Int32Array(128);
  #groupCount = 0;
  /** Where the entries of each block start. */
  #starts: number[] = [];
  #lastPlace = -1;
  #ascending = true;
  /** Unusual addends by entry. */
  #odd = new Map<number, number>();
  readonly #packer = new EntryPacker();

  /**
   * Begins another image.
   *
   * @param capacity - Entries expected.
   */
  start(capacity: number): void {
    if (this.#entries.length < capacity * 2) this.#entries = new Int32Array(capacity * 2);
    this.#count = 0;
    this.#own = 0;
    this.#groupCount = 0;
    this.#starts = [];
    this.#ascending = true;
    if (this.#odd.size > 0) this.#odd = new Map();
  }

  /** Begins the next block, in the order of `blockKinds`. */
  nextBlock(): void {
    this.#starts.push(this.#count);
    this.#lastPlace = -1;
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
    this.#groups[group * 2] = reference;
    this.#groups[group * 2 + 1] = code;
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
    if (addend !== usualAddend[code]) this.#odd.set(this.#count, addend);
    this.#add(place, group << 8);
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
    // The addend is folded into the offset: `.rodata + 1234 - 4` takes no more room than `.rodata - 4`.
    let folded = offset + addend - (usualAddend[code] ?? 0);
    if (!(folded >= 0 && folded < offsetLimit)) {
      this.#odd.set(this.#count, offset + addend);
      folded = 0;
    }
    this.#own += 1;
    this.#add(place, code | (base << 6) | (folded << 8));
  }

  /**
   * Packs what was collected.
   *
   * @param references - The references that it is against.
   * @returns The entries; `undefined` when there are too many of them: more than bytes in a window.
   */
  build(references: References): PreservedRelocations | undefined {
    if (this.#groupCount > groupLimit) return undefined;
    if (!this.#ascending) this.#sort();
    const [, readonly = 0, data = 0] = this.#starts;
    return this.#packer.pack({
      entries: this.#entries,
      ends: [readonly, data, this.#count],
      own: this.#own,
      groups: this.#groups,
      groupCount: this.#groupCount,
      odd: this.#odd,
      references,
    });
  }

  #add(place: number, packed: number): void {
    const at = this.#count * 2;
    if (at === this.#entries.length) this.#grow();
    this.#entries[at] = place;
    this.#entries[at + 1] = packed;
    this.#count += 1;
    if (place < this.#lastPlace) this.#ascending = false;
    this.#lastPlace = place;
  }

  #grow(): void {
    const larger = new Int32Array(Math.max(128, this.#entries.length * 2));
    larger.set(this.#entries);
    this.#entries = larger;
  }

  /** Compilers write relocations by place; who doesn't, pays for sorting them. */
  #sort(): void {
    const from = this.#entries;
    const entries = new Int32Array(from.length);
    const odd = new Map<number, number>();
    for (let block = 0; block < 3; block += 1) {
      const start = this.#starts[block] ?? this.#count;
      const end = this.#starts[block + 1] ?? this.#count;
      const order = Array.from({ length: end - start }, (_unused, index) => start + index);
      order.sort((left, right) => (from[left * 2] ?? 0) - (from[right * 2] ?? 0));
      for (const [index, entry] of order.entries()) {
        entries[(start + index) * 2] = from[entry * 2] ?? 0;
        entries[(start + index) * 2 + 1] = from[entry * 2 + 1] ?? 0;
        const addend = this.#odd.get(entry);
        if (addend !== undefined) odd.set(start + index, addend);
      }
    }
    this.#entries = entries;
    this.#odd = odd;
  }
}
