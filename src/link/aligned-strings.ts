/**
 * A string table that can be read four bytes at a time from any byte on: it is copied four times, each time a byte
 * further. One object's table after the other is put into the same memory.
 */
import { present } from '../core/assert.js';

/** Room behind the strings, in bytes, that reads as zero. */
const tailBytes = 8;

const encoder = new TextEncoder();

/** Strings of one object. */
export class AlignedStrings {
  /** The table from its byte 0, 1, 2 and 3 on; what lies behind it reads as zero. */
  readonly phases: Int32Array[] = [];
  /** Bytes of the table. */
  size = 0;
  readonly #bytes: Uint8Array[] = [];
  #room = -1;

  /**
   * Reads another table.
   *
   * @param file - The file.
   * @param start - Where the table starts in it.
   * @param size - Bytes of the table.
   */
  load(file: Uint8Array, start: number, size: number): void {
    if (size > this.#room) this.#grow(size);
    this.size = size;
    for (let phase = 0; phase < 4; phase += 1) {
      const length = Math.max(0, size - phase);
      const bytes = this.#bytes[phase];
      bytes?.set(file.subarray(start + size - length, start + size));
      bytes?.fill(0, length, length + tailBytes);
    }
  }

  /**
   * Reads a single string, as a table that begins with it and is read from its byte 0 on only: the other phases keep what
   * they had.
   *
   * @param text - The string, without a NUL.
   */
  loadOne(text: string): void {
    // No letter takes more than three bytes.
    if (text.length * 3 > this.#room) this.#grow(text.length * 3);
    const bytes = present(this.#bytes[0], 'a table that has room has its phases');
    const { written } = encoder.encodeInto(text, bytes);
    bytes.fill(0, written, written + tailBytes);
    // The table may be empty, but the string at its start is one all the same.
    this.size = written + 1;
  }

  #grow(size: number): void {
    this.#room = Math.ceil(Math.max(size, 4096) / 4) * 4;
    for (let phase = 0; phase < 4; phase += 1) {
      const words = new Int32Array((this.#room + tailBytes) / 4);
      this.phases[phase] = words;
      this.#bytes[phase] = new Uint8Array(words.buffer);
    }
  }
}
