/** Encodes stubs for x86-64: everything in stubs/ that is specific to the processor. */
import { assert } from '../src/core/assert.js';
import type { Address } from '../src/core/ids.js';

/** Bytes of a stub: `ff 25 disp32` and two bytes of padding, so that stubs are 8-byte aligned. */
export const stubBytes = 8;

/** Fills memory between functions and unused stubs: executing it traps. */
export const trapByte = 0xcc;

/**
 * Writes `jmp *[slot]`, the canonical entry of a function.
 *
 * @param bytes - The writable view of the stub's memory.
 * @param offset - Where the stub starts in `bytes`, in bytes.
 * @param stub - Address at which the stub executes.
 * @param slot - Address of the slot it jumps through.
 */
export function writeStub(bytes: Uint8Array, offset: number, stub: Address, slot: Address): void {
  const displacement = slot - (stub + 6);
  assert(displacement === (displacement | 0), 'a slot lies within 2 GiB of its stub');
  bytes[offset] = 0xff;
  bytes[offset + 1] = 0x25;
  bytes[offset + 2] = displacement & 0xff;
  bytes[offset + 3] = (displacement >> 8) & 0xff;
  bytes[offset + 4] = (displacement >> 16) & 0xff;
  bytes[offset + 5] = (displacement >> 24) & 0xff;
  bytes[offset + 6] = trapByte;
  bytes[offset + 7] = trapByte;
}
