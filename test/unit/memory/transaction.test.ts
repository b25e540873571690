import { describe, expect, it } from 'vitest';
import { address } from '../../../src/core/ids.js';
import { DualMappedMemory } from '../../../src/memory/dual-mapped.js';
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
