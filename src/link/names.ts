/**
 * Linker names by number: each is kept once, and takes 4 bytes wherever it is referred to. Names are looked up
 * as the bytes of an object's string table: most are known already, and then no string is made.
 */
import { isAscii } from 'node:buffer';
import { AlignedStrings } from './aligned-strings.js';

/** Length of the table of slots, in the beginning; a power of two. */
const firstSlots = 256;

/** Numbers in a name's row: its hash, and the word where its bytes start. */
const rowStride = 2;

/** Where the hash of every name begins. */
const seed = 0x811c_9dc5 | 0;

/** The lowest, and the highest, bit of each byte of a word: with them, a byte that is 0 is found without a loop. */
const lowBits = 0x0101_0101;
const highBits = 0x8080_8080 | 0;

/** Number of the name that has no letters, in every table. */
export const emptyName = 0;

/** What a single name is looked up with. */
const oneString = new AlignedStrings();
const noOffset = new Int32Array(1);
const oneId = new Int32Array(1);

/** Names and their numbers; numbers are given in the order of first use and never change. */
export class NameTable {
  /** Number of a name plus 1, at the first free slot from its hash on; 0 where none is. At most half full. */
  #slots = new Int32Array(firstSlots);
  #rows = new Int32Array((firstSlots / 2) * rowStride);
  /** The bytes of each name, with at least one NUL behind it, filled up to whole words with such. */
  #words = new Int32Array(firstSlots * 2);
  #used = 0;
  #count = 0;
  /** Made when a name is first asked for, together with those of all names that came since. */
  readonly #texts: string[] = [];

  constructor() {
    this.intern('');
  }

  /** Number of names. */
  get size(): number {
    return this.#count;
  }

  /**
   * The number of a name; a new name gets the next one.
   *
   * @param name - Linker name.
   * @returns Its number.
   */
  intern(name: string): number {
    return this.#one(name, true);
  }

  /**
   * The number of a name that may not be there.
   *
   * @param name - Linker name.
   * @returns Its number, or `undefined` when it was never interned.
   */
  find(name: string): number | undefined {
    const id = this.#one(name, false);
    return id < 0 ? undefined : id;
  }

  /**
   * The numbers of many names of a string table; new names get the next ones.
   *
   * @param strings - The table.
   * @param offsets - Words, some of which tell where a name starts in the table.
   * @param first - The first of these.
   * @param stride - Words from one to the next.
   * @param ids - Is given the numbers; -1 for a name that starts outside of the table.
   * @param count - Number of names.
   */
  internEach(
    strings: AlignedStrings,
    offsets: Int32Array,
    first: number,
    stride: number,
    ids: Int32Array,
    count: number,
  ): void {
    this.#lookUp(strings, offsets, first, stride, ids, count, true);
  }

  /**
   * The name of a number.
   *
   * @param id - A number that {@link NameTable.intern} gave.
   * @returns The name; empty for another number.
   */
  text(id: number): string {
    if (id >= this.#texts.length) this.#decode();
    return this.#texts[id] ?? '';
  }

  #one(name: string, add: boolean): number {
    // No name in a file has one; here it would end the name.
    if (name.includes('\0')) return -1;
    oneString.loadOne(name);
    this.#lookUp(oneString, noOffset, 0, 1, oneId, 1, add);
    return oneId[0] ?? -1;
  }

  /** The numbers of names; -1 where there is none, and none shall be added. */
  #lookUp(
    { phases, size }: AlignedStrings,
    offsets: Int32Array,
    first: number,
    stride: number,
    ids: Int32Array,
    count: number,
    add: boolean,
  ): void {
    const low = lowBits;
    const high = highBits;
    let slots = this.#slots;
    let rows = this.#rows;
    let known = this.#words;
    for (let index = 0, offset = first; index < count; index += 1, offset += stride) {
      ids[index] = -1;
      const from = (offsets[offset] ?? 0) >>> 0;
      const words = phases[from & 3];
      if (from >= size || words === undefined) continue;
      const start = from >> 2;
      // A word with a byte that is 0 is the last one: its bytes behind that one don't belong to the name.
      let hash = seed;
      let end = start;
      let word = words[end] ?? 0;
      let zeros = (word - low) & ~word & high;
      while (zeros === 0) {
        // Times 31: looking up and calling Math.imul for each word takes longer than all else, before it is compiled.
        hash = ((hash << 5) - hash + word) | 0;
        end += 1;
        word = words[end] ?? 0;
        zeros = (word - low) & ~word & high;
      }
      const tail = word & (((zeros & -zeros) >>> 7) - 1);
      hash = Math.imul((hash << 5) - hash + tail, 0x9e37_79b1);
      hash ^= hash >>> 15;
      const mask = slots.length - 1;
      let slot = hash & mask;
      let found = slots[slot] ?? 0;
      for (; found !== 0; found = slots[slot] ?? 0) {
        const row = (found - 1) * rowStride;
        if (rows[row] === hash) {
          let own = rows[row + 1] ?? 0;
          let at = start;
          while (at < end && words[at] === known[own]) {
            at += 1;
            own += 1;
          }
          if (at === end && known[own] === tail) break;
        }
        slot = (slot + 1) & mask;
      }
      if (found > 0) {
        ids[index] = found - 1;
      } else if (add) {
        ids[index] = this.#add(words, start, end, tail, hash, slot);
        slots = this.#slots;
        rows = this.#rows;
        known = this.#words;
      }
    }
  }

  #add(words: Int32Array, start: number, end: number, tail: number, hash: number, slot: number): number {
    const id = this.#count;
    const length = end - start + 1;
    if (this.#used + length > this.#words.length) {
      const larger = new Int32Array(Math.max(this.#used + length, this.#words.length * 2));
      larger.set(this.#words);
      this.#words = larger;
    }
    const known = this.#words;
    let own = this.#used;
    this.#rows[id * rowStride] = hash;
    this.#rows[id * rowStride + 1] = own;
    for (let at = start; at < end; at += 1, own += 1) known[own] = words[at] ?? 0;
    known[own] = tail;
    this.#used = own + 1;
    this.#slots[slot] = id + 1;
    this.#count = id + 1;
    if (this.#count * 2 === this.#slots.length) this.#grow();
    return id;
  }

  #grow(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    const rows = new Int32Array((slots.length / 2) * rowStride);
    const mask = slots.length - 1;
    rows.set(this.#rows);
    for (let id = 0; id < this.#count; id += 1) {
      let slot = (rows[id * rowStride] ?? 0) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = id + 1;
    }
    this.#slots = slots;
    this.#rows = rows;
  }

  /** Makes the strings of all names that have none: cutting them from one takes a third of decoding each. */
  #decode(): void {
    const first = this.#texts.length;
    if (first === this.#count) return;
    const start = (this.#rows[first * rowStride + 1] ?? 0) * 4;
    const bytes = Buffer.from(this.#words.buffer, start, this.#used * 4 - start);
    const all = isAscii(bytes) ? bytes.toString('latin1') : '';
    for (let id = first; id < this.#count; id += 1) {
      const from = (this.#rows[id * rowStride + 1] ?? 0) * 4 - start;
      this.#texts.push(
        all === ''
          ? bytes.toString('utf8', from, bytes.indexOf(0, from))
          : all.slice(from, all.indexOf('\0', from)),
      );
    }
  }
}
