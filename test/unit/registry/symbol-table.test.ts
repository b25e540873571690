import { describe, expect, it } from 'vitest';
import { address, slotIndex } from '../../../src/core/ids.js';
import { AddressMap } from '../../../src/registry/address-map.js';
import type { Definition } from '../../../src/registry/definition.js';
import { SymbolTable } from '../../../src/registry/symbol-table.js';

const define = (module: string, name: string, over: Partial<Definition> = {}): Definition => ({
  name,
  module,
  kind: 'function',
  binding: 'strong',
  signature: '',
  type: 'i32 ()',
  size: 0,
  alignment: 1,
  anonymous: false,
  profileName: undefined,
  index: -1,
  instructions: 0,
  alias: undefined,
  slot: undefined,
  placed: undefined,
  ...over,
});

const use = (name: string, signature = '', kind: 'function' | 'variable' = 'function') => ({
  name,
  kind,
  signature,
  type: 'used',
  weak: false,
});

describe('the symbol table', () => {
  it('prefers strong to common to weak to fallback, and the first of equals', () => {
    const table = new SymbolTable();
    const bindings = ['fallback', 'weak', 'weak', 'common', 'strong'] as const;
    for (const [i, binding] of bindings.entries()) {
      table.add([define(`m${String(i)}`, 'f', { binding })]);
      expect(table.lookup('f')?.module).toBe(`m${String(i === 2 ? 1 : i)}`);
    }
  });

  it('keeps the largest of common variables', () => {
    const table = new SymbolTable();
    const common = { kind: 'variable', binding: 'common' } as const;
    table.add([define('small', 'v', { ...common, size: 4 })]);
    table.add([define('large', 'v', { ...common, size: 8 })]);
    expect(table.lookup('v')?.module).toBe('large');
    table.add([define('aligned', 'v', { ...common, size: 8, alignment: 64 })]);
    expect(table.lookup('v')?.module).toBe('aligned');
  });

  it('I1: keeps a definition that linked code refers to when a stronger one comes', () => {
    const table = new SymbolTable();
    table.add([define('old', 'f', { binding: 'weak', slot: slotIndex(3) })]);
    table.add([define('new', 'f')]);
    expect(table.lookup('f')?.module).toBe('old');
  });

  it('I8: refuses a duplicate and is as it was before', () => {
    const table = new SymbolTable();
    table.add([define('a', 'f')]);
    expect(() => {
      table.add([define('b', 'g'), define('b', 'f')]);
    }).toThrow(
      expect.objectContaining({
        code: 'SYMBOL_DUPLICATE',
        details: { module: 'b', symbol: 'f', other: 'a' },
      }),
    );
    expect(table.lookup('g')).toBeUndefined();
  });

  it('refuses a function and a variable of one name', () => {
    const table = new SymbolTable();
    table.add([define('a', 'x')]);
    expect(() => {
      table.add([define('b', 'x', { kind: 'variable', binding: 'weak' })]);
    }).toThrow(expect.objectContaining({ code: 'SYMBOL_TYPE_MISMATCH' }));
    expect(() => {
      table.checkUse('b', use('x', '', 'variable'));
    }).toThrow(expect.objectContaining({ code: 'SYMBOL_TYPE_MISMATCH' }));
  });

  it.each([
    ['44', '44', true],
    ['44', '88', true], // both travel in an integer register
    ['4p', '48', true],
    ['v4', '44', true], // the caller ignores the result
    ['4.', '444', true], // an unprototyped declaration
    ['44', '444', false],
    ['44', '4d', false],
    ['d4', '44', false],
    ['4x', '44', true],
  ])('compares the calling conventions %s and %s', (defined, used, fits) => {
    const table = new SymbolTable();
    table.add([define('a', 'f', { signature: defined })]);
    const check = () => {
      table.checkUse('b', use('f', used));
    };
    if (fits) expect(check).not.toThrow();
    else expect(check).toThrow(expect.objectContaining({ code: 'SYMBOL_TYPE_MISMATCH' }));
  });

  it('follows aliases and adds their distances, and gives up on a cycle', () => {
    const table = new SymbolTable();
    table.add([
      define('a', 'data', { kind: 'variable' }),
      define('a', 'inner', { kind: 'variable', alias: { target: 'data', offset: 8 } }),
      define('a', 'outer', { kind: 'variable', alias: { target: 'inner', offset: 4 } }),
      define('a', 'loop', { alias: { target: 'loop', offset: 0 } }),
    ]);
    expect(table.resolve('outer')).toMatchObject({ definition: { name: 'data' }, offset: 12 });
    expect(table.resolve('loop')).toBeUndefined();
  });

  it('forgets a module that is removed', () => {
    const table = new SymbolTable();
    const definitions = [define('a', 'f')];
    table.add(definitions);
    table.remove(definitions);
    expect(table.lookup('f')).toBeUndefined();
  });
});

describe('the address map', () => {
  it('finds the range that holds an address', () => {
    const map = new AddressMap<string>();
    map.add(address(300), 50, 'c');
    map.add(address(100), 50, 'a');
    map.add(address(200), 50, 'b');
    expect([99, 100, 149, 150, 249, 300, 350].map((at) => map.find(address(at)))).toEqual([
      undefined,
      'a',
      'a',
      undefined,
      'b',
      'c',
      undefined,
    ]);
    map.remove(address(200));
    expect(map.find(address(210))).toBeUndefined();
  });
});
