import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TierlinkError } from '../../src/core/errors.js';
import { address } from '../../src/core/ids.js';
import type { PlacedBlock, Placement, Target } from '../../src/link/context.js';
import { blockKinds, type PreparedImage } from '../../src/link/image.js';
import { linkImage } from '../../src/link/link.js';
import { prepareObject } from '../../src/link/prepare.js';
import { relinkImage, relinkReference } from '../../src/link/relink.js';
import {
  buildObject,
  flags,
  type RelocationSpec,
  type SectionSpec,
  type SymbolSpec,
} from '../unit/elf/elf-builder.js';
import { contextOf, farFunction, jitFunction } from '../unit/link/link-bench.js';

/** Instructions, and plain fields, of 8 or 16 bytes with one relocation; `field` is its offset. */
const instructions = [
  { bytes: 'ccccccccff1500000000cccccccccccc', field: 6, types: [41, 9] },
  { bytes: 'ccccccccff2500000000cccccccccccc', field: 6, types: [41] },
  { bytes: 'cccccc488b0500000000cccccccccccc', field: 6, types: [42, 9] },
  { bytes: 'cccccc488d0500000000cccccccccccc', field: 6, types: [2] },
  { bytes: 'cccccc483b0500000000cccccccccccc', field: 6, types: [42, 9] },
  { bytes: 'cccccccccce800000000cccccccccccc', field: 6, types: [4, 4, 2] },
  { bytes: 'ccccccccccccccccdeadbeefdeadbeef', field: 8, types: [1, 24, 25, 28, 2, 3] },
] as const;

const localSections = [0, 1, 2, 3] as const;

/** A relocation's choices; what fits together is decided when the object is built. */
const choice = fc.record({
  instruction: fc.nat({ max: instructions.length - 1 }),
  type: fc.nat(),
  symbol: fc.nat({ max: 9 }),
  odd: fc.oneof(
    { weight: 4, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: -64, max: 5000 }) },
  ),
});

const blueprint = fc.record({
  code: fc.array(choice, { minLength: 1, maxLength: 30 }),
  cold: fc.array(choice, { maxLength: 10 }),
  constants: fc.array(choice, { maxLength: 10 }),
  data: fc.array(choice, { maxLength: 10 }),
  bound: fc.boolean(),
});

/** Symbols: four section symbols, a local, two functions of the object, and outside ones. */
const symbols: readonly SymbolSpec[] = [
  ...localSections.map((section) => ({ name: '', section, type: 3, binding: 0 })),
  { name: 'local', section: 1, value: 4, type: 1, binding: 0 },
  { name: 'own', section: 0, value: 0, type: 2 },
  { name: 'variable', section: 2, value: 8, type: 1 },
  { name: 'other', section: 'undefined' },
  { name: 'process', section: 'undefined' },
  { name: 'weak', section: 'undefined', binding: 2 },
];

function section(
  name: string,
  sectionFlags: number,
  choices: readonly (typeof choice extends fc.Arbitrary<infer Value> ? Value : never)[],
  code: boolean,
): SectionSpec {
  const content: number[] = [];
  const relocations: RelocationSpec[] = [];
  for (const { instruction, type, symbol, odd } of choices) {
    const chosen = instructions[code ? instruction : instructions.length - 1];
    if (chosen === undefined) continue;
    const relocation = chosen.types[type % chosen.types.length] ?? 0;
    const offset = content.length + chosen.field;
    content.push(...Buffer.from(chosen.bytes, 'hex'));
    // An addend into the middle of a cell's or call's target means nothing: only plain addresses get one.
    const usual = chosen.field === 6 ? -4 : 0;
    relocations.push({
      offset,
      type: relocation,
      symbol,
      addend: [1, 2, 24, 25].includes(relocation) ? usual + odd : usual,
    });
  }
  while (content.length < 16) content.push(0x90);
  return { name, flags: sectionFlags, content: Uint8Array.from(content), alignment: 16, relocations };
}

const target = fc.oneof(
  fc.nat({ max: 100 }).map((index): Target => jitFunction(index)),
  fc.nat({ max: 100 }).map((index): Target => jitFunction(index, 0x1000_0900_0000 + index * 16)),
  fc.nat({ max: 100 }).map((index): Target => farFunction(index)),
  fc
    .nat({ max: 1000 })
    .map((offset): Target => ({ kind: 'data', address: address(0x1000_0a00_0000 + offset) })),
  fc
    .nat({ max: 1000 })
    .map((offset): Target => ({ kind: 'data', address: address(0x7ffe_0000_0000 + offset) })),
);
const targets = fc.record(
  { own: target, variable: target, other: target, process: target, weak: target },
  { requiredKeys: ['other', 'process'] },
);
const at = fc.record({
  code: fc.nat({ max: 0x3fff }).map((page) => 0x1000_0000_0000 + page * 16),
  readonly: fc.nat({ max: 0x3fff }).map((page) => 0x1000_1000_0000 + page * 16),
  data: fc.nat({ max: 0x3fff }).map((page) => 0x1000_2000_0000 + page * 16),
});
const situation = fc.record({ at, targets });

function placed(
  image: PreparedImage,
  where: Readonly<Record<(typeof blockKinds)[number], number>>,
  fill: number,
): Placement {
  const placement: Record<string, PlacedBlock> = {};
  for (const block of blockKinds) {
    const { size } = image.blocks[block];
    if (size === 0) continue;
    // Data must read as zero; code and constants must not matter.
    placement[block] = {
      address: address(where[block]),
      bytes: new Uint8Array(size).fill(block === 'data' ? 0 : fill),
    };
  }
  return placement;
}

function dump(placement: Placement): string[] {
  return blockKinds.map((block) => Buffer.from(placement[block]?.bytes ?? []).toString('hex'));
}

/** Runs a link; an overflow is an outcome like another. */
function attempt<Result>(run: () => Result): Result | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof TierlinkError && error.code === 'RELOCATION_OVERFLOW') return undefined;
    throw error;
  }
}

function imageOf(plan: typeof blueprint extends fc.Arbitrary<infer Value> ? Value : never) {
  const object = buildObject(
    [
      section('.text', flags.alloc | flags.exec, plan.code, true),
      section('.rodata', flags.alloc, plan.constants, false),
      section('.data', flags.alloc | flags.write, plan.data, false),
      section('.text.split.own', flags.alloc | flags.exec, plan.cold, true),
    ],
    symbols,
  );
  return attempt(() => prepareObject(object, 'm', { bindLocalCall: () => plan.bound }));
}

describe('relinking (I6)', () => {
  it('one reference after the other gives the bytes of a fresh link', () => {
    let compared = 0;
    fc.assert(
      fc.property(blueprint, situation, targets, (plan, first, later) => {
        const image = imageOf(plan);
        if (image === undefined) return;
        const placement = placed(image, first.at, 0x11);
        const linked = attempt(() => linkImage(image, placement, contextOf(first.targets)));
        const fresh = placed(image, first.at, 0x22);
        const expected = attempt(() => linkImage(image, fresh, contextOf(later)));
        if (linked === undefined || expected === undefined) return;
        for (const { name } of symbols) relinkReference(linked, name, contextOf(later), 'untouched');
        expect(dump(placement)).toEqual(dump(fresh));
        compared += 1;
      }),
      { numRuns: 300 },
    );
    expect(compared).toBeGreaterThan(50);
  });

  it('any number of times, anywhere, gives the bytes of a fresh link there', () => {
    let compared = 0;
    fc.assert(
      fc.property(
        blueprint,
        situation,
        fc.array(situation, { minLength: 1, maxLength: 5 }),
        (plan, first, later) => {
          const image = imageOf(plan);
          if (image === undefined) return;
          let linked = attempt(() =>
            linkImage(image, placed(image, first.at, 0x11), contextOf(first.targets)),
          );
          for (const { at: where, targets: known } of later) {
            const fresh = placed(image, where, 0x22);
            const expected = attempt(() => linkImage(image, fresh, contextOf(known)));
            if (linked === undefined) {
              linked = expected;
              continue;
            }
            const before = dump(linked.placement);
            const current = linked;
            const moved = attempt(() =>
              relinkImage(current, placed(image, where, 0x33), contextOf(known), 'untouched'),
            );
            expect(moved === undefined).toBe(expected === undefined);
            // A relink that fails has changed nothing.
            expect(dump(current.placement)).toEqual(before);
            if (moved === undefined) continue;
            expect(dump(moved.placement)).toEqual(dump(fresh));
            const again = relinkImage(moved, moved.placement, contextOf(known), 'untouched');
            expect(dump(again.placement)).toEqual(dump(fresh));
            linked = again;
            compared += 1;
          }
        },
      ),
      { numRuns: 400 },
    );
    expect(compared).toBeGreaterThan(200);
  });
});
