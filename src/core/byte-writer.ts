/** Little-endian bytes, written one after the other. */

/** A growing buffer. */
export class ByteWriter {
  #bytes = Buffer.alloc(256);
  #length = 0;

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** What was written. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Appends an unsigned byte. */
  u8(value: number): this {
    const at = this.#take(1);
    this.#bytes.writeUInt8(value, at);
    return this;
  }

  /** Appends two unsigned bytes. */
  u16(value: number): this {
    const at = this.#take(2);
    this.#bytes.writeUInt16LE(value, at);
    return this;
  }

  /** Appends four unsigned bytes. */
  u32(value: number): this {
    const at = this.#take(4);
    this.#bytes.writeUInt32LE(value, at);
    return this;
  }

  /** Appends eight unsigned bytes. @param value - A whole number that a double can hold */
  u64(value: number): this {
    const at = this.#take(8);
    this.#bytes.writeBigUInt64LE(BigInt(value), at);
    return this;
  }

  /** Appends a number as DWARF's unsigned LEB128 (DWARF 4, section 7.6). */
  uleb(value: number): this {
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.u8((rest % 0x80) | 0x80);
    return this.u8(rest);
  }

  /** Appends a number as DWARF's signed LEB128. */
  sleb(value: number): this {
    let rest = value;
    for (;;) {
      const low = rest & 0x7f;
      rest >>= 7;
      if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) return this.u8(low);
      this.u8(low | 0x80);
    }
  }

  /** Appends a text and the zero that ends it. */
  text(value: string): this {
    return this.append(Buffer.from(`${value}\0`));
  }

  /** Appends bytes. */
  append(bytes: Uint8Array): this {
    const at = this.#take(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  /** Appends zeros up to a multiple of a number. */
  align(to: number): this {
    return this.append(Buffer.alloc((to - (this.#length % to)) % to));
  }

  /** Stores four bytes where something was written before. */
  patch32(at: number, value: number): void {
    this.#bytes.writeUInt32LE(value, at);
  }

  #take(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const larger = Buffer.alloc(Math.max(this.#length, this.#bytes.length * 2));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    return at;
  }
}
