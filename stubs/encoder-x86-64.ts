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
  bytes[offset] = 0xff;
  bytes[offset + 1] = 0x25;
  writeDisplacement(bytes, offset + 2, stub + 2, slot);
  bytes[offset + 6] = trapByte;
  bytes[offset + 7] = trapByte;
}

/** Bytes of a thunk: `48 8b 3d disp32`, `ff 25 disp32` and three bytes of padding. */
export const thunkBytes = 16;

/**
 * Writes `mov rdi, [message]; jmp *[handler]`: a call to what is gone becomes a call of the handler.
 *
 * @param bytes - The writable view of the thunk's memory.
 * @param offset - Where the thunk starts in `bytes`, in bytes.
 * @param thunk - Address at which it executes.
 * @param message - Address of the cell that holds the handler's argument.
 * @param handler - Address of the cell that holds the handler's address.
 */
export function writeThunk(
  bytes: Uint8Array,
  offset: number,
  thunk: Address,
  message: Address,
  handler: Address,
): void {
  bytes.fill(trapByte, offset, offset + thunkBytes);
  bytes.set([0x48, 0x8b, 0x3d], offset);
  writeDisplacement(bytes, offset + 3, thunk + 3, message);
  bytes.set([0xff, 0x25], offset + 7);
  writeDisplacement(bytes, offset + 9, thunk + 9, handler);
}

/** Bytes of a lazy entry: `4c 8d 1d disp32`, `e8 disp32` and four bytes of padding. */
export const lazyEntryBytes = 16;

/**
 * Writes `lea r11, [slot]; call tail`: r11 is the one register that carries nothing into a function. The addon reads
 * these bytes, too (native/lazy_entry.cc).
 *
 * @param bytes - The writable view of the entry's memory.
 * @param offset - Where the entry starts in `bytes`, in bytes.
 * @param entry - Address at which it executes.
 * @param slot - Address of the slot that leads to it.
 * @param tail - Address of the tail.
 */
export function writeLazyEntry(
  bytes: Uint8Array,
  offset: number,
  entry: Address,
  slot: Address,
  tail: Address,
): void {
  bytes.fill(trapByte, offset, offset + lazyEntryBytes);
  bytes.set([0x4c, 0x8d, 0x1d], offset);
  writeDisplacement(bytes, offset + 3, entry + 3, slot);
  bytes[offset + 7] = 0xe8;
  writeDisplacement(bytes, offset + 8, entry + 8, tail);
}

/** Bytes of the tail of lazy entries: `ff 35 disp32`, `ff 25 disp32` and four bytes of padding. */
export const lazyTailBytes = 16;

/**
 * Writes `push [engine]; jmp *[handler]`.
 *
 * @param bytes - The writable view of the tail's memory.
 * @param offset - Where the tail starts in `bytes`, in bytes.
 * @param tail - Address at which it executes.
 * @param engine - Address of the cell that holds the handler's argument.
 * @param handler - Address of the cell that holds the handler's address.
 */
export function writeLazyTail(
  bytes: Uint8Array,
  offset: number,
  tail: Address,
  engine: Address,
  handler: Address,
): void {
  bytes.fill(trapByte, offset, offset + lazyTailBytes);
  bytes.set([0xff, 0x35], offset);
  writeDisplacement(bytes, offset + 2, tail + 2, engine);
  bytes.set([0xff, 0x25], offset + 6);
  writeDisplacement(bytes, offset + 8, tail + 8, handler);
}

/** Writes the last 4 bytes of an instruction, which address a cell relative to its end. */
function writeDisplacement(bytes: Uint8Array, offset: number, place: number, cell: Address): void {
  const displacement = cell - (place + 4);
  assert(displacement === (displacement | 0), 'a cell lies within 2 GiB of the code that reads it');
  bytes[offset] = displacement & 0xff;
  bytes[offset + 1] = (displacement >> 8) & 0xff;
  bytes[offset + 2] = (displacement >> 16) & 0xff;
  bytes[offset + 3] = (displacement >> 24) & 0xff;
}
