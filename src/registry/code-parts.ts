/** The parts of a version's code: which function an address belongs to. */
import type { Address } from '../core/ids.js';
import type { Version } from './records.js';

/** What a part is called that holds what is cold in a function, as compilers and debuggers have it. */
const coldSuffix = '.cold';

/** A function of a version, or its cold part where that lies apart. */
export interface CodePart {
  /** The function. */
  readonly function: string;
  /** The function's name, or that of its cold part. */
  readonly name: string;
  readonly start: Address;
}

/** Of versions that were asked about. */
const known = new WeakMap<Pick<Version, 'coldParts' | 'entries'>, readonly CodePart[]>();

/**
 * The parts of a version.
 *
 * @param version - The version.
 * @returns By ascending address.
 */
export function partsOf(version: Pick<Version, 'coldParts' | 'entries'>): readonly CodePart[] {
  const found = known.get(version);
  if (found !== undefined) return found;
  const parts = [
    ...Array.from(version.entries, ([name, start]) => ({ function: name, name, start })),
    ...Array.from(version.coldParts, ([name, start]) => ({ function: name, name: name + coldSuffix, start })),
  ].sort((one, other) => one.start - other.start);
  known.set(version, parts);
  return parts;
}

/**
 * The part that an address lies in.
 *
 * @param version - The version whose code it is.
 * @param code - The address.
 * @returns Undefined if it lies before all parts.
 */
export function partAt(version: Pick<Version, 'coldParts' | 'entries'>, code: Address): CodePart | undefined {
  const parts = partsOf(version);
  let low = 0;
  let high = parts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((parts[middle]?.start ?? Infinity) <= code) low = middle + 1;
    else high = middle;
  }
  return parts[low - 1];
}
