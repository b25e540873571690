import { describe, expect, it } from 'vitest';
import type { SlotIndex } from '../../../src/core/ids.js';
import { CallCounts } from '../../../src/engine/call-counts.js';
import type { OffsetTable } from '../../../stubs/offset-table.js';

// Safe because it is no more than a key here.
const slot = 3 as SlotIndex;
const askedCount = 2 ** 20;

/** A counter, as compiled code counts it down and the runtime sets it when it has asked. */
function counter() {
  let left = 0;
  const table: Pick<OffsetTable, 'arm' | 'remaining'> = {
    arm: (_slot, calls) => {
      left = calls;
    },
    remaining: () => left,
  };
  let now = 0;
  // Safe because counts need nothing else of a table.
  const counts = new CallCounts(table as OffsetTable, () => (now += 1));
  const call = (times: number): void => {
    for (let done = 0; done < times; done += 1) {
      left -= 1;
      if (left === 0) left = askedCount;
    }
  };
  const hold = (calls: number): void => {
    left = calls;
  };
  return { counts, call, hold };
}

describe('counts of calls', () => {
  it('go on while a request waits for its answer', () => {
    const { counts, call } = counter();
    counts.begin(slot, 500);
    call(499);
    expect(counts.read(slot)?.calls).toBe(499);
    call(1);
    expect(counts.read(slot)?.calls).toBe(500);
    call(70);
    expect(counts.read(slot)?.calls).toBe(570);
  });

  it('begin anew with each version, and can be told apart', () => {
    const { counts, call } = counter();
    counts.begin(slot, 500);
    call(20);
    const before = counts.read(slot);
    counts.begin(slot, 500);
    expect(counts.read(slot)?.calls).toBe(0);
    expect(counts.read(slot)?.sinceMs).not.toBe(before?.sinceMs);
  });

  it('do not take for calls what a full ring leaves behind', () => {
    const { counts, hold } = counter();
    counts.begin(slot, 500);
    hold(1000);
    expect(counts.read(slot)?.calls).toBe(500);
  });
});
