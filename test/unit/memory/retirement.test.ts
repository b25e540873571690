import { describe, expect, it } from 'vitest';
import { type Retired, Retirement } from '../../../src/memory/retirement.js';

describe('I5: retired memory', () => {
  const reclaimed: string[] = [];
  const item = (name: string, ...ranges: readonly (readonly [number, number])[]): Retired => ({
    name,
    bytes: 10,
    ranges: ranges.map(([start, end]) => ({ start, end })),
    reclaim: () => reclaimed.push(name),
  });

  it('is reclaimed only when nothing refers to any of its ranges', () => {
    reclaimed.length = 0;
    let referredTo = [0x2000n, 0x5000n];
    const asked: bigint[][] = [];
    const retirement = new Retirement((ranges) => {
      asked.push([...ranges]);
      const starts = [...ranges].filter((_, index) => index % 2 === 0);
      return Uint8Array.from(starts, (start) => (referredTo.includes(start) ? 1 : 0));
    });
    retirement.retire(item('a', [0x4000, 0x4100], [0x2000, 0x2100]));
    retirement.retire(item('b', [0x1000, 0x1100]));
    retirement.retire(item('c', [0x5000, 0x5100]));
    expect(retirement.held().map(({ hold }) => hold)).toEqual(['waiting', 'waiting', 'waiting']);
    expect(retirement.poll()).toBe(1);
    expect(asked).toEqual([[0x1000n, 0x1100n, 0x2000n, 0x2100n, 0x4000n, 0x4100n, 0x5000n, 0x5100n]]);
    expect(reclaimed).toEqual(['b']);
    expect(retirement.held()).toEqual([
      { name: 'a', bytes: 10, hold: 'referred' },
      { name: 'c', bytes: 10, hold: 'referred' },
    ]);
    expect([retirement.retiredBytes, retirement.reclaimedBytes]).toEqual([20, 10]);
    referredTo = [0x5000n];
    expect(retirement.poll()).toBe(1);
    referredTo = [];
    expect(retirement.poll()).toBe(1);
    expect(reclaimed).toEqual(['b', 'a', 'c']);
    expect([retirement.count, retirement.retiredBytes, retirement.reclaimedBytes]).toEqual([0, 0, 30]);
    expect(retirement.poll()).toBe(0);
    expect(asked).toHaveLength(3);
  });

  it('is held as long as a thread could not be examined', () => {
    reclaimed.length = 0;
    const retirement = new Retirement((ranges) => new Uint8Array(ranges.length / 2).fill(2));
    retirement.retire(item('a', [1, 2]));
    expect(retirement.poll()).toBe(0);
    expect(retirement.held()).toEqual([{ name: 'a', bytes: 10, hold: 'undecided' }]);
    expect(reclaimed).toEqual([]);
  });
});
