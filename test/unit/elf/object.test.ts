import { describe, expect, it } from 'vitest';
import { readObject } from '../../../src/elf/object.js';
import { symbolSection } from '../../../src/elf/symbols.js';
import { prepareObject } from '../../../src/link/prepare.js';
import { buildObject, flags, headerOffset, type SectionSpec, type SymbolSpec } from './elf-builder.js';

const text: SectionSpec = {
  name: '.text',
  flags: flags.alloc | flags.exec,
  content: Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8]),
  alignment: 16,
  relocations: [{ offset: 4, type: 2, symbol: 1, addend: -4 }],
};
const symbols: readonly SymbolSpec[] = [
  { name: 'local', section: 0, value: 2, binding: 0 },
  { name: 'f', section: 0, value: 4, size: 4, type: 2 },
  { name: 'outside', section: 'undefined' },
];

/** Indices in the file of what the builder adds behind one section. */
const file = { text: 1, rela: 2, symtab: 3, strtab: 4, names: 5 } as const;

function damaged(change: (file: Uint8Array, view: DataView) => void): () => unknown {
  const bytes = buildObject([text], symbols);
  change(bytes, new DataView(bytes.buffer));
  return () => prepareObject(bytes, 'm');
}

function header(section: number, field: number): (view: DataView, bytes: Uint8Array) => number {
  return (_view, bytes) => headerOffset(bytes, section) + field;
}

describe('an object', () => {
  it('is read with sections, symbols and relocations', () => {
    const object = readObject(buildObject([text], symbols), 'm');
    const { reader, relocations, sections } = object;
    expect(sections.name(file.text)).toBe('.text');
    expect(sections.alignment(file.text)).toBe(16);
    const start = sections.offset(file.text);
    expect([...reader.bytes.subarray(start, start + sections.size(file.text))]).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8,
    ]);
    expect([relocations.count, relocations.of[file.text]]).toEqual([1, file.rela]);
    const first = sections.offset(file.rela);
    expect([...reader.words(first).subarray(first >> 2, (first >> 2) + 6)]).toEqual([4, 0, 2, 2, -4, -1]);
    expect(object.symbols.name(2)).toBe('f');
    expect(object.symbols.section(3)).toBe(symbolSection.undefined);
    expect(object.symbols.firstGlobal).toBe(2);
  });

  it('is read at an odd place in a larger buffer', () => {
    const bytes = buildObject([text], symbols);
    const larger = new Uint8Array(bytes.length + 3);
    larger.set(bytes, 3);
    expect(readObject(larger.subarray(3), 'm').symbols.name(2)).toBe('f');
  });

  it('may have no sections at all', () => {
    const bytes = buildObject([], []).slice(0, 64);
    const view = new DataView(bytes.buffer);
    view.setBigUint64(40, 0n, true);
    view.setUint32(60, 0, true);
    expect(readObject(bytes, 'm').sections.count).toBe(0);
  });

  it('may have more sections than the header can count', () => {
    const sections = Array.from({ length: 65_300 }, (_unused, index) => ({
      name: index === 0 ? '.first' : '.s',
      content: new Uint8Array(0),
    }));
    const bytes = buildObject(sections, [{ name: 'x', section: 0 }]);
    const view = new DataView(bytes.buffer);
    const count = view.getUint16(60, true);
    const names = view.getUint16(62, true);
    const zero = headerOffset(bytes, 0);
    view.setUint16(60, 0, true);
    view.setUint16(62, 0xffff, true);
    view.setBigUint64(zero + 32, BigInt(count), true);
    view.setUint32(zero + 40, names, true);
    const object = readObject(bytes, 'm');
    expect(object.sections.count).toBe(count);
    expect(object.sections.name(1)).toBe('.first');
  });

  it('may keep section numbers of symbols in an extra table', () => {
    const extra = new Uint8Array(Uint32Array.from([0, 1]).buffer);
    const bytes = buildObject(
      [
        { name: '.data', content: new Uint8Array(4) },
        { name: '.symtab_shndx', type: 18, flags: 0, content: extra, link: 3 },
      ],
      [{ name: 'x', section: 0, value: 2 }],
    );
    const view = new DataView(bytes.buffer);
    const table = Number(view.getBigUint64(headerOffset(bytes, 3) + 24, true));
    view.setUint16(table + 24 + 6, 0xffff, true);
    expect(readObject(bytes, 'm').symbols.section(1)).toBe(1);
  });

  it('has groups with their signature', () => {
    const bytes = buildObject(
      [{ name: '.text.f', flags: flags.alloc | flags.exec, content: new Uint8Array(4) }],
      [{ name: 'f', section: 0, binding: 2 }],
      [{ signature: 0, members: [0] }],
    );
    expect(readObject(bytes, 'm').groups).toEqual([{ signature: 'f', comdat: true, members: [1] }]);
  });
});

describe('a damaged object is OBJECT_INVALID', () => {
  const set16 = (at: (view: DataView, bytes: Uint8Array) => number, value: number) =>
    damaged((bytes, view) => {
      view.setUint16(at(view, bytes), value, true);
    });
  const set32 = (at: (view: DataView, bytes: Uint8Array) => number, value: number) =>
    damaged((bytes, view) => {
      view.setUint32(at(view, bytes), value, true);
    });
  const set64 = (at: (view: DataView, bytes: Uint8Array) => number, value: bigint) =>
    damaged((bytes, view) => {
      view.setBigUint64(at(view, bytes), value, true);
    });
  const inSection = (section: number, at: number) => (view: DataView, bytes: Uint8Array) =>
    Number(view.getBigUint64(headerOffset(bytes, section) + 24, true)) + at;
  const fixed = (at: number) => () => at;

  const cases: readonly (readonly [string, () => unknown])[] = [
    ['magic', set32(fixed(0), 0)],
    ['ELF class', damaged((bytes) => bytes.fill(9, 4, 5))],
    ['byte order', damaged((bytes) => bytes.fill(9, 5, 6))],
    ['identity version', damaged((bytes) => bytes.fill(9, 6, 7))],
    ['version', set32(fixed(20), 2)],
    ['header size', set16(fixed(52), 63)],
    ['section header size', set16(fixed(58), 40)],
    ['section header table behind the end', set64(fixed(40), 0xffff_ffffn)],
    ['section header table beyond 2^53', set64(fixed(40), 0xffff_ffff_ffff_ffffn)],
    ['sections without headers', set64(fixed(40), 0n)],
    ['too many sections', set16(fixed(60), 0xfe00)],
    [
      'extended section count too large',
      damaged((bytes, view) => {
        view.setUint16(60, 0, true);
        view.setBigUint64(headerOffset(bytes, 0) + 32, 1n << 40n, true);
      }),
    ],
    ['name table that is no section', set16(fixed(62), 77)],
    ['name table that is no string table', set16(fixed(62), file.text)],
    ['section name behind its table', set32(header(file.text, 0), 0xffff)],
    ['section behind the end', set64(header(file.text, 24), 0xffffn)],
    ['section size wrapping around', set64(header(file.text, 32), 0xffff_ffff_ffff_fff0n)],
    [
      'section size that overlaps others',
      damaged((bytes, view) => {
        view.setBigUint64(headerOffset(bytes, 1) + 32, BigInt(bytes.length - 64), true);
      }),
    ],
    ['alignment that is no power of two', set64(header(file.text, 48), 24n)],
    ['relocation section of no section', set32(header(file.rela, 44), 99)],
    ['relocation section without symbols', set32(header(file.rela, 40), file.text)],
    ['relocation entry size', set64(header(file.rela, 56), 16n)],
    ['relocation section size', set64(header(file.rela, 32), 23n)],
    ['relocation behind its section', set32(inSection(file.rela, 0), 8)],
    ['relocation offset beyond 32 bits', set32(inSection(file.rela, 4), 1)],
    ['relocation of no symbol', set32(inSection(file.rela, 12), 4)],
    ['symbol entry size', set64(header(file.symtab, 56), 16n)],
    ['symbol table size', set64(header(file.symtab, 32), 95n)],
    ['first global behind the table', set32(header(file.symtab, 44), 9)],
    ['local symbol among globals', set32(header(file.symtab, 44), 1)],
    ['symbol names that are no string table', set32(header(file.symtab, 40), file.text)],
    ['symbol in no section', set16(inSection(file.symtab, 24 + 6), 99)],
    ['symbol behind its section', set64(inSection(file.symtab, 24 + 8), 9n)],
    ['symbol with extended section but no table', set16(inSection(file.symtab, 24 + 6), 0xffff)],
    [
      'symbol with unknown binding',
      damaged((bytes, view) => {
        bytes[inSection(file.symtab, 48 + 4)(view, bytes)] = 0x50;
      }),
    ],
    [
      'thread-local symbol in a plain section',
      damaged((bytes, view) => {
        bytes[inSection(file.symtab, 48 + 4)(view, bytes)] = 0x16;
      }),
    ],
    ['a second symbol table', set32(header(file.strtab, 4), 2)],
  ];

  it.each(cases)('%s', (_what, run) => {
    expect(run).toThrow(expect.objectContaining({ code: 'OBJECT_INVALID' }));
    expect(run).toThrow(/module m/);
  });

  it('symbol name behind its table', () => {
    const bytes = buildObject([text], symbols);
    const view = new DataView(bytes.buffer);
    view.setUint32(inSection(file.symtab, 24)(view, bytes), 0xffff, true);
    const object = readObject(bytes, 'm');
    expect(() => object.symbols.name(1)).toThrow(expect.objectContaining({ code: 'OBJECT_INVALID' }));
  });

  it('cut off anywhere in its header', () => {
    const bytes = buildObject([text], symbols);
    for (let size = 0; size < 64; size += 1) {
      expect(() => readObject(bytes.subarray(0, size), 'm')).toThrow(
        expect.objectContaining({ code: 'OBJECT_INVALID' }),
      );
    }
  });

  it('relocations of a section without bytes', () => {
    const bytes = buildObject([{ ...text, type: 8 }], symbols);
    expect(() => readObject(bytes, 'm')).toThrow(expect.objectContaining({ code: 'OBJECT_INVALID' }));
  });

  it('groups with a member in no section, or in two groups', () => {
    const one = { name: '.text.f', flags: 6, content: new Uint8Array(4) };
    const symbol = { name: 'f', section: 0 };
    for (const members of [[77], [0, 0]]) {
      const bytes = buildObject([one], [symbol], [{ signature: 0, members }]);
      expect(() => readObject(bytes, 'm')).toThrow(expect.objectContaining({ code: 'OBJECT_INVALID' }));
    }
    const bytes = buildObject([one], [symbol], [{ signature: 5, members: [0] }]);
    expect(() => readObject(bytes, 'm')).toThrow(expect.objectContaining({ code: 'OBJECT_INVALID' }));
  });
});

describe('a sound file that can not be linked is OBJECT_UNSUPPORTED', () => {
  const cases: readonly (readonly [string, () => unknown])[] = [
    [
      'an executable',
      damaged((_bytes, view) => {
        view.setUint16(16, 2, true);
      }),
    ],
    [
      'a shared library',
      damaged((_bytes, view) => {
        view.setUint16(16, 3, true);
      }),
    ],
    ['32-bit', damaged((bytes) => bytes.fill(1, 4, 5))],
    ['big-endian', damaged((bytes) => bytes.fill(2, 5, 6))],
    ['another OS', damaged((bytes) => bytes.fill(9, 7, 8))],
    [
      'a compressed section in memory',
      damaged((bytes, view) => {
        view.setUint32(headerOffset(bytes, 1) + 8, 0x806, true);
      }),
    ],
    [
      'an alignment above 2 MiB',
      damaged((bytes, view) => {
        view.setBigUint64(headerOffset(bytes, 1) + 48, 1n << 30n, true);
      }),
    ],
    [
      'relocations without addends',
      damaged((bytes, view) => {
        view.setUint32(headerOffset(bytes, 2) + 4, 9, true);
      }),
    ],
    [
      'relative relocations',
      damaged((bytes, view) => {
        view.setUint32(headerOffset(bytes, 2) + 4, 19, true);
      }),
    ],
    [
      'a reserved section number',
      damaged((bytes, view) => {
        const table = Number(view.getBigUint64(headerOffset(bytes, 3) + 24, true));
        view.setUint16(table + 24 + 6, 0xff10, true);
      }),
    ],
    [
      'a section of more than 2 GiB',
      damaged((bytes, view) => {
        view.setUint32(headerOffset(bytes, 1) + 4, 8, true);
        view.setBigUint64(headerOffset(bytes, 1) + 32, 1n << 33n, true);
      }),
    ],
  ];

  it.each(cases)('%s', (_what, run) => {
    expect(run).toThrow(expect.objectContaining({ code: 'OBJECT_UNSUPPORTED' }));
  });

  it('another machine is TARGET_MISMATCH', () => {
    const run = damaged((_bytes, view) => {
      view.setUint16(18, 183, true);
    });
    expect(run).toThrow(expect.objectContaining({ code: 'TARGET_MISMATCH' }));
  });
});
