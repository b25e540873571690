import { describe, expect, it } from 'vitest';
import { TierlinkError } from '../../../src/core/errors.js';
import { address } from '../../../src/core/ids.js';
import { discardRelocations } from '../../../src/link/discard.js';
import { linkImage } from '../../../src/link/link.js';
import { prepareObject } from '../../../src/link/prepare.js';
import { relinkImage, relinkReference } from '../../../src/link/relink.js';
import { buildObject, flags } from '../elf/elf-builder.js';
import { contextOf, displacement, jitFunction, place, placementAt } from './link-bench.js';

const plt32 = 4;
const object = buildObject(
  [
    {
      name: '.text',
      flags: flags.alloc | flags.exec,
      content: new Uint8Array(32).fill(0xcc),
      relocations: [
        { offset: 1, type: plt32, symbol: 0, addend: -4 },
        { offset: 9, type: plt32, symbol: 1, addend: -4 },
        { offset: 17, type: plt32, symbol: 0, addend: -4 },
      ],
    },
  ],
  [
    { name: 'f', section: 'undefined' },
    { name: 'g', section: 'undefined' },
  ],
);
const context = contextOf({ f: jitFunction(1), g: jitFunction(2) });

/** What relinking an image whose relocations were discarded must throw. */
function refusal(operation: string): unknown {
  return expect.objectContaining({ code: 'RELOCATIONS_DISCARDED', details: { module: 'm', operation } });
}

describe('relocations that are discarded', () => {
  it('take no memory, and the image is linked as ever', () => {
    const prepared = prepareObject(object, 'm');
    const placement = placementAt(prepared);
    const image = linkImage(prepared, placement, context, { relocations: 'discard' });
    const kept = linkImage(prepared, placementAt(prepared), context);
    expect([image.preserved.count, image.preserved.bytes]).toEqual([0, 0]);
    expect(image.plan.preserved).toBe(image.preserved);
    expect(placement.code?.bytes).toEqual(kept.placement.code?.bytes);
    expect(kept.preserved.count).toBe(3);
  });

  it('RELOCATIONS_DISCARDED: linking again is refused, and nothing is written (I8)', () => {
    const prepared = prepareObject(object, 'm');
    const placement = placementAt(prepared);
    const image = discardRelocations(linkImage(prepared, placement, context));
    const before = [...(placement.code?.bytes ?? [])];
    expect(() => relinkImage(image, placement, contextOf({}))).toThrow(refusal('relinking'));
    expect(() => relinkReference(image, 'f', contextOf({}))).toThrow(refusal('relinking f'));
    expect([...(placement.code?.bytes ?? [])]).toEqual(before);
    const error = new TierlinkError('RELOCATIONS_DISCARDED', { module: 'm', operation: 'relinking' });
    expect(error.message).toBe(
      "relinking is not possible: the relocations of module m were discarded; create the engine with relocations: 'preserve'",
    );
  });

  it('are told from those of an image that has none', () => {
    const prepared = prepareObject(buildObject([], []), 'm');
    const image = linkImage(prepared, {}, contextOf({}));
    expect(image.preserved.bytes).toBe(0);
    expect(() => relinkImage(image, {}, contextOf({}))).not.toThrow();
  });
});

describe('relinking one reference', () => {
  it('writes its fixups and no others', () => {
    const prepared = prepareObject(object, 'm');
    const placement = placementAt(prepared);
    const image = linkImage(prepared, placement, context);
    const moved = contextOf({ f: jitFunction(50), g: jitFunction(60) });
    expect(relinkReference(image, 'f', moved)).toBe(true);
    const bytes = placement.code?.bytes ?? new Uint8Array();
    const stub = (index: number): number => place.code + 0x2000_0000 + 0x1000_0000 + index * 8;
    expect([1, 9, 17].map((at) => displacement(bytes, at) + 4 + place.code + at)).toEqual([
      stub(50),
      stub(2),
      stub(50),
    ]);
    expect([...moved.asked.keys()]).toEqual(['f']);
  });

  it('is nothing to do for a symbol that the image does not refer to', () => {
    const prepared = prepareObject(object, 'm');
    const image = linkImage(prepared, placementAt(prepared), context);
    expect(relinkReference(image, 'h', contextOf({}))).toBe(false);
  });

  it('writes nothing when one of its fixups does not fit (I8)', () => {
    const prepared = prepareObject(object, 'm');
    const placement = placementAt(prepared);
    const image = linkImage(prepared, placement, context);
    const before = [...(placement.code?.bytes ?? [])];
    const far = contextOf({ f: { kind: 'data', address: address(8) } });
    expect(() => relinkReference(image, 'f', far)).toThrow(
      expect.objectContaining({ code: 'RELOCATION_OVERFLOW' }),
    );
    expect([...(placement.code?.bytes ?? [])]).toEqual(before);
  });
});
