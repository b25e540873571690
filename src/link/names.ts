/**
 * Linker names by number: each is kept once, and takes 4 bytes wherever it is referred to. Names are looked up
 * as the bytes of an object's string table: most are known already, and then no string is made.
 */

/** Length of the table of slots, in the beginning; a power of two. */
const firstSlots = 64;

/** Names and their numbers; numbers are given in the order of first use and never change. */
export class NameTable {
  /** Number of a name plus 1, at the first free slot from its hash on; 0 where none is. At most half full. */
  #slots = new Uint32Array(firstSlots);
  #hashes = new Uint32Array(firstSlots / 2);
  /** Where the bytes of each name end; they start where those of the name before end. */
  #ends = new Uint32Array(firstSlots / 2);
  #bytes: Buffer = Buffer.alloc(firstSlots * 8);
  readonly #texts: string[] = [];

  /** Number of different names. */
  get count(): number {
    return this.#texts.length;
  }

  /**
   * The number of a name; a new name gets the next one.
   *
   * @param name - Linker name.
   * @returns Its number.
   */
  intern(name: string): number {
    const bytes = Buffer.from(name);
    return this.#internRange(bytes, 0, bytes.length, hashOf(bytes));
  }

  /**
   * The number of a name in a string table.
   *
   * @param bytes - The file.
   * @param start - Where the name starts in it.
   * @param limit - Where its string table ends.
   * @returns Its number; -1 when no NUL ends the name before the limit.
   */
  internAt(bytes: Uint8Array, start: number, limit: number): number {
    let hash = hashSeed;
    for (let at = start; at < limit; at += 1) {
      const byte = bytes[at] ?? 0;
      if (byte === 0) return this.#internRange(bytes, start, at, hash);
      hash = ((hash << 5) - hash + byte) | 0;
    }
    return -1;
  }

  /**
   * The number of a name that may not be there.
   *
   * @param name - Linker name.
   * @returns Its number, or `undefined` when it was never interned.
   */
  find(name: string): number | undefined {
    const bytes = Buffer.from(name);
    const found = this.#slots[this.#slotOf(bytes, 0, bytes.length, hashOf(bytes))] ?? 0;
    return found === 0 ? undefined : found - 1;
  }

  /**
   * The name of a number.
   *
   * @param id - A number that {@link NameTable.intern} gave.
   * @returns The name; empty for another number.
   */
  text(id: number): string {
    return this.#texts[id] ?? '';
  }

  #internRange(bytes: Uint8Array, start: number, end: number, hash: number): number {
    const slot = this.#slotOf(bytes, start, end, hash);
    const found = this.#slots[slot] ?? 0;
    return found === 0 ? this.#add(bytes, start, end, hash, slot) : found - 1;
  }

  /** The slot of a name, or the free one where it belongs. */
  #slotOf(bytes: Uint8Array, start: number, end: number, hash: number): number {
    const mask = this.#slots.length - 1;
    const unsigned = hash >>> 0;
    for (let slot = slotOf(hash, mask); ; slot = (slot + 1) & mask) {
      const found = this.#slots[slot] ?? 0;
      if (found === 0) return slot;
      if (this.#hashes[found - 1] === unsigned && this.#equals(found - 1, bytes, start, end)) return slot;
    }
  }

  #equals(id: number, bytes: Uint8Array, start: number, end: number): boolean {
    let own = id === 0 ? 0 : (this.#ends[id - 1] ?? 0);
    if ((this.#ends[id] ?? 0) - own !== end - start) return false;
    for (let at = start; at < end; at += 1, own += 1) {
      if (this.#bytes[own] !== bytes[at]) return false;
    }
    return true;
  }

  #add(bytes: Uint8Array, start: number, end: number, hash: number, slot: number): number {
    const id = this.#texts.length;
    const from = id === 0 ? 0 : (this.#ends[id - 1] ?? 0);
    const to = from + end - start;
    if (to > this.#bytes.length)
      this.#bytes = Buffer.concat([this.#bytes], Math.max(to, this.#bytes.length * 2));
    for (let at = start; at < end; at += 1) this.#bytes[from + at - start] = bytes[at] ?? 0;
    this.#ends[id] = to;
    this.#hashes[id] = hash;
    this.#slots[slot] = id + 1;
    this.#texts.push(this.#bytes.toString('utf8', from, to));
    if (this.#texts.length * 2 === this.#slots.length) this.#grow();
    return id;
  }

  #grow(): void {
    const slots = this.#slots.length * 2;
    const hashes = new Uint32Array(slots / 2);
    const ends = new Uint32Array(slots / 2);
    hashes.set(this.#hashes);
    ends.set(this.#ends);
    this.#hashes = hashes;
    this.#ends = ends;
    this.#slots = new Uint32Array(slots);
    for (let id = 0; id < this.#texts.length; id += 1) {
      const hash = hashes[id] ?? 0;
      let slot = slotOf(hash, slots - 1);
      while (this.#slots[slot] !== 0) slot = (slot + 1) & (slots - 1);
      this.#slots[slot] = id + 1;
    }
  }
}

const hashSeed = 0x811c_9dc5 | 0;

/** Where a name belongs. The hash is that of a shift and an addition a byte, for speed, and so is mixed here. */
function slotOf(hash: number, mask: number): number {
  const mixed = Math.imul(hash, 0x9e37_79b1);
  return (mixed ^ (mixed >>> 15)) & mask;
}

function hashOf(bytes: Uint8Array): number {
  let hash = hashSeed;
  for (const byte of bytes) hash = ((hash << 5) - hash + byte) | 0;
  return hash;
}
