/** Writes `.eh_frame` sections as a compiler does: one common part ("zR", addresses relative to their place), then entries. */

/** Bytes of the common part, and of each entry. */
const commonBytes = 24;
const entryBytes = 24;

/** A function that an entry describes. */
export interface Described {
  readonly start: bigint;
  /** Bytes. */
  readonly size: number;
}

/** Size of a section in bytes, without the zero word behind it. */
export function sectionBytes(functions: number): number {
  return commonBytes + functions * entryBytes;
}

/**
 * The bytes of a section that describes these functions, with the zero word at its end.
 *
 * @param place - Where it will lie.
 * @param functions - What it describes, in the order of its entries.
 */
export function ehFrame(place: bigint, functions: readonly Described[]): Uint8Array {
  const bytes = new Uint8Array(sectionBytes(functions.length) + 4);
  const view = new DataView(bytes.buffer);
  // Version 1, "zR", code alignment 1, data alignment -8, return address in column 16, then one byte for R;
  // at a function's entry the frame is at rsp + 8, and the return address at the frame - 8.
  view.setUint32(0, commonBytes - 4, true);
  bytes.set([1, 0x7a, 0x52, 0, 1, 0x78, 16, 1, 0x1b, 0x0c, 7, 8, 0x90, 1, 0, 0], 8);
  for (const [index, { start, size }] of functions.entries()) {
    const at = commonBytes + index * entryBytes;
    view.setUint32(at, entryBytes - 4, true);
    view.setUint32(at + 4, at + 4, true);
    view.setInt32(at + 8, Number(start - (place + BigInt(at + 8))), true);
    view.setUint32(at + 12, size, true);
  }
  return bytes;
}
