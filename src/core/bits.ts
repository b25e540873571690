/** Sets of small numbers, as bits of bytes. */

/** A bit for each position up to the last of these, set for these: bit `n & 7` of byte `n >> 3`. */
export function bitsOf(positions: Iterable<number>): Uint8Array {
  const all = [...positions];
  const bits = new Uint8Array(
    Math.ceil((all.reduce((most, position) => Math.max(most, position), -1) + 1) / 8),
  );
  for (const position of all) bits[position >> 3] = (bits[position >> 3] ?? 0) | (1 << (position & 7));
  return bits;
}

/** How many bits are set. */
export function countBits(bits: Uint8Array): number {
  let count = 0;
  for (let rest of bits) for (; rest !== 0; rest &= rest - 1) count += 1;
  return count;
}

/** Whether a bit is set; false if there is no such. */
export function hasBit(bits: Uint8Array, position: number): boolean {
  return (((bits[position >> 3] ?? 0) >> (position & 7)) & 1) === 1;
}

/** Sets a bit, if there is such; true if it was clear. */
export function setBit(bits: Uint8Array, position: number | undefined): boolean {
  const byte = position === undefined ? undefined : bits[position >> 3];
  if (position === undefined || byte === undefined) return false;
  const set = byte | (1 << (position & 7));
  bits[position >> 3] = set;
  return set !== byte;
}

/** Clears a bit, if there is such; true if it was set. */
export function clearBit(bits: Uint8Array, position: number | undefined): boolean {
  const byte = position === undefined ? undefined : bits[position >> 3];
  if (position === undefined || byte === undefined) return false;
  const cleared = byte & ~(1 << (position & 7));
  bits[position >> 3] = cleared;
  return cleared !== byte;
}
