import { describe, expect, it } from 'vitest';
import { Transaction } from '../../../src/memory/transaction.js';
import { sectionMemory } from './fakes.js';

describe('a transaction', () => {
  it('gives every block back when it aborts, last first', () => {
    const target = sectionMemory();
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
    const target = sectionMemory();
    const transaction = new Transaction(target);
    transaction.allocate('code', 100, 16, 'm');
    transaction.commit();
    transaction.abort();
    expect(target.used('code')).toBe(100);
  });

  it('takes nothing after it ended', () => {
    const transaction = new Transaction(sectionMemory());
    transaction.commit();
    expect(() => transaction.allocate('code', 1, 1, 'm')).toThrow('after it ended');
  });
});
