/** Reads little-endian fields of an untrusted file; whatever lies outside of it is a typed error. */
import { TierlinkError } from '../core/errors.js';

const twoTo32 = 4294967296;

/** A file's bytes with the name to report damage under. */
export class BoundedReader {
  /** Module name, for messages. */
  readonly module: string;
  readonly bytes: Uint8Array;
  /** The same bytes, for loops that have checked their range. */
  readonly view: DataView;
  /** The file as words, from byte 0, 1, 2 and 3 on. */
  readonly #words: (Int32Array | undefined)[] = [undefined, undefined, undefined, undefined];

  /**
   * @param bytes - The whole file.
   * @param module - Module name, for messages.
   */
  constructor(bytes: Uint8Array, module: string) {
    this.module = module;
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /**
   * The file as words, for loops over tables whose range was checked. They are read where they lie in the file, unless
   * that is at an odd address: members of archives may begin anywhere.
   *
   * @param start - Where a table begins in the file.
   * @returns Words as the host has them, little-endian on x86-64; that of the table's first byte is number `start >> 2`.
   */
  words(start: number): Int32Array {
    const phase = start & 3;
    const known = this.#words[phase];
    if (known !== undefined) return known;
    const { buffer, byteOffset, length } = this.bytes;
    const count = Math.max(0, (length - phase) >> 2);
    const first = byteOffset + phase;
    const words =
      first % 4 === 0
        ? new Int32Array(buffer, first, count)
        : new Int32Array(buffer.slice(first, first + count * 4));
    this.#words[phase] = words;
    return words;
  }

  /**
   * Makes the error for a damaged file.
   *
   * @param reason - What is wrong, with the place.
   * @returns The error, to be thrown.
   */
  damaged(reason: string): TierlinkError {
    return new TierlinkError('OBJECT_INVALID', { module: this.module, reason });
  }

  /**
   * Makes the error for a well-formed file that tierlink does not link.
   *
   * @param reason - What is not supported.
   * @returns The error, to be thrown.
   */
  unsupported(reason: string): TierlinkError {
    return new TierlinkError('OBJECT_UNSUPPORTED', { module: this.module, reason });
  }

  /**
   * Holds that a range lies in the file.
   *
   * @param offset - Start in bytes.
   * @param size - Bytes.
   * @param what - What lies there, for the message.
   * @throws TierlinkError OBJECT_INVALID
   */
  need(offset: number, size: number, what: string): void {
    // Written so that a NaN or a sum beyond 2^53 fails, too.
    if (!(offset >= 0 && size >= 0 && offset <= this.bytes.length && size <= this.bytes.length - offset)) {
      throw this.damaged(
        `${what} (${String(size)} bytes at ${String(offset)}) lies outside of the file's ${String(this.bytes.length)} bytes`,
      );
    }
  }

  /**
   * Reads an unsigned 64-bit field.
   *
   * @param offset - Where, in range already.
   * @param what - What it is, for the message.
   * @returns Its value; at most 2^53 - 1.
   * @throws TierlinkError OBJECT_INVALID when it is larger than any file.
   */
  unsigned64(offset: number, what: string): number {
    const high = this.view.getUint32(offset + 4, true);
    if (high >= 0x20_0000) throw this.damaged(`${what} is larger than 2^53`);
    return high * twoTo32 + this.view.getUint32(offset, true);
  }

  /**
   * Reads a signed 64-bit field.
   *
   * @param offset - Where, in range already.
   * @returns Its value, exact below 2^53; `NaN` when its magnitude is larger.
   */
  signed64(offset: number): number {
    const value = this.view.getInt32(offset + 4, true) * twoTo32 + this.view.getUint32(offset, true);
    return Number.isSafeInteger(value) ? value : Number.NaN;
  }

  /**
   * Reads a NUL-terminated string from a table.
   *
   * @param start - Start of the table in the file, in range already.
   * @param size - Bytes of the table.
   * @param index - Offset of the string in the table.
   * @param what - What it names, for the message.
   * @returns The string, decoded as UTF-8.
   * @throws TierlinkError OBJECT_INVALID when it starts or ends outside of the table.
   */
  text(start: number, size: number, index: number, what: string): string {
    const { buffer, byteOffset } = this.bytes;
    const first = start + index;
    const end = index < size ? this.bytes.indexOf(0, first) : -1;
    if (end < 0 || end >= start + size)
      throw this.damaged(`the name of ${what} is not terminated inside its string table`);
    return Buffer.from(buffer, byteOffset + first, end - first).toString();
  }
}
