/** What was counted of one function, as LLVM's indexed profiles have it, and how two such counts are put together. */
import { md5 } from '../core/hashes.js';

/** A value that a site saw, and how often. */
export interface SeenValue {
  /** Of an indirect call: the first 8 bytes of MD5 of the name of the target, 0 for one that is not known. Of a memory operation: bytes. */
  readonly value: bigint;
  readonly count: bigint;
}

/** What was counted of one function. */
export interface FunctionProfile {
  /** As LLVM has it: the linker name, or for a static function `file;name`. */
  readonly name: string;
  /** Of its control flow; counters mean nothing for another one. */
  readonly hash: bigint;
  /** Of edges, in LLVM's order; from these all others follow. */
  readonly counts: BigUint64Array;
  /** The targets of each indirect call. */
  readonly calls: readonly (readonly SeenValue[])[];
  /** The sizes of each memory operation whose size is not constant. */
  readonly sizes: readonly (readonly SeenValue[])[];
}

const highest = 2n ** 64n - 1n;

/** What stands for a function in the values of indirect calls: the first half of MD5 of its name in profiles. */
export function nameHash(name: string): bigint {
  return md5(name).readBigUInt64LE(0);
}

/** The highest count of a function, by which is told how much was seen of it. */
export function mostSeen({ counts }: Pick<FunctionProfile, 'counts'>): bigint {
  let most = 0n;
  for (const count of counts) if (count > most) most = count;
  return most;
}

/** What tells functions apart in a profile: the same name may have been counted for two contents. */
function keyOf({ name, hash }: Pick<FunctionProfile, 'name' | 'hash'>): string {
  return `${name} ${hash.toString(16)}`;
}

/**
 * Puts profiles together: counts of the same function and hash are added.
 *
 * @param profiles - The profiles.
 * @returns One record for each function and hash, in the order in which they first come.
 */
export function merged(profiles: readonly Iterable<FunctionProfile>[]): FunctionProfile[] {
  const records = new Map<string, FunctionProfile>();
  for (const profile of profiles) {
    for (const record of profile) {
      const key = keyOf(record);
      const known = records.get(key);
      records.set(key, known === undefined ? record : sum(known, record));
    }
  }
  return [...records.values()];
}

/** Of the same control flow there are as many counters and sites, unless two flows have one hash: then the first stands. */
function sum(one: FunctionProfile, other: FunctionProfile): FunctionProfile {
  const isAlike =
    one.counts.length === other.counts.length &&
    one.calls.length === other.calls.length &&
    one.sizes.length === other.sizes.length;
  if (!isAlike) return one;
  return {
    ...one,
    counts: one.counts.map((count, index) => added(count, other.counts[index] ?? 0n)),
    calls: one.calls.map((site, index) => mergedValues([...site, ...(other.calls[index] ?? [])])),
    sizes: one.sizes.map((site, index) => mergedValues([...site, ...(other.sizes[index] ?? [])])),
  };
}

/** Each value once, the most frequent first. */
export function mergedValues(values: Iterable<SeenValue>): SeenValue[] {
  const counts = new Map<bigint, bigint>();
  for (const { value, count } of values) counts.set(value, added(counts.get(value) ?? 0n, count));
  return Array.from(counts, ([value, count]) => ({ value, count }))
    .filter(({ count }) => count > 0n)
    .sort((one, other) => (one.count > other.count ? -1 : 1));
}

function added(one: bigint, other: bigint): bigint {
  const total = one + other;
  return total > highest ? highest : total;
}
