/** How many symbol files debuggers are told of, and of what. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GdbSymbols } from '../../../src/observe/gdb-symbols.js';
import type { PlacedCode } from '../../../src/observe/placed-code.js';
import { sectionNames, symbolsOf } from '../../support/symbol-file.js';

const spacing = 64;

function code(index: number, name = `f${String(index)}`): PlacedCode {
  const address = 0x10_0000 + index * spacing;
  return {
    module: 'm',
    tier: 'baseline',
    version: index,
    address,
    functions: [{ name, address, bytes: spacing }],
    read: () => new Uint8Array(spacing),
    lines: () => [],
    frames: undefined,
  };
}

/** What debuggers know. */
function registrar(): {
  readonly registrar: ConstructorParameters<typeof GdbSymbols<number>>[0];
  readonly files: Map<number, Uint8Array>;
  written: () => number;
} {
  const files = new Map<number, Uint8Array>();
  let written = 0;
  let next = 0;
  return {
    files,
    written: () => written,
    registrar: {
      register: (file) => {
        next += 1;
        files.set(next, file);
        written += symbolsOf(file).length;
        return next;
      },
      unregister: (number) => {
        expect(files.delete(number)).toBe(true);
      },
    },
  };
}

const known = (files: ReadonlyMap<number, Uint8Array>): string[] =>
  [...files.values()].flatMap((file) => symbolsOf(file).map(({ name }) => name)).sort();

describe('symbol files for debuggers', () => {
  it('are few for many versions, and each version is written a few times', () => {
    const seen = registrar();
    const symbols = new GdbSymbols(seen.registrar);
    const count = 10_000;
    for (let index = 0; index < count; index += 1) symbols.placed(code(index));
    expect(known(seen.files)).toHaveLength(count);
    expect(seen.files.size).toBeLessThanOrEqual(count / 256 + 9);
    expect(seen.written()).toBeLessThanOrEqual(count * 9);
    symbols.close();
    expect(seen.files.size).toBe(0);
  });

  it('have all that is there, at most as much again that was freed, and never two things at one place', () => {
    const step = fc.record({ place: fc.integer({ min: 0, max: 40 }), isPlaced: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const seen = registrar();
        const symbols = new GdbSymbols(seen.registrar);
        const there = new Map<number, string>();
        for (const [time, { place, isPlaced }] of steps.entries()) {
          const name = `f${String(place)}at${String(time)}`;
          const piece = code(place, name);
          if (isPlaced && !there.has(place)) {
            symbols.placed(piece);
            there.set(place, `${name} [baseline]`);
          } else if (!isPlaced && there.delete(place)) {
            symbols.freed(piece.address);
          }
        }
        const all = [...seen.files.values()].flatMap((file) => symbolsOf(file));
        const places = all.map(({ address }) => address);
        expect(new Set(places).size).toBe(places.length);
        for (const name of there.values()) expect(all.map((one) => one.name)).toContain(name);
        expect(all.length).toBeLessThanOrEqual(there.size * 2);
      }),
      { numRuns: 200 },
    );
  });

  it('have neither tables nor lines where there are none', () => {
    const seen = registrar();
    new GdbSymbols(seen.registrar).placed(code(1));
    const [file] = seen.files.values();
    expect(sectionNames(file ?? new Uint8Array())).toEqual(['', '.text', '.symtab', '.strtab', '.shstrtab']);
  });
});
