import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FreeList } from '../../src/memory/free-list.js';

const step = fc.oneof(
  fc.record({
    take: fc.constant(true as const),
    size: fc.integer({ min: 1, max: 900 }),
    alignment: fc.constantFrom(1, 8, 16, 64, 256),
  }),
  fc.record({ take: fc.constant(false as const), which: fc.nat(50) }),
);

describe('the free list', () => {
  it('never hands out overlapping or misaligned ranges, and gives everything back', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const list = new FreeList(8192);
        const held: { start: number; size: number }[] = [];
        for (const action of steps) {
          if (action.take) {
            const start = list.take(action.size, action.alignment);
            if (start === undefined) continue;
            expect(start % action.alignment).toBe(0);
            expect(start + action.size).toBeLessThanOrEqual(8192);
            for (const other of held) {
              expect(start + action.size <= other.start || other.start + other.size <= start).toBe(true);
            }
            held.push({ start, size: action.size });
          } else if (held.length > 0) {
            const [range] = held.splice(action.which % held.length, 1);
            if (range !== undefined) list.give(range.start, range.size);
          }
          expect(list.used).toBe(held.reduce((sum, range) => sum + range.size, 0));
        }
        for (const range of held) list.give(range.start, range.size);
        expect(list.ranges()).toEqual([{ start: 0, end: 8192 }]);
      }),
    );
  });

  it('refuses what does not fit and takes nothing then', () => {
    const list = new FreeList(100);
    expect(list.take(101, 1)).toBeUndefined();
    expect(list.take(100, 1)).toBe(0);
    expect(list.take(1, 1)).toBeUndefined();
    expect(list.used).toBe(100);
  });

  it('refuses a range that is given back twice', () => {
    const list = new FreeList(100);
    list.take(10, 1);
    list.give(0, 10);
    expect(() => {
      list.give(0, 10);
    }).toThrow('given back once');
  });
});
