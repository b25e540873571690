/** Memory behind addresses, for what compiled code gives to JS and takes from it by pointer. */
import { TierlinkError } from '../core/errors.js';
import { loadAddon } from '../native/loader.js';

/**
 * Where the bytes of a buffer lie: good for as long as the buffer is kept, and neither transferred nor resized.
 *
 * @param bytes - A typed array, `DataView` or `Buffer`.
 * @returns The address.
 * @throws TierlinkError PLATFORM_UNSUPPORTED, ADDON_MISSING
 */
export function addressOf(bytes: ArrayBufferView): bigint {
  return loadAddon().viewAddress(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}

/**
 * Copies memory that compiled code gave the address of. Nothing is checked: an address that is none ends the process.
 *
 * @param address - Where it begins.
 * @param bytes - How many bytes.
 * @returns The copy.
 * @throws TierlinkError ARGUMENT_INVALID (null, or no number of bytes), PLATFORM_UNSUPPORTED, ADDON_MISSING
 */
export function readMemory(address: bigint, bytes: number): Uint8Array {
  if (address <= 0n || address >= 2n ** 47n) {
    const details = { symbol: 'readMemory', index: 0, expected: 'an address', found: String(address) };
    throw new TierlinkError('ARGUMENT_INVALID', details);
  }
  if (!Number.isInteger(bytes) || bytes < 0 || bytes > 2 ** 31) {
    const details = { symbol: 'readMemory', index: 1, expected: 'a number of bytes', found: String(bytes) };
    throw new TierlinkError('ARGUMENT_INVALID', details);
  }
  return loadAddon().memoryRead(address, bytes);
}
