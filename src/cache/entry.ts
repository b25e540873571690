/**
 * What lies in a store: a payload under a header that says whose it is. All fields are little-endian:
 *
 * | bytes | field |
 * | --- | --- |
 * | 0 to 7 | `tierlink` |
 * | 8 to 11 | version of this format |
 * | 12 to 15 | length of the payload |
 * | 16 to 47 | the key |
 * | 48 to 79 | SHA-256 of the payload |
 *
 * Every byte of an entry is either compared or hashed, so no damage goes unseen.
 */
import { sha256 } from '../core/hashes.js';

/** Raised whenever the layout changes; also part of every key. */
export const entryFormat = 1;

const magic = 'tierlink';
const headerBytes = 80;
const keyAt = 16;
const digestAt = 48;

/** A payload, or why there is none. */
export type Decoded =
  | { readonly payload: Uint8Array; readonly reason?: undefined }
  | { readonly payload?: undefined; readonly reason: string };

/**
 * Makes an entry.
 *
 * @param key - 64 hexadecimal digits.
 * @param payload - What is kept; below 4 GiB.
 * @returns The entry.
 */
export function encodeEntry(key: string, payload: Uint8Array): Uint8Array {
  const bytes = Buffer.allocUnsafeSlow(headerBytes + payload.length);
  bytes.write(magic, 0, 'latin1');
  bytes.writeUInt32LE(entryFormat, 8);
  bytes.writeUInt32LE(payload.length, 12);
  bytes.write(key, keyAt, 'hex');
  bytes.set(sha256(payload), digestAt);
  bytes.set(payload, headerBytes);
  return bytes;
}

/**
 * Reads an entry that anything may have happened to.
 *
 * @param key - The key that it was found under.
 * @param entry - Its bytes.
 * @returns The payload, a view of the entry; or what is wrong.
 */
export function decodeEntry(key: string, entry: Uint8Array): Decoded {
  const bytes = Buffer.from(entry.buffer, entry.byteOffset, entry.length);
  if (bytes.length < headerBytes)
    return { reason: `it has ${String(bytes.length)} bytes, less than a header` };
  if (bytes.toString('latin1', 0, 8) !== magic) return { reason: 'it is no entry of tierlink' };
  const format = bytes.readUInt32LE(8);
  if (format !== entryFormat)
    return { reason: `its format is ${String(format)}, not ${String(entryFormat)}` };
  const owner = bytes.toString('hex', keyAt, digestAt);
  if (owner !== key) return { reason: `it belongs to the key ${owner}` };
  const length = bytes.readUInt32LE(12);
  const found = bytes.length - headerBytes;
  if (length !== found) return { reason: `it has ${String(found)} bytes of ${String(length)}` };
  const payload = bytes.subarray(headerBytes);
  if (bytes.compare(sha256(payload), 0, 32, digestAt, headerBytes) !== 0)
    return { reason: 'its content was changed' };
  return { payload };
}
