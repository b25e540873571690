import { describe, expect, it } from 'vitest';
import { address, slotIndex } from '../../../src/core/ids.js';
import { LazyEntries } from '../../../stubs/lazy-entries.js';
import { tableBlocks } from '../../support/table-blocks.js';

const slots = 0x2000_0000;
const handler = address(0x7f00_1234_5678);
const engine = address(0x5500_0000_1000);

function entries() {
  const { memory, blocks, find } = tableBlocks();
  const slotAddress = (slot: number) => address(slots + slot * 8);
  const made = new LazyEntries(memory, { handler, engine, slotAddress });
  const view = (at: number): { readonly bytes: DataView; readonly offset: number } => {
    const { block, offset } = find(at);
    return { bytes: new DataView(block.bytes.buffer), offset };
  };
  const byte = (at: number): number => view(at).bytes.getUint8(view(at).offset);
  const target = (place: number): number => place + 4 + view(place).bytes.getInt32(view(place).offset, true);
  const word = (at: number): number => Number(view(at).bytes.getBigInt64(view(at).offset, true));
  return { made, blocks, byte, target, word };
}

describe('lazy entries', () => {
  it('load the address of their slot and call the tail, which passes the engine to the handler', () => {
    const { made, byte, target, word } = entries();
    for (const number of [0, 1, 511, 512, 3000]) {
      const slot = slotIndex(number);
      made.reserve(slot);
      const entry = made.entry(slot);
      expect([entry, entry + 1, entry + 2, entry + 7, entry + 12].map(byte)).toEqual([
        0x4c, 0x8d, 0x1d, 0xe8, 0xcc,
      ]);
      expect(target(entry + 3)).toBe(slots + number * 8);
      const tail = target(entry + 8);
      expect([tail, tail + 1, tail + 6, tail + 7].map(byte)).toEqual([0xff, 0x35, 0xff, 0x25]);
      expect([word(target(tail + 2)), word(target(tail + 8))]).toEqual([engine, handler]);
    }
  });

  it('are there for the slots near one that was reserved, and stay where they are', () => {
    const { made, blocks } = entries();
    made.reserve(slotIndex(600));
    const before = made.entry(slotIndex(1023));
    made.reserve(slotIndex(512));
    expect(blocks.length).toBe(2);
    made.reserve(slotIndex(0));
    expect(made.entry(slotIndex(1023))).toBe(before);
    expect(() => made.entry(slotIndex(1024))).toThrow(/reserved/);
  });

  it('are told from other code, and name the memory that they lie in', () => {
    const { made } = entries();
    made.reserve(slotIndex(0));
    const entry = made.entry(slotIndex(0));
    expect(
      [entry - 1, entry, entry + 512 * 16 - 1, entry + 512 * 16].map((at) => made.isEntry(address(at))),
    ).toEqual([false, true, true, false]);
    expect(made.ranges().map(({ kind, size }) => [kind, size])).toEqual([
      ['slots', 16],
      ['stubs', 512 * 16 + 16],
    ]);
  });
});
