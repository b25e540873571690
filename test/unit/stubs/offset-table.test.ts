import { describe, expect, it } from 'vitest';
import { type Address, address } from '../../../src/core/ids.js';
import { OffsetTable } from '../../../stubs/offset-table.js';
import { tableBlocks } from '../../support/table-blocks.js';

function table() {
  const { memory, find } = tableBlocks();
  const made = new OffsetTable(memory);
  const read = (at: Address, bytes: number): number[] => {
    const { block, offset } = find(at);
    return [...block.bytes.subarray(offset, offset + bytes)];
  };
  return { made, read };
}

describe('the offset table', () => {
  it('I1: keeps the addresses of stub, slot and counter when it grows', () => {
    const { made } = table();
    const first = made.allocate();
    const before = [made.stubAddress(first), made.slotAddress(first), made.counterAddress(first)];
    for (let i = 0; i < 5000; i += 1) made.allocate();
    expect([made.stubAddress(first), made.slotAddress(first), made.counterAddress(first)]).toEqual(before);
  });

  it('encodes stubs as jmp *[slot], relative to the end of the instruction', () => {
    const { made, read } = table();
    const slot = made.allocate();
    const stub = made.stubAddress(slot);
    const bytes = read(stub, 8);
    expect(bytes.slice(0, 2)).toEqual([0xff, 0x25]);
    const displacement = new DataView(new Uint8Array(bytes).buffer).getInt32(2, true);
    expect(stub + 6 + displacement).toBe(made.slotAddress(slot));
    expect(bytes.slice(6)).toEqual([0xcc, 0xcc]);
  });

  it('has counters that ask for nothing until they are armed, also those that were used before', () => {
    const { made } = table();
    const slot = made.allocate();
    expect(made.remaining(slot)).toBe(2 ** 30);
    made.arm(slot, 3);
    made.release(slot);
    expect(made.allocate()).toBe(slot);
    expect(made.remaining(slot)).toBe(2 ** 30);
  });

  it('holds no address until it is published', () => {
    const { made } = table();
    const slot = made.allocate();
    expect(made.current(slot)).toBe(0);
    made.publish(slot, address(0x7fff_1234_5678));
    expect(made.current(slot)).toBe(0x7fff_1234_5678);
    made.release(slot);
    expect(made.current(made.allocate())).toBe(0);
  });

  it('finds a function by the address of its counter', () => {
    const { made } = table();
    const slots = Array.from({ length: 1500 }, () => made.allocate());
    for (const slot of slots) expect(made.indexOfCounter(made.counterAddress(slot))).toBe(slot);
    expect(made.indexOfCounter(address(1))).toBeUndefined();
  });

  it('arms counters one by one', () => {
    const { made } = table();
    const [one, other] = [made.allocate(), made.allocate()];
    made.arm(one, 1000);
    made.arm(other, 5);
    expect([made.remaining(one), made.remaining(other)]).toEqual([1000, 5]);
  });

  it('tells stubs from other code', () => {
    const { made } = table();
    const slot = made.allocate();
    expect(made.isStub(made.stubAddress(slot))).toBe(true);
    expect(made.isStub(made.slotAddress(slot))).toBe(false);
  });
});
