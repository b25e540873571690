import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Address, address, type SlotIndex, slotIndex } from '../../src/core/ids.js';
import { DirectCalls } from '../../src/engine/direct-calls.js';
import type { Target } from '../../src/link/context.js';
import type { LinkedImage } from '../../src/link/image.js';
import { linkImage } from '../../src/link/link.js';
import { prepareObject } from '../../src/link/prepare.js';
import type { Definition } from '../../src/registry/definition.js';
import { buildObject, flags, type RelocationSpec } from '../unit/elf/elf-builder.js';
import { contextOf, jitFunction, placementAt } from '../unit/link/link-bench.js';

/** Calls and jumps: opcode bytes, and the relocation of the four bytes behind them. */
const instructions = [
  { opcode: [0xe8], type: 4 },
  { opcode: [0xe9], type: 4 },
  { opcode: [0xff, 0x15], type: 41 },
  { opcode: [0xff, 0x25], type: 41 },
] as const;
const names = ['f', 'g', 'h'] as const;
const codeAt = 0x1000_0000_0000;

const site = fc.record({
  instruction: fc.nat({ max: instructions.length - 1 }),
  callee: fc.nat({ max: names.length - 1 }),
  padding: fc.nat({ max: 40 }),
});
/** Where each function's code is: near the callers. */
const codes = fc.tuple(
  ...names.map(() => fc.nat({ max: 0xff_ffff }).map((offset) => codeAt + 0x100_0000 + offset)),
);

function objectOf(sites: readonly { instruction: number; callee: number; padding: number }[]): Uint8Array {
  const content: number[] = [];
  const relocations: RelocationSpec[] = [];
  for (const { instruction, callee, padding } of sites) {
    const { opcode, type } = instructions[instruction] ?? instructions[0];
    content.push(...new Array<number>(padding).fill(0x90), ...opcode);
    relocations.push({ offset: content.length, type, symbol: callee, addend: -4 });
    content.push(0, 0, 0, 0);
  }
  return buildObject(
    [
      {
        name: '.text',
        flags: flags.alloc | flags.exec,
        content: Uint8Array.from(content),
        alignment: 16,
        relocations,
      },
    ],
    names.map((name) => ({ name, section: 'undefined' as const })),
  );
}

function link(object: Uint8Array, at: number, direct: readonly number[]): LinkedImage {
  const targets = Object.fromEntries(names.map((name, index) => [name, jitFunction(index, direct[index])]));
  const image = prepareObject(object, 'm');
  return linkImage(
    image,
    placementAt(image, { code: at, readonly: at + 0x4000_0000, data: at + 0x5000_0000 }),
    contextOf(targets),
  );
}

/** Direct calls over tables that hold `current`, with the patches that were stored. */
function directCalls(current: readonly number[]): { calls: DirectCalls; patches: [number, number][] } {
  const stub = (slot: SlotIndex): Address => (jitFunction(slot) as Target & { stub: Address }).stub;
  const patches: [number, number][] = [];
  const calls = new DirectCalls({
    chain: {
      find: (name) => {
        const slot = slotIndex(names.indexOf(name as 'f'));
        // Safe because nothing but the slot is read.
        return { kind: 'definition', definition: { slot } as Definition, offset: 0 };
      },
    },
    table: { current: (slot) => address(current[slot] ?? 0), stubAddress: stub },
    patch: (pairs) => {
      for (let at = 0; at < pairs.length; at += 2)
        patches.push([Number(pairs[at]), Number(BigInt.asIntN(64, pairs[at + 1] ?? 0n))]);
    },
  });
  return { calls, patches };
}

function store(image: LinkedImage, patches: readonly (readonly [number, number])[]): void {
  const code = image.placement.code;
  if (code === undefined) throw new Error('an image of calls has code');
  const view = new DataView(code.bytes.buffer);
  for (const [place, displacement] of patches) view.setInt32(place - code.address, displacement, true);
}

describe('patching direct calls (I7)', () => {
  it('stores displacements within one cache line only, and gives the bytes of a fresh link', () => {
    let patched = 0;
    fc.assert(
      fc.property(
        fc.array(site, { minLength: 1, maxLength: 40 }),
        fc.nat({ max: 63 }).map((step) => codeAt + step * 16),
        codes,
        codes,
        (sites, at, before, after) => {
          const object = objectOf(sites);
          const image = link(object, at, before);
          const { calls, patches } = directCalls(after);
          calls.add(image);
          expect(calls.repoint([0, 1, 2].map(slotIndex))).toBe(patches.length);
          for (const [place] of patches) expect(place % 64).toBeLessThanOrEqual(60);
          expect(new Set(patches.map(([place]) => place)).size).toBe(patches.length);
          store(image, patches);
          expect(image.placement.code?.bytes).toEqual(link(object, at, after).placement.code?.bytes);
          patched += patches.length;
        },
      ),
      { numRuns: 300 },
    );
    expect(patched).toBeGreaterThan(800);
  });

  it('turns only the calls of the functions that were published', () => {
    const object = objectOf([0, 1, 2, 0].map((callee) => ({ instruction: 0, callee, padding: 11 })));
    const before = [1, 2, 3].map((page) => codeAt + page * 0x1000);
    const after = [4, 5, 6].map((page) => codeAt + page * 0x1000);
    const image = link(object, codeAt, before);
    const { calls, patches } = directCalls(after);
    calls.add(image);
    expect(calls.repoint([slotIndex(0)])).toBe(2);
    store(image, patches);
    expect(image.placement.code?.bytes).toEqual(
      link(object, codeAt, [after[0] ?? 0, before[1] ?? 0, before[2] ?? 0]).placement.code?.bytes,
    );
    calls.remove(image);
    expect(calls.repoint([0, 1, 2].map(slotIndex))).toBe(0);
  });

  it('sends a call to the stub when the new code is out of its reach', () => {
    const image = link(
      objectOf([{ instruction: 0, callee: 1, padding: 3 }]),
      codeAt,
      [1, 2, 3].map((page) => codeAt + page * 0x1000),
    );
    const { calls, patches } = directCalls([0, 0x7fff_0000_0000, 0]);
    calls.add(image);
    calls.repoint([slotIndex(1)]);
    const stub = (jitFunction(1) as Target & { stub: Address }).stub;
    expect(patches).toEqual([[codeAt + 4, stub - (codeAt + 8)]]);
  });
});
