import { describe, expect, it } from 'vitest';
import { TierlinkError } from '../../../src/core/errors.js';
import { address } from '../../../src/core/ids.js';
import type { Target } from '../../../src/link/context.js';
import { linkImage } from '../../../src/link/link.js';
import { prepareObject } from '../../../src/link/prepare.js';
import { relocationTable } from '../../../src/link/relocations-x86-64.js';
import { buildObject, flags } from '../elf/elf-builder.js';
import { contextOf, jitFunction, place, placementAt } from './link-bench.js';

/** Where the field lies in the code, and what its bytes are before: they must all be overwritten. */
const at = 8;
const here = place.code + at;
const near = 0x1000_0800_0000;

const data: Target = { kind: 'data', address: address(near) };
const thread: Target = { kind: 'tls', module: 0x1234n, offset: 0x40, staticOffset: -0x80 };
const small: Target = { kind: 'data', address: address(0x61) };
const low: Target = { kind: 'data', address: address(0x7000_0000) };
/** The image's cells: the readonly block holds nothing else here. */
const got = place.readonly;

interface Row {
  readonly kind: string;
  readonly target?: Target;
  readonly addend: number;
  readonly bytes: 1 | 2 | 4 | 8;
  readonly value: number;
  /** What an 8-byte cell of the image must hold. */
  readonly cell?: { readonly at: number; readonly value: bigint };
}

const rows: readonly Row[] = [
  { kind: '64', addend: 5, bytes: 8, value: near + 5 },
  { kind: 'PC32', addend: -4, bytes: 4, value: near - 4 - here },
  { kind: 'GOT32', addend: 0, bytes: 4, value: 0, cell: { at: 0, value: BigInt(near) } },
  { kind: 'PLT32', addend: -4, bytes: 4, value: near - 4 - here },
  { kind: 'GOTPCREL', addend: -4, bytes: 4, value: got - 4 - here, cell: { at: 0, value: BigInt(near) } },
  { kind: '32', target: low, addend: 0x1000_0000, bytes: 4, value: 0x8000_0000 },
  { kind: '32S', target: low, addend: -0x7000_0001, bytes: 4, value: -1 },
  { kind: '16', target: small, addend: 0xff00, bytes: 2, value: 0xff61 },
  {
    kind: 'PC16',
    target: { kind: 'data', address: address(here + 0x1000) },
    addend: -2,
    bytes: 2,
    value: 0xffe,
  },
  { kind: '8', target: small, addend: 1, bytes: 1, value: 0x62 },
  {
    kind: 'PC8',
    target: { kind: 'data', address: address(here - 0x20) },
    addend: -1,
    bytes: 1,
    value: -0x21,
  },
  { kind: 'DTPMOD64', target: thread, addend: 0, bytes: 8, value: 0x1234 },
  { kind: 'DTPOFF64', target: thread, addend: 2, bytes: 8, value: 0x42 },
  { kind: 'TPOFF64', target: thread, addend: 0, bytes: 8, value: -0x80 },
  {
    kind: 'TLSGD',
    target: thread,
    addend: -4,
    bytes: 4,
    value: got - 4 - here,
    cell: { at: 8, value: 0x40n },
  },
  {
    kind: 'TLSLD',
    target: thread,
    addend: -4,
    bytes: 4,
    value: got - 4 - here,
    cell: { at: 0, value: 0x1234n },
  },
  { kind: 'DTPOFF32', target: thread, addend: 0, bytes: 4, value: 0x40 },
  {
    kind: 'GOTTPOFF',
    target: thread,
    addend: -4,
    bytes: 4,
    value: got - 4 - here,
    cell: { at: 0, value: BigInt.asUintN(64, -0x80n) },
  },
  { kind: 'TPOFF32', target: thread, addend: 4, bytes: 4, value: -0x7c },
  { kind: 'PC64', addend: 0, bytes: 8, value: near - here },
  { kind: 'GOTOFF64', addend: 0, bytes: 8, value: near - got },
  { kind: 'GOTPC32', addend: -4, bytes: 4, value: got - 4 - here },
  { kind: 'GOT64', addend: 0, bytes: 8, value: 0, cell: { at: 0, value: BigInt(near) } },
  { kind: 'GOTPCREL64', addend: 0, bytes: 8, value: got - here, cell: { at: 0, value: BigInt(near) } },
  { kind: 'GOTPC64', addend: 0, bytes: 8, value: got - here },
  { kind: 'GOTPLT64', addend: 0, bytes: 8, value: 0, cell: { at: 0, value: BigInt(near) } },
  { kind: 'PLTOFF64', target: jitFunction(1), addend: 0, bytes: 8, value: 0x1000_3000_0008 - got },
  { kind: 'GOTPCRELX', addend: -4, bytes: 4, value: got - 4 - here, cell: { at: 0, value: BigInt(near) } },
  {
    kind: 'REX_GOTPCRELX',
    addend: -5,
    bytes: 4,
    value: got - 5 - here,
    cell: { at: 0, value: BigInt(near) },
  },
  { kind: 'CODE_4_GOTPCRELX', addend: -4, bytes: 4, value: got - 4 - here },
  {
    kind: 'CODE_4_GOTTPOFF',
    target: thread,
    addend: -4,
    bytes: 4,
    value: got - 4 - here,
    cell: { at: 0, value: BigInt.asUintN(64, -0x80n) },
  },
  { kind: 'CODE_5_GOTPCRELX', addend: -4, bytes: 4, value: got - 4 - here },
  { kind: 'CODE_5_GOTTPOFF', target: thread, addend: -4, bytes: 4, value: got - 4 - here },
  { kind: 'CODE_6_GOTPCRELX', addend: -4, bytes: 4, value: got - 4 - here },
  { kind: 'CODE_6_GOTTPOFF', target: thread, addend: -4, bytes: 4, value: got - 4 - here },
];

function numberOf(kind: string): number {
  return relocationTable.findIndex((row) => row.name === `R_X86_64_${kind}`);
}

function linkOne(kind: string, target: Target | undefined, addend: number) {
  const code = new Uint8Array(32).fill(0xa5);
  const object = buildObject(
    [
      {
        name: '.text',
        flags: flags.alloc | flags.exec,
        content: code,
        relocations: [{ offset: at, type: numberOf(kind), symbol: 0, addend }],
      },
    ],
    [{ name: 'target', section: 'undefined' }],
  );
  const image = prepareObject(object, 'm');
  const placement = placementAt(image);
  linkImage(image, placement, contextOf(target === undefined ? {} : { target }));
  return placement;
}

describe('each relocation', () => {
  it.each(rows)('$kind overwrites exactly its field with its expression', (row) => {
    const placement = linkOne(row.kind, row.target ?? data, row.addend);
    const code = placement.code?.bytes ?? new Uint8Array();
    const expected = new Uint8Array(32).fill(0xa5);
    let value = BigInt(row.value);
    for (let index = 0; index < row.bytes; index += 1, value >>= 8n)
      expected[at + index] = Number(value & 0xffn);
    expect(Buffer.from(code).toString('hex')).toBe(Buffer.from(expected).toString('hex'));
    if (row.cell !== undefined) {
      const cells = placement.readonly?.bytes ?? new Uint8Array();
      expect(new DataView(cells.buffer).getBigUint64(row.cell.at, true)).toBe(row.cell.value);
    }
  });

  it('has a row here, or is a size or nothing at all, or is refused', () => {
    const tested = new Set(rows.map((row) => numberOf(row.kind)));
    const others = relocationTable.filter((row) => !tested.has(row.number) && row.fixup !== undefined);
    expect(others.map((row) => row.name)).toEqual(['R_X86_64_NONE', 'R_X86_64_SIZE32', 'R_X86_64_SIZE64']);
  });

  it('is numbered by its place in the table', () => {
    expect(relocationTable.map((row) => row.number)).toEqual([...relocationTable.keys()]);
  });

  it('NONE changes nothing and needs no symbol', () => {
    expect(linkOne('NONE', undefined, 0).code?.bytes.every((byte) => byte === 0xa5)).toBe(true);
  });

  it.each([
    ['SIZE32', 4],
    ['SIZE64', 8],
  ] as const)('%s is the size of a symbol of the object', (kind, bytes) => {
    const object = buildObject(
      [
        {
          name: '.data',
          flags: flags.alloc | flags.write,
          content: new Uint8Array(24),
          relocations: [{ offset: 8, type: numberOf(kind), symbol: 0, addend: 1 }],
        },
      ],
      [{ name: 'own', section: 0, size: 24, type: 1 }],
    );
    const image = prepareObject(object, 'm');
    const placement = placementAt(image);
    linkImage(image, placement, contextOf({}));
    const expected = Buffer.alloc(bytes);
    expected[0] = 25;
    expect(Buffer.from(placement.data?.bytes.subarray(8, 8 + bytes) ?? []).equals(expected)).toBe(true);
  });
});

describe('a relocation that does not fit', () => {
  const far: Target = { kind: 'data', address: address(0x7fff_0000_0000) };
  const overflowing = relocationTable.filter((row) => row.error === 'RELOCATION_OVERFLOW');

  it.each(overflowing.map((row) => row.name.slice('R_X86_64_'.length)))(
    '%s names symbol and kind',
    (kind) => {
      // Cells and pairs are always near: only an absurd addend makes these overflow.
      const viaCell = /GOT|TLS|SIZE/.test(kind);
      const addend = viaCell ? 0x1_0000_0000_0000 : 0;
      const target = kind.includes('TLS') ? thread : far;
      const run = () => (kind.startsWith('SIZE') ? linkSize(kind, addend) : linkOne(kind, target, addend));
      expect(run).toThrow(TierlinkError);
      expect(run).toThrow(expect.objectContaining({ code: 'RELOCATION_OVERFLOW' }));
      expect(run).toThrow(/target/);
    },
  );

  function linkSize(kind: string, addend: number) {
    const object = buildObject(
      [
        {
          name: '.data',
          flags: flags.alloc | flags.write,
          content: new Uint8Array(8),
          relocations: [{ offset: 0, type: numberOf(kind), symbol: 0, addend }],
        },
      ],
      [{ name: 'target', section: 0, size: 8, type: 1 }],
    );
    const image = prepareObject(object, 'm');
    return linkImage(image, placementAt(image), contextOf({}));
  }
});

describe('a relocation that is refused', () => {
  const refusals = relocationTable.filter((row) => row.fixup === undefined);

  it.each(refusals.map((row) => row.name.slice('R_X86_64_'.length)))('%s is refused by name', (kind) => {
    const run = () => linkOne(kind, data, 0);
    expect(run).toThrow(expect.objectContaining({ code: 'RELOCATION_UNSUPPORTED' }));
    expect(run).toThrow(new RegExp(`R_X86_64_${kind} `));
  });

  const conditional = relocationTable.filter(
    (row) => row.fixup !== undefined && row.error === 'RELOCATION_UNSUPPORTED',
  );

  it.each(conditional.map((row) => row.name.slice('R_X86_64_'.length)))(
    '%s needs a thread-local that serves it',
    (kind) => {
      const dynamic: Target = { kind: 'tls', module: 1n, offset: 0 };
      const wrong = kind.includes('TPOFF') && !kind.includes('DTPOFF') ? dynamic : data;
      expect(() => linkOne(kind, wrong, 0)).toThrow(
        expect.objectContaining({ code: 'RELOCATION_UNSUPPORTED' }),
      );
    },
  );

  it('an unknown number is refused with the number', () => {
    const object = buildObject(
      [
        {
          name: '.text',
          flags: 6,
          content: new Uint8Array(8),
          relocations: [{ offset: 0, type: 99, symbol: -1, addend: 0 }],
        },
      ],
      [],
    );
    expect(() => prepareObject(object, 'm')).toThrow(/number 99/);
  });
});
