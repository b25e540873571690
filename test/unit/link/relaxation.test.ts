import { describe, expect, it } from 'vitest';
import { address } from '../../../src/core/ids.js';
import type { Target } from '../../../src/link/context.js';
import { linkImage } from '../../../src/link/link.js';
import { prepareObject } from '../../../src/link/prepare.js';
import { relinkImage } from '../../../src/link/relink.js';
import { buildObject, flags } from '../elf/elf-builder.js';
import { contextOf, displacement, farFunction, jitFunction, place, placementAt, word } from './link-bench.js';

const pc32 = 2;
const plt32 = 4;
const gotpcrelx = 41;
const rexGotpcrelx = 42;
const code4Gotpcrelx = 43;

const near = 0x1000_0800_0000;
const nearData: Target = { kind: 'data', address: address(near) };
const farData: Target = { kind: 'data', address: address(0x7fff_1234_0000) };

/** Links one instruction whose last 4 bytes are the field, at offset `lead` of the code (4 unless told). */
function instruction(
  hex: string,
  type: number,
  target: Target,
  options: { bind?: boolean; tail?: string; lead?: number } = {},
) {
  const lead = options.lead ?? 4;
  const bytes = Buffer.from(`${'cc'.repeat(lead)}${hex}00000000${options.tail ?? ''}cc`, 'hex');
  const field = lead + hex.length / 2;
  const addend = -4 - (options.tail ?? '').length / 2;
  const object = buildObject(
    [
      {
        name: '.text',
        flags: flags.alloc | flags.exec,
        content: bytes,
        relocations: [{ offset: field, type, symbol: 0, addend }],
      },
    ],
    [{ name: 'f', section: options.bind === undefined ? 'undefined' : 0, type: 2 }],
  );
  const image = prepareObject(object, 'm', { bindLocalCall: () => options.bind === true });
  const placement = placementAt(image);
  const linked = linkImage(image, placement, contextOf({ f: target }));
  const code = placement.code?.bytes ?? new Uint8Array();
  const opcode = Buffer.from(code.subarray(lead, field)).toString('hex');
  return {
    linked,
    placement,
    code,
    opcode,
    cells: placement.readonly?.bytes ?? new Uint8Array(),
    /** Address that the instruction refers to. */
    reaches: place.code + field + 4 + (options.tail ?? '').length / 2 + displacement(code, field),
  };
}

describe('a call', () => {
  it('by PLT32 goes to the stub', () => {
    expect(instruction('e8', plt32, jitFunction(3)).reaches).toBe(0x1000_3000_0018);
  });

  it('by PLT32 goes to the code address when one is given', () => {
    expect(instruction('e8', plt32, jitFunction(3, near)).reaches).toBe(near);
  });

  it('by PLT32 to a function of the process goes to its stub', () => {
    expect(instruction('e8', plt32, farFunction(0)).reaches).toBe(0x1000_3100_0000);
  });

  it('through the GOT goes through the slot', () => {
    const { opcode, reaches } = instruction('ff15', gotpcrelx, jitFunction(3));
    expect(opcode).toBe('ff15');
    expect(reaches).toBe(0x1000_4000_0018);
  });

  it('through the GOT to a function of the process goes through its slot', () => {
    expect(instruction('ff15', gotpcrelx, farFunction(0)).reaches).toBe(0x1000_4100_0000);
  });

  it('through the GOT becomes a direct call when the code address is given and near', () => {
    const { opcode, reaches } = instruction('ff15', gotpcrelx, jitFunction(3, near));
    expect(opcode).toBe('67e8');
    expect(reaches).toBe(near);
  });

  it('through the GOT stays indirect when the code address is far', () => {
    const { opcode, reaches } = instruction('ff15', gotpcrelx, jitFunction(3, 0x7fff_0000_0000));
    expect(opcode).toBe('ff15');
    expect(reaches).toBe(0x1000_4000_0018);
  });

  it('through the GOT to something that has no slot goes through a cell of the image', () => {
    const { opcode, reaches, cells } = instruction('ff15', gotpcrelx, farData);
    expect(opcode).toBe('ff15');
    expect(reaches).toBe(place.readonly);
    expect(word(cells, 0)).toBe(0x7fff_1234_0000n);
  });

  it('within the object stays inside when it is bound', () => {
    expect(instruction('e8', plt32, jitFunction(3), { bind: true }).reaches).toBe(place.code);
    const indirect = instruction('ff15', gotpcrelx, jitFunction(3), { bind: true });
    expect(indirect.opcode).toBe('67e8');
    expect(indirect.reaches).toBe(place.code);
    expect(indirect.linked.preserved.count).toBe(0);
  });

  it.each(['ff15', 'ff25'])(
    '%s within the object stays inside when its field crosses a cache line',
    (hex) => {
      // It never has to be patched, so it may lie anywhere.
      const crossing = instruction(hex, gotpcrelx, jitFunction(3), { bind: true, lead: 60 });
      expect(crossing.opcode).toMatch(/^67e8|^e9/);
      const displaced = hex === 'ff15' ? 62 : 61;
      expect(displaced + 4 + displacement(crossing.code, displaced)).toBe(0);
    },
  );

  it('within the object goes to the stub when it is not bound', () => {
    expect(instruction('e8', plt32, jitFunction(3), { bind: false }).reaches).toBe(0x1000_3000_0018);
  });
});

describe('a jump', () => {
  /** The relaxed jump is 5 bytes and a nop: its field lies one byte earlier. */
  function relaxed(code: Uint8Array): { hex: string; reaches: number } {
    const hex = Buffer.from(code.subarray(4, 10)).toString('hex');
    return { hex: `${hex.slice(0, 2)}..${hex.slice(10)}`, reaches: place.code + 9 + displacement(code, 5) };
  }

  it('through the GOT goes through the slot', () => {
    const { opcode, reaches } = instruction('ff25', gotpcrelx, jitFunction(3));
    expect(opcode).toBe('ff25');
    expect(reaches).toBe(0x1000_4000_0018);
  });

  it('through the GOT becomes jmp and nop when the code address is given', () => {
    expect(relaxed(instruction('ff25', gotpcrelx, jitFunction(3, near)).code)).toEqual({
      hex: 'e9..90',
      reaches: near,
    });
  });

  it('within the object becomes jmp and nop when it is bound', () => {
    const { code } = instruction('ff25', gotpcrelx, jitFunction(3), { bind: true });
    expect(relaxed(code)).toEqual({ hex: 'e9..90', reaches: place.code });
  });
});

describe('taking an address', () => {
  it.each([
    ['488b05', rexGotpcrelx, '488d05'],
    ['4c8b3d', rexGotpcrelx, '4c8d3d'],
    ['8b05', gotpcrelx, '8d05'],
    ['d5488b05', code4Gotpcrelx, 'd5488d05'],
  ] as const)('by %s of a near symbol becomes lea', (mov, type, lea) => {
    const { opcode, reaches } = instruction(mov, type, nearData);
    expect(opcode).toBe(lea);
    expect(reaches).toBe(near);
  });

  it('of a JIT function gives its stub, whatever its code address (I1)', () => {
    const { opcode, reaches } = instruction('488b05', rexGotpcrelx, jitFunction(3, near));
    expect(opcode).toBe('488d05');
    expect(reaches).toBe(0x1000_3000_0018);
    expect(instruction('488d05', pc32, jitFunction(3, near)).reaches).toBe(0x1000_3000_0018);
  });

  it('of a function of the object itself gives its stub, even when calls are bound (I1)', () => {
    expect(instruction('488d05', pc32, jitFunction(3), { bind: true }).reaches).toBe(0x1000_3000_0018);
  });

  it('of a far symbol by mov loads it from a cell', () => {
    const { opcode, reaches, cells } = instruction('488b05', rexGotpcrelx, farData);
    expect(opcode).toBe('488b05');
    expect(reaches).toBe(place.readonly);
    expect(word(cells, 0)).toBe(0x7fff_1234_0000n);
  });

  it('of a function of the process gives its real address', () => {
    const { cells } = instruction('488b05', rexGotpcrelx, farFunction(1));
    expect(word(cells, 0)).toBe(0x7fff_0000_0010n);
  });

  it('of a far symbol by lea becomes a load from a cell', () => {
    const { opcode, reaches, cells } = instruction('488d3d', pc32, farFunction(1));
    expect(opcode).toBe('488b3d');
    expect(reaches).toBe(place.readonly);
    expect(word(cells, 0)).toBe(0x7fff_0000_0010n);
  });

  it.each([
    ['a 32-bit lea', '8d05'],
    ['a mov', '488b05'],
    ['an lea that is not relative to rip', '488d83'],
  ])('of a far symbol by PC32 on %s overflows', (_what, hex) => {
    expect(() => instruction(hex, pc32, farData)).toThrow(
      expect.objectContaining({ code: 'RELOCATION_OVERFLOW' }),
    );
  });

  it.each([
    ['cmp', '483b05', ''],
    ['test', '488505', ''],
    ['cmp with an immediate', '48833d', '01'],
    ['push', 'ff35', ''],
  ])('by %s reads a cell, near or far', (_what, hex, tail) => {
    const { opcode, reaches, cells } = instruction(hex, rexGotpcrelx, nearData, { tail });
    expect(opcode).toBe(hex);
    expect(reaches).toBe(place.readonly);
    expect(word(cells, 0)).toBe(BigInt(near));
  });
});

describe('a weak symbol that nothing defines', () => {
  function weak(hex: string, type: number) {
    const bytes = Buffer.from(`${hex}00000000`, 'hex');
    const field = hex.length / 2;
    const object = buildObject(
      [
        {
          name: '.text',
          flags: 6,
          content: bytes,
          relocations: [{ offset: field, type, symbol: 0, addend: -4 }],
        },
      ],
      [{ name: 'w', section: 'undefined', binding: 2 }],
    );
    const image = prepareObject(object, 'm');
    const placement = placementAt(image);
    linkImage(image, placement, contextOf({}));
    const code = placement.code?.bytes ?? new Uint8Array();
    return {
      code,
      cells: placement.readonly?.bytes ?? new Uint8Array(),
      reaches: place.code + field + 4 + displacement(code, field),
    };
  }

  it('has address 0', () => {
    const { reaches, cells } = weak('488b05', rexGotpcrelx);
    expect(reaches).toBe(place.readonly);
    expect(word(cells, 0)).toBe(0n);
  });

  it('has address 0 for lea, too', () => {
    const { code, reaches } = weak('488d05', pc32);
    expect(code[1]).toBe(0x8b);
    expect(reaches).toBe(place.readonly);
  });

  it('faults when it is called: the call goes where nothing can be executed', () => {
    expect(weak('e8', plt32).reaches).toBe(place.readonly);
  });
});

describe('relinking', () => {
  it('undoes and redoes every relaxation', () => {
    const cases = [
      ['ff15', gotpcrelx],
      ['ff25', gotpcrelx],
      ['488b05', rexGotpcrelx],
      ['488d05', pc32],
    ] as const;
    for (const [hex, type] of cases) {
      const targets = [
        jitFunction(3),
        jitFunction(3, near),
        farFunction(0),
        nearData,
        jitFunction(3, near),
        farData,
      ];
      const first = instruction(hex, type, jitFunction(3));
      for (const target of targets) {
        relinkImage(first.linked, first.placement, contextOf({ f: target }));
        const fresh = instruction(hex, type, target);
        expect(Buffer.from(first.code).toString('hex')).toBe(Buffer.from(fresh.code).toString('hex'));
        expect(Buffer.from(first.cells).toString('hex')).toBe(Buffer.from(fresh.cells).toString('hex'));
      }
    }
  });
});
