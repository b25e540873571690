import { describe, expect, it } from 'vitest';
import { fixup } from '../../../src/link/fixup-codes-x86-64.js';
import { NameTable } from '../../../src/link/names.js';
import type { FixupVisitor, PreservedRelocations } from '../../../src/link/preserved.js';
import { PreservedBuilder } from '../../../src/link/preserved-builder.js';
import { need, referenceRow, type References } from '../../../src/link/references.js';
import { type AddReference, groupedEntries } from './grouped-entries.js';

/** Of any test here. */
const mostEntries = 70_000;

function referencesTo(count: number): References {
  const rows = Int32Array.from({ length: count }, (_unused, index) => referenceRow(index, need.address));
  return { names: new NameTable(), rows, count, own: new Map(), cellStart: 0 };
}

/** Entries in the code block alone. */
function build(
  references: number,
  add: (addReference: AddReference, builder: PreservedBuilder) => void,
): PreservedRelocations | undefined {
  const builder = new PreservedBuilder();
  builder.start(mostEntries);
  add(groupedEntries(builder), builder);
  for (let block = 0; block < 3; block += 1) builder.endBlock();
  return builder.build(referencesTo(references));
}

function shown(run: (visit: FixupVisitor) => void): number[][] {
  const found: number[][] = [];
  run((_block, place, code, addend, base, operand) => found.push([place, code, addend, base, operand]));
  return found;
}

const tableBytes = 4;
/** A window's record, and one more. */
const windowBytes = 24;

describe('an entry against a reference', () => {
  it('takes 4 bytes, its group 5', () => {
    const preserved = build(1, (addReference) => {
      for (let index = 0; index < 40; index += 1) addReference(index * 8, fixup.pc32, 0, -4);
    });
    expect(preserved?.bytes).toBe(Math.ceil((windowBytes + 40 * 4 + 5) / 4) * 4 + tableBytes);
  });

  it('tells more than 65,536 references apart, with 2 bytes more a group', () => {
    const add = (addReference: AddReference): void => {
      for (const reference of [0, 4464, 65_535, 65_536, 70_000]) {
        addReference(reference * 4, fixup.abs64, reference % 70_001, 0);
      }
    };
    const wide = build(70_001, add);
    expect(shown((visit) => wide?.forReference(70_000, visit))).toEqual([
      [280_000, fixup.abs64, 0, 0, 70_000],
    ]);
    expect(shown((visit) => wide?.forReference(4464, visit))).toEqual([[17_856, fixup.abs64, 0, 0, 4464]]);
    expect(shown((visit) => wide?.inBlock('code', visit))).toHaveLength(5);
    const few = (addReference: AddReference): void => {
      for (let index = 0; index < 40; index += 1) addReference(index * 8, fixup.pc32, index, -4);
    };
    const perGroup = (count: number): number => ((build(count, few)?.bytes ?? 0) - count * tableBytes) / 40;
    expect(perGroup(65_537) - perGroup(65_536)).toBe(2);
  });

  it('lies anywhere in a block of 2 GiB', () => {
    const places = [0, 0xffff, 0x1_0000, 0x2_0001, 0x7ffe_fff8];
    const preserved = build(2, (addReference) => {
      for (const place of places) addReference(place, fixup.branch32, 1, -4);
    });
    expect(shown((visit) => preserved?.forReference(1, visit)).map(([place]) => place)).toEqual(places);
    expect(
      shown((visit) => preserved?.within('code', 0x1_0000, 0x7ffe_fff8, visit)).map(([place]) => place),
    ).toEqual([0x1_0000, 0x2_0001]);
  });

  it('takes 12 bytes more when its addend is not the usual one', () => {
    const bytes = (addend: number): number =>
      build(1, (addReference) => {
        addReference(0, fixup.abs64, 0, addend);
      })?.bytes ?? 0;
    expect(bytes(7) - bytes(0)).toBe(12);
  });

  it('may be the 65,536th of its window, but no further', () => {
    const fill = (count: number): PreservedRelocations | undefined =>
      build(1, (addReference) => {
        for (let index = 0; index < count; index += 1) {
          addReference(Math.min(index, 0xffff), fixup.abs8, 0, 0);
        }
      });
    const full = fill(65_536);
    expect(shown((visit) => full?.within('code', 0xffff, 0x1_0000, visit))).toHaveLength(1);
    expect(shown((visit) => full?.forReference(0, visit))).toHaveLength(65_536);
    expect(fill(65_537)).toBeUndefined();
  });
});

describe('an entry against an own block', () => {
  it('takes 6 bytes, its addend included', () => {
    const preserved = build(0, (_addReference, builder) => {
      for (let index = 0; index < 40; index += 1) builder.addOwn(index * 8, fixup.pc32, 2, 1000, index);
    });
    expect(preserved?.bytes).toBe(windowBytes + 40 * 6);
    expect(shown((visit) => preserved?.within('code', 8, 9, visit))).toEqual([[8, fixup.pc32, -4, 2, 1005]]);
  });

  it('takes 12 bytes more from an offset of 16 MiB on', () => {
    const at = (offset: number): PreservedRelocations | undefined =>
      build(0, (_addReference, builder) => {
        builder.addOwn(0, fixup.abs64, 3, offset, 0);
      });
    expect(shown((visit) => at(0xff_ffff)?.inBlock('code', visit))).toEqual([
      [0, fixup.abs64, 0, 3, 0xff_ffff],
    ]);
    expect(shown((visit) => at(0x100_0000)?.inBlock('code', visit))).toEqual([
      [0, fixup.abs64, 0x100_0000, 3, 0],
    ]);
    expect((at(0x100_0000)?.bytes ?? 0) - (at(0)?.bytes ?? 0)).toBe(12);
  });
});
