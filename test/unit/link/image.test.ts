import { describe, expect, it } from 'vitest';
import { address } from '../../../src/core/ids.js';
import { addressOf } from '../../../src/link/image.js';
import { linkImage } from '../../../src/link/link.js';
import { prepareObject } from '../../../src/link/prepare.js';
import { relinkImage } from '../../../src/link/relink.js';
import { wantedSymbols } from '../../../src/link/wanted.js';
import { buildObject, flags, headerOffset, type SectionSpec, types } from '../elf/elf-builder.js';
import { contextOf, displacement, jitFunction, place, placementAt, word } from './link-bench.js';

const abs64 = 1;
const pc32 = 2;
const plt32 = 4;
const tlsgd = 19;
const { alloc, exec, tls, write } = flags;

function ones(size: number): Uint8Array {
  return new Uint8Array(size).fill(0x11);
}

describe('sections', () => {
  it('go to code, constants and mutable data, and nothing else is kept', () => {
    const object = buildObject(
      [
        { name: '.text', flags: alloc | exec, content: ones(10), alignment: 16 },
        { name: '.text.f', flags: alloc | exec, content: ones(3), alignment: 16 },
        { name: '.rodata', flags: alloc, content: ones(5), alignment: 4 },
        { name: '.data.rel.ro.local', flags: alloc | write, content: ones(8), alignment: 8 },
        { name: '.data', flags: alloc | write, content: ones(6), alignment: 4 },
        { name: '.bss', type: types.nobits, flags: alloc | write, content: ones(100), alignment: 64 },
        { name: '.debug_info', flags: 0, content: ones(1000) },
        { name: '.comment', flags: 0, content: ones(1000) },
        { name: '.note.gnu.property', type: types.note, flags: alloc, content: ones(1000) },
        { name: '.llvm_addrsig', flags: 0x8000_0000, content: ones(1000) },
      ],
      [{ name: 'b', section: 5, type: 1, size: 100 }],
    );
    const { blocks, content, symbols } = prepareObject(object, 'm');
    expect(blocks).toEqual({
      code: { size: 19, alignment: 16 },
      readonly: { size: 16, alignment: 8 },
      data: { size: 164, alignment: 64 },
    });
    expect(content.data.length).toBe(6);
    expect([...content.code.subarray(10, 16)]).toEqual(new Array(6).fill(0xcc));
    expect(symbols.get('b')).toEqual({
      name: 'b',
      place: 'data',
      offset: 64,
      size: 100,
      type: 'data',
      binding: 'strong',
    });
  });

  it('that are cold come behind other code, and jumps between both are settled', () => {
    const code = (name: string, relocations: SectionSpec['relocations'] = []): SectionSpec => ({
      name,
      flags: alloc | exec,
      content: ones(10),
      alignment: 16,
      relocations,
    });
    const object = buildObject(
      [
        code('.text.split.f', [{ offset: 2, type: plt32, symbol: 1, addend: -4 }]),
        code('.text.unlikely.seldom'),
        code('.text.f', [{ offset: 2, type: plt32, symbol: 0, addend: -4 }]),
        code('.text.g', [{ offset: 2, type: pc32, symbol: 0, addend: 1 }]),
        code('.text.split.lone'),
        code('.text.splitter'),
      ],
      [
        { name: '', section: 0, type: 3, binding: 0 },
        { name: '', section: 2, type: 3, binding: 0 },
        { name: 'f', section: 2, type: 2 },
        { name: 'g', section: 3, type: 2 },
        { name: 'seldom', section: 1, type: 2 },
        { name: 'splitter', section: 5, type: 2 },
      ],
    );
    const image = prepareObject(object, 'm');
    const offsets = ['f', 'g', 'splitter', 'seldom'].map((name) => image.symbols.get(name)?.offset);
    expect(offsets).toEqual([0, 16, 32, 64]);
    expect(image.coldParts).toEqual([
      { function: 'f', offset: 48 },
      { function: 'lone', offset: 80 },
    ]);
    expect(image.blocks.code.size).toBe(90);
    expect(image.preserved.count).toBe(0);
    const { code: bytes } = image.content;
    expect(displacement(bytes, 2)).toBe(48 - 4 - 2);
    expect(displacement(bytes, 16 + 2)).toBe(48 + 1 - 18);
    expect(displacement(bytes, 48 + 2)).toBe(0 - 4 - 50);
    expect([...bytes.subarray(58, 64)]).toEqual(new Array(6).fill(0xcc));
  });

  it('that are writable and executable are refused (I3)', () => {
    const object = buildObject([{ name: '.wx', flags: alloc | write | exec, content: ones(1) }], []);
    expect(() => prepareObject(object, 'm')).toThrow(expect.objectContaining({ code: 'OBJECT_UNSUPPORTED' }));
  });

  it('of bss are not written, only required to be zero', () => {
    const object = buildObject(
      [
        { name: '.data', flags: alloc | write, content: ones(8) },
        { name: '.bss', type: types.nobits, flags: alloc | write, content: ones(8) },
      ],
      [],
    );
    const image = prepareObject(object, 'm');
    const placement = placementAt(image);
    placement.data?.bytes.fill(7, 8);
    linkImage(image, placement, contextOf({}));
    expect([...(placement.data?.bytes.subarray(8) ?? [])]).toEqual(new Array(8).fill(7));
  });

  it('that are empty still give their symbols an address', () => {
    const object = buildObject(
      [{ name: '.text.f', flags: alloc | exec, content: ones(0), alignment: 16 }],
      [{ name: 'f', section: 0, type: 2 }],
    );
    const image = prepareObject(object, 'm');
    const placement = placementAt(image);
    expect(addressOf(linkImage(image, placement, contextOf({})), 'f')).toBe(place.code);
  });
});

describe('a section of no type', () => {
  it('is left out, whatever it claims', () => {
    const object = buildObject(
      [{ name: '.null', type: 0, flags: alloc, content: ones(8), alignment: 17 }],
      [],
    );
    expect(prepareObject(object, 'm').blocks.readonly).toEqual({ size: 0, alignment: 1 });
  });

  it('is what section 0 is, whatever its header claims', () => {
    const object = buildObject([], []);
    const view = new DataView(object.buffer);
    const zero = headerOffset(object, 0);
    view.setUint32(zero + 4, 1, true);
    view.setBigUint64(zero + 8, BigInt(alloc), true);
    view.setBigUint64(zero + 48, 17n, true);
    expect(prepareObject(object, 'm').blocks.readonly).toEqual({ size: 0, alignment: 1 });
  });
});

describe('symbols', () => {
  it('that are common get zeroed space with their alignment', () => {
    const object = buildObject(
      [{ name: '.data', flags: alloc | write, content: ones(5) }],
      [
        { name: 'c', section: 'common', value: 32, size: 40, type: 1 },
        { name: 'd', section: 'common', value: 8, size: 8, type: 1 },
      ],
    );
    const { blocks, symbols } = prepareObject(object, 'm');
    expect(symbols.get('c')).toMatchObject({ place: 'data', offset: 32, size: 40, binding: 'common' });
    expect(symbols.get('d')).toMatchObject({ place: 'data', offset: 72, size: 8 });
    expect(blocks.data).toEqual({ size: 80, alignment: 32 });
  });

  it('that are absolute keep their value', () => {
    const object = buildObject([], [{ name: 'a', section: 'absolute', value: -5 }]);
    const image = prepareObject(object, 'm');
    expect(addressOf(linkImage(image, {}, contextOf({})), 'a')).toBe(-5);
  });

  it('that nothing defines are all named in one error', () => {
    const object = buildObject(
      [
        {
          name: '.text',
          flags: alloc | exec,
          content: ones(16),
          relocations: [
            { offset: 0, type: plt32, symbol: 0, addend: -4 },
            { offset: 4, type: pc32, symbol: 1, addend: -4 },
            { offset: 8, type: plt32, symbol: 2, addend: -4 },
          ],
        },
      ],
      ['one', 'two', 'three'].map((name) => ({ name, section: 'undefined' as const })),
    );
    const image = prepareObject(object, 'm');
    const run = () => linkImage(image, placementAt(image), contextOf({ two: jitFunction(0) }));
    expect(run).toThrow(expect.objectContaining({ code: 'SYMBOL_UNRESOLVED' }));
    expect(run).toThrow(/m needs one, three, found neither in the test/);
  });

  it('are asked for once, with how they are used', () => {
    const object = buildObject(
      [
        {
          name: '.text',
          flags: alloc | exec,
          content: ones(24),
          relocations: [
            { offset: 0, type: pc32, symbol: 0, addend: -4 },
            { offset: 4, type: plt32, symbol: 0, addend: -4 },
            { offset: 8, type: pc32, symbol: 1, addend: -4 },
            { offset: 12, type: tlsgd, symbol: 2, addend: -4 },
          ],
        },
      ],
      ['called', 'read', 'thread'].map((name) => ({ name, section: 'undefined' as const })),
    );
    const image = prepareObject(object, 'm');
    expect(wantedSymbols(image)).toEqual([
      { name: 'called', weak: false, use: 'call' },
      { name: 'read', weak: false, use: 'address' },
      { name: 'thread', weak: false, use: 'tls' },
    ]);
    const context = contextOf({
      called: jitFunction(0),
      read: jitFunction(1),
      thread: { kind: 'tls', module: 5n, offset: 8 },
    });
    linkImage(image, placementAt(image), context);
    expect([...context.asked]).toEqual([
      ['called', 'call'],
      ['read', 'address'],
      ['thread', 'tls'],
    ]);
  });

  it('that the object defines are its own when nobody knows them, and the known one when somebody does', () => {
    const object = buildObject(
      [
        {
          name: '.data',
          flags: alloc | write,
          content: ones(8),
          relocations: [{ offset: 0, type: abs64, symbol: 0, addend: 0 }],
        },
        { name: '.text', flags: alloc | exec, content: ones(8) },
      ],
      [{ name: 'f', section: 1, type: 2, value: 3 }],
    );
    const image = prepareObject(object, 'm');
    const own = placementAt(image);
    linkImage(image, own, contextOf({}));
    expect(word(own.data?.bytes ?? ones(0), 0)).toBe(BigInt(place.code + 3));
    linkImage(image, own, contextOf({ f: jitFunction(2) }));
    expect(word(own.data?.bytes ?? ones(0), 0)).toBe(0x1000_3000_0010n);
  });
});

describe('COMDAT groups', () => {
  const unwind = [
    { offset: 0, type: pc32, symbol: 0, addend: 0 },
    { offset: 4, type: pc32, symbol: 1, addend: 0 },
  ];
  const object = buildObject(
    [
      { name: '.text.f', flags: alloc | exec | 0x200, content: ones(8) },
      {
        name: '.text',
        flags: alloc | exec,
        content: ones(8),
        relocations: [{ offset: 1, type: plt32, symbol: 2, addend: -4 }],
      },
      { name: '.eh_frame', flags: alloc, content: ones(8), alignment: 8, relocations: unwind },
    ],
    [
      { name: '', section: 0, type: 3, binding: 0 },
      { name: '', section: 1, type: 3, binding: 0 },
      { name: 'f', section: 0, type: 2, binding: 2 },
    ],
    [{ signature: 2, members: [0] }],
  );

  it('are kept unless another module has them', () => {
    const image = prepareObject(object, 'm');
    expect(image.blocks.code.size).toBe(16);
    expect(image.symbols.get('f')).toMatchObject({ place: 'code', binding: 'weak' });
  });

  it('that are left out leave their symbols to be found elsewhere', () => {
    const image = prepareObject(object, 'm', { keepGroup: (signature) => signature !== 'f' });
    expect(image.blocks.code.size).toBe(8);
    expect(image.symbols.has('f')).toBe(false);
    expect(wantedSymbols(image)).toEqual([{ name: 'f', weak: false, use: 'call' }]);
  });

  it('that are left out have unwind entries with address 0, which unwinders skip', () => {
    const image = prepareObject(object, 'm', { keepGroup: () => false });
    const placement = placementAt(image);
    const linked = linkImage(image, placement, contextOf({ f: jitFunction(0) }));
    const bytes = placement.readonly?.bytes ?? ones(0);
    expect(displacement(bytes, 0)).toBe(0);
    expect(displacement(bytes, 4)).toBe(place.code - place.readonly - 4);
    expect(linked.frames).toEqual({ address: place.readonly, size: 8 });
    expect(displacement(bytes, 8)).toBe(0);
  });
});

describe('unwind tables', () => {
  it('follow each other without a gap and end with a zero word', () => {
    const object = buildObject(
      [
        { name: '.eh_frame', flags: alloc, content: ones(12), alignment: 8 },
        { name: '.rodata', flags: alloc, content: ones(3) },
        { name: '.eh_frame', flags: alloc, content: ones(8), alignment: 8 },
      ],
      [],
    );
    const { frames, content } = prepareObject(object, 'm');
    expect(frames).toEqual({ offset: 8, size: 20 });
    expect([...content.readonly.subarray(8)]).toEqual([...ones(20), 0, 0, 0, 0]);
  });
});

describe('thread-locals', () => {
  const sections = [
    {
      name: '.text',
      flags: alloc | exec,
      content: ones(16),
      relocations: [{ offset: 4, type: tlsgd, symbol: 1, addend: -4 }],
    },
    { name: '.tbss', type: types.nobits, flags: alloc | write | tls, content: ones(24), alignment: 8 },
    { name: '.tdata', flags: alloc | write | tls, content: ones(4), alignment: 16 },
  ];
  const symbols = [
    { name: 'local', section: 1, type: 6, binding: 0, value: 8 },
    { name: 'zero', section: 1, type: 6, value: 16 },
    { name: 'one', section: 2, type: 6 },
  ];

  it('have their initial image among the constants, and the zeroed part behind it', () => {
    const image = prepareObject(buildObject(sections, symbols), 'm');
    expect(image.tls).toEqual({ offset: 0, fileBytes: 4, memoryBytes: 32, alignment: 16 });
    expect(image.symbols.get('zero')).toMatchObject({ place: 'tls', offset: 24 });
    expect(image.symbols.get('one')).toMatchObject({ place: 'tls', offset: 0 });
  });

  it('of the object itself are reached through a pair with its module word', () => {
    const image = prepareObject(buildObject(sections, symbols), 'm');
    const placement = placementAt(image);
    const linked = linkImage(image, placement, contextOf({}, 0x77n));
    const pair = 8 + place.code + displacement(placement.code?.bytes ?? ones(0), 4) - place.readonly;
    const bytes = placement.readonly?.bytes ?? ones(0);
    expect(pair % 16).toBe(0);
    expect([word(bytes, pair), word(bytes, pair + 8)]).toEqual([0x77n, 24n]);
    expect(linked.tls).toEqual({ image: place.readonly, fileBytes: 4, memoryBytes: 32, alignment: 16 });
  });

  it('of two modules are not reached from one block', () => {
    const object = buildObject(
      [
        {
          name: '.text',
          flags: alloc | exec,
          content: ones(16),
          relocations: [
            { offset: 0, type: 20, symbol: 0, addend: -4 },
            { offset: 4, type: 21, symbol: 1, addend: 0 },
          ],
        },
      ],
      [
        { name: 'a', section: 'undefined', type: 6 },
        { name: 'b', section: 'undefined', type: 6 },
      ],
    );
    const image = prepareObject(object, 'm');
    const run = (module: bigint) =>
      linkImage(
        image,
        placementAt(image),
        contextOf({ a: { kind: 'tls', module: 1n, offset: 0 }, b: { kind: 'tls', module, offset: 4 } }),
      );
    expect(() => run(2n)).toThrow(expect.objectContaining({ code: 'RELOCATION_UNSUPPORTED' }));
    expect(() => run(1n)).not.toThrow();
  });
});

describe('constructors and destructors', () => {
  it('are listed in the order in which they run', () => {
    const pointers = (name: string, type: number, count: number) => ({
      name,
      type,
      flags: alloc | write,
      content: ones(count * 8),
      alignment: 8,
    });
    const image = prepareObject(
      buildObject(
        [
          pointers('.init_array', types.initArray, 2),
          pointers('.init_array.200', types.initArray, 1),
          pointers('.init_array.00101', types.initArray, 1),
          pointers('.fini_array.101', types.finiArray, 1),
          pointers('.fini_array', types.finiArray, 2),
        ],
        [],
      ),
      'm',
    );
    expect(image.constructors).toEqual([0, 8, 16, 24]);
    expect(image.content.readonly.length).toBe(56);
    expect(image.destructors).toEqual([40, 32, 48]);
    const linked = linkImage(image, placementAt(image), contextOf({}));
    expect(linked.constructors[1]).toBe(place.readonly + 8);
  });
});

describe('moving an image', () => {
  const object = buildObject(
    [
      {
        name: '.text',
        flags: alloc | exec,
        content: ones(16),
        relocations: [{ offset: 4, type: pc32, symbol: 0, addend: -4 }],
      },
      {
        name: '.data',
        flags: alloc | write,
        content: ones(8),
        relocations: [{ offset: 0, type: abs64, symbol: 1, addend: 0 }],
      },
    ],
    [
      { name: '', section: 1, type: 3, binding: 0 },
      { name: 'x', section: 'undefined' },
    ],
  );
  const context = contextOf({ x: { kind: 'data', address: address(0x42) } });

  it('leaves live data as the program left it (I2)', () => {
    const image = prepareObject(object, 'm');
    const placement = placementAt(image);
    const linked = linkImage(image, placement, context);
    placement.data?.bytes.fill(9);
    const code = { address: address(place.code + 0x4000), bytes: new Uint8Array(16) };
    const moved = relinkImage(linked, { ...placement, code }, context);
    expect([...(placement.data?.bytes ?? [])]).toEqual(new Array(8).fill(9));
    expect(displacement(code.bytes, 4)).toBe(place.data - code.address - 8);
    expect(moved.placement.code).toBe(code);
  });

  it('writes nothing when something does not fit (I8)', () => {
    const image = prepareObject(object, 'm');
    const placement = placementAt(image);
    const linked = linkImage(image, placement, context);
    const before = [...(placement.code?.bytes ?? [])];
    const code = { address: address(place.code + 0x1_0000_0000), bytes: new Uint8Array(16) };
    expect(() => relinkImage(linked, { ...placement, code }, context)).toThrow(
      expect.objectContaining({ code: 'RELOCATION_OVERFLOW' }),
    );
    expect([...(placement.code?.bytes ?? [])]).toEqual(before);
    expect([...code.bytes]).toEqual(new Array(16).fill(0));
  });

  it('is refused when live data points into its code', () => {
    const image = prepareObject(
      buildObject(
        [
          { name: '.text', flags: alloc | exec, content: ones(16) },
          {
            name: '.data',
            flags: alloc | write,
            content: ones(8),
            relocations: [{ offset: 0, type: abs64, symbol: 0, addend: 0 }],
          },
        ],
        [{ name: '', section: 0, type: 3, binding: 0 }],
      ),
      'm',
    );
    expect(image.movable).toBe(false);
    const placement = placementAt(image);
    const linked = linkImage(image, placement, contextOf({}));
    const code = { address: address(place.code + 64), bytes: new Uint8Array(16) };
    expect(() => relinkImage(linked, { ...placement, code }, contextOf({}))).toThrow(/never moves/);
    relinkImage(linked, { ...placement, code }, contextOf({}), 'untouched');
    expect(word(placement.data?.bytes ?? ones(0), 0)).toBe(BigInt(place.code + 64));
  });
});

describe('preserved relocations', () => {
  it('take 8 bytes each or less, and none for what moves together', () => {
    const relocations = Array.from({ length: 100 }, (_unused, index) => ({
      offset: index * 8,
      type: index % 2 === 0 ? pc32 : plt32,
      symbol: index % 4 === 0 ? 0 : index % 4 === 1 ? 1 : 2,
      addend: index % 4 === 0 ? index - 4 : -4,
    }));
    const image = prepareObject(
      buildObject(
        [
          { name: '.text', flags: alloc | exec, content: ones(800), relocations },
          { name: '.rodata', flags: alloc, content: ones(800) },
        ],
        [
          { name: '', section: 1, type: 3, binding: 0 },
          { name: '', section: 0, type: 3, binding: 0 },
          { name: 'x', section: 'undefined' },
        ],
      ),
      'm',
    );
    expect(image.preserved.count).toBe(75);
    expect(image.preserved.bytes).toBeLessThanOrEqual(75 * 8);
  });
});
