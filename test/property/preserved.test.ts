import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BlockKind, blockKinds, blockNumber, type BlockNumber } from '../../src/link/blocks.js';
import { fixup } from '../../src/link/fixup-codes-x86-64.js';
import { NameTable } from '../../src/link/names.js';
import type { FixupVisitor, PreservedRelocations } from '../../src/link/preserved.js';
import { PreservedBuilder } from '../../src/link/preserved-builder.js';
import { need, referenceRow, type References } from '../../src/link/references.js';
import { groupedEntries } from '../unit/link/grouped-entries.js';

interface Entry {
  readonly place: number;
  readonly code: number;
  readonly addend: number;
  /** Block that the symbol lies in; 0 for a reference. */
  readonly base: 0 | BlockNumber;
  readonly operand: number;
}

const referenceCount = 12;

/** Mostly usual addends; places near each other, and some windows apart. */
const entry = fc.record({
  place: fc.oneof(
    fc.nat({ max: 300 }),
    fc.nat({ max: 300_000 }),
    fc.constantFrom(0xffff, 0x1_0000, 0x7ffe_fff8),
  ),
  code: fc.constantFrom(fixup.pc32, fixup.branch32, fixup.abs64, fixup.call32),
  addend: fc.oneof(
    { weight: 5, arbitrary: fc.constant(-4) },
    { weight: 1, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }) },
  ),
  base: fc.constantFrom<0 | BlockNumber>(0, 0, 1, 2, 3),
  operand: fc.nat(),
});
const sorted = fc.array(entry, { maxLength: 80 });
const block = fc.oneof(
  { weight: 3, arbitrary: sorted.map((all) => all.sort((left, right) => left.place - right.place)) },
  { weight: 1, arbitrary: sorted },
);
const blocks = fc.record({ code: block, readonly: block, data: block });

function referencesTo(count: number): References {
  const names = new NameTable();
  const rows = Int32Array.from({ length: count }, (_unused, index) =>
    referenceRow(names.intern(`s${String(index)}`), need.address),
  );
  return { names, rows, count, own: new Map(), cellStart: 0 };
}

/** What the entry of a blueprint must be shown as, its addend folded into what it is against. */
function shown(number: BlockNumber, { addend, base, code, operand, place }: Entry): string {
  const target = base === 0 ? operand % referenceCount : (operand % 0x200_0000) + addend;
  return [number, place, code, base, target, base === 0 ? addend : 0].join(' ');
}

function build(image: Readonly<Record<BlockKind, readonly Entry[]>>): PreservedRelocations {
  const builder = new PreservedBuilder();
  const addReference = groupedEntries(builder);
  builder.start(blockKinds.reduce((sum, kind) => sum + image[kind].length, 0));
  for (const kind of blockKinds) {
    for (const { addend, base, code, operand, place } of image[kind]) {
      if (base === 0) addReference(place, code, operand % referenceCount, addend);
      else builder.addOwn(place, code, base, operand % 0x200_0000, addend);
    }
    builder.endBlock();
  }
  const preserved = builder.build(referencesTo(referenceCount));
  if (preserved === undefined) throw new Error('it does not fit');
  return preserved;
}

function collect(run: (visit: FixupVisitor) => void): string[] {
  const found: string[] = [];
  run((number, place, code, addend, base, operand) => {
    found.push(
      [number, place, code, base, base === 0 ? operand : operand + addend, base === 0 ? addend : 0].join(' '),
    );
  });
  return found.sort();
}

function expected(
  image: Readonly<Record<BlockKind, readonly Entry[]>>,
  kept: (kind: BlockKind, one: Entry) => boolean,
): string[] {
  return blockKinds
    .flatMap((kind) =>
      image[kind].filter((one) => kept(kind, one)).map((one) => shown(blockNumber[kind], one)),
    )
    .sort();
}

describe('preserved relocations', () => {
  it('show every entry of a block once, however far apart they lie', () => {
    fc.assert(
      fc.property(blocks, (image) => {
        const preserved = build(image);
        expect(preserved.count).toBe(blockKinds.reduce((sum, kind) => sum + image[kind].length, 0));
        for (const kind of blockKinds) {
          expect(
            collect((visit) => {
              preserved.inBlock(kind, visit);
            }),
          ).toEqual(expected(image, (one) => one === kind));
        }
      }),
      { numRuns: 150 },
    );
  });

  it('show exactly the entries of a reference that a search through all finds', () => {
    fc.assert(
      fc.property(blocks, (image) => {
        const preserved = build(image);
        for (let reference = 0; reference < referenceCount; reference += 1) {
          expect(
            collect((visit) => {
              preserved.forReference(reference, visit);
            }),
          ).toEqual(
            expected(image, (_kind, one) => one.base === 0 && one.operand % referenceCount === reference),
          );
        }
      }),
      { numRuns: 150 },
    );
  });

  it('show exactly the entries within a range of bytes that a search through all finds', () => {
    const bound = fc.oneof(fc.nat({ max: 400 }), fc.nat({ max: 400_000 }), fc.constantFrom(0xffff, 0x1_0000));
    fc.assert(
      fc.property(blocks, fc.constantFrom(...blockKinds), bound, bound, (image, kind, one, other) => {
        const preserved = build(image);
        const [from, to] = [Math.min(one, other), Math.max(one, other)];
        expect(
          collect((visit) => {
            preserved.within(kind, from, to, visit);
          }),
        ).toEqual(expected(image, (where, { place }) => where === kind && place >= from && place < to));
      }),
      { numRuns: 300 },
    );
  });
});
