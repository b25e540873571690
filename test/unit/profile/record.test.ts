import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cellsBytes, cellsShape, readCells } from '../../../src/profile/cells.js';
import { decodeProfile, encodeProfile } from '../../../src/profile/encoding.js';
import { type FunctionProfile, merged, nameHash } from '../../../src/profile/record.js';
import { isTrusted } from '../../../src/profile/trust.js';

const word = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const sites = fc.array(fc.array(fc.record({ value: word, count: word }), { maxLength: 4 }), { maxLength: 3 });
const profiles: fc.Arbitrary<FunctionProfile[]> = fc.array(
  fc.record({
    name: fc.string({ minLength: 1, unit: 'grapheme' }),
    hash: word,
    counts: fc.array(word, { maxLength: 6 }).map((counts) => BigUint64Array.from(counts)),
    calls: sites,
    sizes: sites,
  }),
  { maxLength: 6 },
);
const record = (over: Partial<FunctionProfile>): FunctionProfile => ({
  name: 'f',
  hash: 1n,
  counts: BigUint64Array.of(1n, 2n),
  calls: [],
  sizes: [],
  ...over,
});

describe('an encoded profile', () => {
  it('is decoded to what it was', () => {
    fc.assert(
      fc.property(profiles, (given) => {
        const bytes = encodeProfile(given);
        expect(decodeProfile(bytes)).toEqual(given);
        // Wherever it lies in a buffer.
        const shifted = new Uint8Array(bytes.length + 3);
        shifted.set(bytes, 3);
        expect(decodeProfile(shifted.subarray(3))).toEqual(given);
      }),
    );
  });
});

describe('merged profiles', () => {
  it('add the counts of what has one name and one hash, and no others', () => {
    const other = record({ counts: BigUint64Array.of(10n, 2n ** 64n - 1n) });
    const changed = record({ hash: 2n });
    const [first, second, ...rest] = merged([[record({})], [other, changed]]);
    expect(first?.counts).toEqual(BigUint64Array.of(11n, 2n ** 64n - 1n));
    expect([second, rest]).toEqual([changed, []]);
  });

  it('have each value of a site once, the most frequent first', () => {
    const site = (...values: [bigint, bigint][]) => [values.map(([value, count]) => ({ value, count }))];
    const both = merged([
      [record({ calls: site([1n, 5n], [2n, 1n]) })],
      [record({ calls: site([2n, 9n], [3n, 2n]) })],
    ]);
    expect(both[0]?.calls).toEqual(site([2n, 10n], [1n, 5n], [3n, 2n]));
  });

  it('keep the first of two that are not alike', () => {
    const short = record({ counts: BigUint64Array.of(7n) });
    expect(merged([[short], [record({})]])).toEqual([short]);
  });
});

describe('cells', () => {
  it('are described by their name', () => {
    const shape = cellsShape('__tierlink_profile.1a2b.3.1.2.a.b.m3');
    expect(shape).toEqual({ symbol: 'a.b.m3', hash: 0x1a2bn, counters: 3, callSites: 1, sizeSites: 2 });
    expect(shape && cellsBytes(shape)).toBe((3 + 3 * 16) * 8);
    expect(cellsShape('__tierlink_counter.f')).toBeUndefined();
    expect(cellsShape('__tierlink_profile.1a2b.x')).toBeUndefined();
  });

  it('are read as counters, targets and sizes; what was never run is nothing', () => {
    const shape = { symbol: 'f', hash: 9n, counters: 2, callSites: 1, sizeSites: 1 };
    const words = new BigUint64Array(2 + 32);
    const bytes = new Uint8Array(words.buffer);
    expect(readCells(shape, bytes, 'f', () => 0n)).toBeUndefined();
    words.set([4n, 0n, 100n, 1n, 200n, 3n]);
    words.set([8n, 4n], 18);
    expect(readCells(shape, bytes, 'file;f', (address) => address + 1n)).toEqual({
      name: 'file;f',
      hash: 9n,
      counts: BigUint64Array.of(4n, 0n),
      calls: [
        [
          { value: 201n, count: 3n },
          { value: 101n, count: 1n },
        ],
      ],
      sizes: [[{ value: 8n, count: 4n }]],
    });
  });
});

it('a name stands for a function as LLVM has it', () => {
  // llvm::MD5Hash("main").
  expect(nameHash('main')).toBe(0xdb956436e78dd5fan);
});

it('what was seen fewer than a hundred times is not trusted', () => {
  expect(isTrusted(record({ counts: BigUint64Array.of(99n, 0n) }))).toBe(false);
  expect(isTrusted(record({ counts: BigUint64Array.of(0n, 100n) }))).toBe(true);
});
