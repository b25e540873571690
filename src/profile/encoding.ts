/**
 * Profiles as they cross over to the addon and between threads: words of 8 bytes, little-endian. For each function the
 * length of its name, the name (filled up to a word), the hash, how many counters, these; then for calls and for sizes
 * how many sites, for each how many values, for each the value and its count (`native/profile_words.cc`).
 */
import type { FunctionProfile, SeenValue } from './record.js';

const wordBytes = 8;

/**
 * Encodes records.
 *
 * @param records - The records.
 * @returns The bytes.
 */
export function encodeProfile(records: readonly FunctionProfile[]): Uint8Array {
  const names = records.map(({ name }) => Buffer.from(name));
  const words = records.reduce((sum, record, index) => {
    return sum + wordsOf(names[index]?.length ?? 0) + record.counts.length + 3 + siteWords(record);
  }, 0);
  const out = new BigUint64Array(words);
  const bytes = new Uint8Array(out.buffer);
  let at = 0;
  const put = (word: bigint): void => {
    out[at] = word;
    at += 1;
  };
  for (const [index, { hash, counts, calls, sizes }] of records.entries()) {
    const name = names[index] ?? Buffer.alloc(0);
    put(BigInt(name.length));
    bytes.set(name, at * wordBytes);
    at += wordsOf(name.length);
    put(hash);
    put(BigInt(counts.length));
    out.set(counts, at);
    at += counts.length;
    for (const sites of [calls, sizes]) {
      put(BigInt(sites.length));
      for (const values of sites) {
        put(BigInt(values.length));
        for (const { value, count } of values) {
          put(value);
          put(count);
        }
      }
    }
  }
  return bytes;
}

/**
 * Decodes what {@link encodeProfile} or the addon encoded.
 *
 * @param bytes - The bytes, whole words.
 * @returns The records.
 */
export function decodeProfile(bytes: Uint8Array): FunctionProfile[] {
  // A copy, since a word must lie at a multiple of 8.
  const copy = Uint8Array.from(bytes);
  const words = new BigUint64Array(copy.buffer, 0, Math.floor(copy.length / wordBytes));
  const records: FunctionProfile[] = [];
  let at = 0;
  const take = (): bigint => {
    const word = words[at] ?? 0n;
    at += 1;
    return word;
  };
  const takeSites = (): SeenValue[][] =>
    Array.from({ length: Number(take()) }, () =>
      Array.from({ length: Number(take()) }, () => ({ value: take(), count: take() })),
    );
  while (at < words.length) {
    const length = Number(take());
    const name = Buffer.from(copy.buffer, at * wordBytes, length).toString();
    at += wordsOf(length);
    const hash = take();
    const counters = Number(take());
    const counts = words.slice(at, at + counters);
    at += counters;
    records.push({ name, hash, counts, calls: takeSites(), sizes: takeSites() });
  }
  return records;
}

function wordsOf(bytes: number): number {
  return Math.ceil(bytes / wordBytes);
}

/** With the number of sites of each kind. */
function siteWords({ calls, sizes }: FunctionProfile): number {
  return [...calls, ...sizes].reduce((sum, values) => sum + 1 + 2 * values.length, 2);
}
