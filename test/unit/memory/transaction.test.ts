import { describe, expect, it } from 'vitest';
import { address } from '../../../src/core/ids.js';
import { DualMappedMemory } from '../../../src/memory/dual-mapped.js';
import { Retirement } from '../../../src/memory/retirement.js';
import { Transaction } from '../../../src/memory/transaction.js';

function memory() {
  const region = (start: number) => ({ address: address(start), bytes: new Uint8Array(4096) });
  return new DualMappedMemory(
    { code: region(0x10000), readonly: region(0x20000), data: region(0x30000) },
    0xcc,
  );
}

describe('a transaction', () => {
  it('gives every block back when it aborts, last first', () => {
    const target = memory();
    const order: string[] = [];
    const transaction = new Transaction(target);
    transaction.allocate('code', 100, 16, 'm');
    transaction.onAbort(() => order.push('first'));
    transaction.allocate('data', 50, 8, 'm');
    transaction.onAbort(() => order.push('second'));
    transaction.abort();
    expect(order).toEqual(['second', 'first']);
    expect([target.used('code'), target.used('data')]).toEqual([0, 0]);
  });

  it('keeps every block once it is committed', () => {
    const target = memory();
    const transaction = new Transaction(target);
    transaction.allocate('code', 100, 16, 'm');
    transaction.commit();
    transaction.abort();
    expect(target.used('code')).toBe(100);
  });

  it('takes nothing after it ended', () => {
    const transaction = new Transaction(memory());
    transaction.commit();
    expect(() => transaction.allocate('code', 1, 1, 'm')).toThrow('after it ended');
  });
});

describe('dual-mapped memory', () => {
  it('names module, region and limit when a region is full', () => {
    expect(() => memory().allocate('readonly', 5000, 16, 'big.bc')).toThrow(
      expect.objectContaining({
        code: 'MEMORY_EXHAUSTED',
        details: { module: 'big.bc', region: 'readonly', needed: 5000, limit: 4096 },
      }),
    );
  });

  it('overwrites released code with traps and hands it out zeroed', () => {
    const target = memory();
    const block = target.allocate('code', 16, 16, 'm');
    block.bytes.fill(0x90);
    target.release(block);
    expect([...block.bytes]).toEqual(new Array(16).fill(0xcc));
    const again = target.allocate('code', 16, 16, 'm');
    expect(again.address).toBe(block.address);
    expect([...again.bytes]).toEqual(new Array(16).fill(0));
  });
});

describe('I5: retired memory', () => {
  it('is reclaimed only while no mutator is inside', () => {
    let inside = 1;
    const reclaimed: string[] = [];
    const retirement = new Retirement(() => inside);
    retirement.retire({ bytes: 10, reclaim: () => reclaimed.push('a') });
    expect(retirement.poll()).toBe(0);
    expect([retirement.retiredBytes, retirement.reclaimedBytes]).toEqual([10, 0]);
    inside = 0;
    expect(retirement.poll()).toBe(1);
    expect(reclaimed).toEqual(['a']);
    expect([retirement.retiredBytes, retirement.reclaimedBytes]).toEqual([0, 10]);
  });
});
