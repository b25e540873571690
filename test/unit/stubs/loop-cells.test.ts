import { describe, expect, it } from 'vitest';
import { type Address, address } from '../../../src/core/ids.js';
import { LoopCells } from '../../../stubs/loop-cells.js';
import { tableBlocks } from '../../support/table-blocks.js';

function cells() {
  const { memory, find } = tableBlocks();
  const made = new LoopCells(memory);
  /** The two words of a cell. */
  const read = (at: Address): readonly bigint[] => {
    const { block, offset } = find(at);
    const view = new DataView(block.bytes.buffer, block.bytes.byteOffset + offset, 16);
    return [view.getBigUint64(0, true), view.getBigUint64(8, true)];
  };
  return { made, read };
}

const code = address(0x7fff_1234_5670);

describe('the cells of loops', () => {
  it('I1: keep their addresses when there are more, and are found by them', () => {
    const { made } = cells();
    const all = Array.from({ length: 1000 }, () => made.allocate());
    const places = all.map((cell) => made.addressOf(cell));
    expect(new Set(places).size).toBe(1000);
    expect(places.every((place) => place % 16 === 0)).toBe(true);
    expect(places.map((place) => made.at(place))).toEqual(all);
    expect(made.at(address(16))).toBeUndefined();
    expect(made.ranges()).toHaveLength(4);
  });

  it('let a loop go on until they say otherwise, and after they were given back', () => {
    const { made, read } = cells();
    const cell = made.allocate();
    expect(read(made.addressOf(cell))[0]).toBe(0n);
    made.leave(cell, code, 1);
    made.release(cell);
    expect(made.allocate()).toBe(cell);
    expect(read(made.addressOf(cell))[0]).toBe(0n);
  });

  it('ask, or lead elsewhere, at an arrival', () => {
    const { made, read } = cells();
    const cell = made.allocate();
    made.ask(cell, 7);
    expect(read(made.addressOf(cell))).toEqual([1n, 7n]);
    made.leave(cell, code, 3);
    expect(read(made.addressOf(cell))).toEqual([BigInt(code) | 1n, 3n]);
    made.leave(cell, code, 1);
    expect(read(made.addressOf(cell))[0]).toBe(BigInt(code));
  });

  it('follow code that moves, and count on', () => {
    const { made, read } = cells();
    const cell = made.allocate();
    made.leave(cell, code, 1);
    made.redirect(cell, address(code + 64));
    expect(read(made.addressOf(cell))[0]).toBe(BigInt(code + 64));
    made.leave(cell, code, 3);
    made.redirect(cell, address(code + 64));
    expect(read(made.addressOf(cell))).toEqual([BigInt(code + 64) | 1n, 3n]);
  });
});
