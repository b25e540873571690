/**
 * Writes the fixups of a group, which have their kind and their target in common, where only their place tells one
 * from the other: the common cases of fixups-x86-64.ts without deciding for each of them what it is.
 */
import { fixup, usualAddend } from './fixup-codes-x86-64.js';
import type { FixupRun } from './fixups-x86-64.js';
import { valueField, valueStride } from './values.js';

/** Opcode of the form that computes a near address, see {@link fixup.load32}. */
const lea = 0x8d;

/**
 * Writes fixups with their usual addend, as far as they are of such a case.
 *
 * @param run - Their targets.
 * @param view - Writable bytes of the block that they lie in.
 * @param base - Address of that block.
 * @param start - Offset in the block that places are counted from.
 * @param places - Their places, and others.
 * @param from - First place.
 * @param to - Place after the last.
 * @param code - Fixup code.
 * @param reference - What they are against.
 * @returns Number of the first place at which nothing was written: another way is to be gone from there on.
 */
export function writeGroup(
  run: FixupRun,
  view: DataView,
  base: number,
  start: number,
  places: Uint16Array,
  from: number,
  to: number,
  code: number,
  reference: number,
): number {
  const { first, values } = run;
  const row = (reference - first) * valueStride;
  let opcode = 0;
  let target = values[row + valueField.address] ?? Number.NaN;
  switch (code) {
    case fixup.branch32: {
      const direct = values[row + valueField.direct] ?? Number.NaN;
      target = values[row + valueField.entry] ?? Number.NaN;
      // Which calls may go straight to code depends on where they lie.
      if (!Number.isNaN(direct) && direct !== target) return from;
      break;
    }
    case fixup.load32:
    case fixup.lea32:
      opcode = lea;
      break;
    case fixup.abs64:
      return writeAddress(view, start, places, from, to, target);
    case fixup.pc32:
      break;
    default:
      return from;
  }
  const far = target + (usualAddend[code] ?? 0) - base - start;
  // As a whole number: a fraction takes memory each time until V8 has optimised this.
  const distance = far | 0;
  if (distance !== far) return from;
  for (let index = from; index < to; index += 1) {
    const place = places[index] ?? 0;
    const value = distance - place;
    if (value !== (value | 0)) return index;
    view.setInt32(start + place, value, true);
    if (opcode !== 0) view.setUint8(start + place - 2, opcode);
  }
  return to;
}

function writeAddress(
  view: DataView,
  start: number,
  places: Uint16Array,
  from: number,
  to: number,
  target: number,
): number {
  if (!Number.isSafeInteger(target)) return from;
  const low = target | 0;
  const high = Math.floor(target / 4294967296);
  for (let index = from; index < to; index += 1) {
    const at = start + (places[index] ?? 0);
    view.setInt32(at, low, true);
    view.setInt32(at + 4, high, true);
  }
  return to;
}
