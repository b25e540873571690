import { describe, expect, it } from 'vitest';
import type { SlotIndex } from '../../../src/core/ids.js';
import { CallCounts } from '../../../src/engine/call-counts.js';
import { type OffsetTable, unarmedCount } from '../../../stubs/offset-table.js';

// Safe because it is no more than a key here.
const slot = 3 as SlotIndex;
const askedCount = 2 ** 20;

/** A counter, as compiled code counts it down and the runtime sets it when it has asked. */
function counter() {
  let left = unarmedCount;
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
  it('have the calls from before the first version was known to be there', () => {
    const { counts, call } = counter();
    call(3);
    counts.begin(slot, 500);
    expect(counts.read(slot)?.calls).toBe(3);
    call(497);
    expect(counts.asked(slot).calls).toBe(500);
    // The next version has none.
    counts.begin(slot, 1000);
    expect(counts.read(slot)?.calls).toBe(0);
  });

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

  it('go on however long a request waits', () => {
    const { counts, call } = counter();
    counts.begin(slot, 500);
    call(800_000);
    expect(counts.read(slot)?.calls).toBe(800_000);
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
