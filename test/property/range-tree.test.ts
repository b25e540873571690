import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alignedStart, RangeTree } from '../../src/core/range-tree.js';

interface Plain {
  readonly start: number;
  readonly end: number;
  readonly value: string;
}

/** Cells of 16 bytes, each free or the start of a range of up to 16 bytes: so ranges never overlap. */
const step = fc.record({
  cell: fc.nat({ max: 40 }),
  skip: fc.nat({ max: 7 }),
  size: fc.integer({ min: 1, max: 8 }),
});
const question = fc.record({
  place: fc.integer({ min: -3, max: 700 }),
  size: fc.integer({ min: 1, max: 9 }),
  alignment: fc.constantFrom(1, 2, 4, 8, 16),
});

const plain = ({ start, end, value }: Plain): Plain => ({ start, end, value });

describe('a range tree', () => {
  it('answers as a sorted list does, whatever comes and goes', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 150 }),
        fc.array(question, { maxLength: 30 }),
        fc.subarray([1, 2, 4, 8, 16]),
        (steps, questions, kept) => {
          const tree = new RangeTree<string>(kept);
          let model: Plain[] = [];
          for (const { cell, skip, size } of steps) {
            const known = model.find(({ start }) => Math.floor(start / 16) === cell);
            if (known === undefined) {
              const start = cell * 16 + skip;
              const range = { start, end: start + size, value: `${String(cell)}+${String(skip)}` };
              tree.add(range.start, range.end, range.value);
              model = [...model, range].sort((one, other) => one.start - other.start);
            } else if (size > 6) {
              // Grown or shrunk within its cell.
              const [start, end] = [cell * 16 + (skip >> 1), cell * 16 + skip + size];
              const range = tree.floor(known.start);
              if (range === undefined) throw new Error('a known range is found');
              tree.resize(range, start, end);
              model = model.map((one) => (one === known ? { ...one, start, end } : one));
            } else {
              expect(tree.remove(known.start + size)).toBe(false);
              expect(tree.remove(known.start)).toBe(true);
              model = model.filter((range) => range !== known);
            }
            expect(tree.size).toBe(model.length);
          }
          expect(Array.from(tree, plain)).toEqual(model);
          expect(tree.last()?.start).toBe(model.at(-1)?.start);
          for (const { place, size, alignment } of questions) {
            expect(tree.floor(place)?.start).toBe(model.findLast(({ start }) => start <= place)?.start);
            expect(tree.above(place)?.start).toBe(model.find(({ start }) => start > place)?.start);
            const fit = model.find((range) => alignedStart(range.start, alignment) + size <= range.end);
            expect(tree.firstFit(size, alignment)?.value).toBe(fit?.value);
          }
        },
      ),
    );
  });

  it('stays shallow when ranges come in order, and when every other one goes', () => {
    const tree = new RangeTree<number>();
    let reads = 0;
    const counted = { valueOf: () => ((reads += 1), 0) };
    for (let index = 0; index < 50_000; index += 1) tree.add(index * 32, index * 32 + 16, index);
    for (let index = 0; index < 50_000; index += 2) tree.remove(index * 32);
    // A place that counts how often it is compared with: once a level.
    for (let round = 0; round < 100; round += 1) tree.floor(counted as unknown as number);
    expect(reads / 100).toBeGreaterThan(5);
    expect(reads / 100).toBeLessThan(60);
    expect(tree.size).toBe(25_000);
  });

  it('finds room at an alignment without looking at each gap that has none', () => {
    const tree = new RangeTree<number>([1, 16]);
    let looks = 0;
    const count = 20_000;
    // Gaps of 12 bytes behind blocks of 4 that are aligned to 16, and a free end.
    for (let index = 0; index < count; index += 1) tree.add(index * 16 + 4, index * 16 + 16, index);
    tree.add(count * 16, count * 16 + 4096, -1);
    const size = { valueOf: () => ((looks += 1), 4) } as unknown as number;
    expect(tree.firstFit(size, 16)?.value).toBe(-1);
    expect(looks).toBeLessThan(200);
  });
});
