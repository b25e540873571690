/** The global symbols that an object defines, as one array: a program has many images, and each image many symbols. */
import type { BlockKind } from './blocks.js';
import type { NameTable } from './names.js';

/** A global symbol that the object defines. */
export interface DefinedSymbol {
  readonly name: string;
  /** Where it lies; `tls`: in the thread-local block, `absolute`: `offset` is its value. */
  readonly place: BlockKind | 'tls' | 'absolute';
  /** Bytes from the start of that block. */
  readonly offset: number;
  /** Bytes; 0 when the object doesn't say. */
  readonly size: number;
  /** `ifunc`: a resolver that returns the function's address. */
  readonly type: 'function' | 'data' | 'tls' | 'ifunc';
  readonly binding: 'strong' | 'weak' | 'common';
}

/** Numbers of a symbol's row: its name and kind, its offset and its size. */
export const symbolStride = 3;

/** The places by number; the blocks' numbers are those of `blockNumber`. */
const places = ['absolute', 'code', 'readonly', 'data', 'tls'] as const;
const types = ['function', 'data', 'tls', 'ifunc'] as const;
const bindings = ['strong', 'weak', 'common'] as const;

/** Numbers of what a kind is made of. */
export const symbolPlace = { absolute: 0, code: 1, readonly: 2, data: 3, tls: 4 } as const;
export const definedType = { function: 0, data: 1, tls: 2, ifunc: 3 } as const;
export const definedBinding = { strong: 0, weak: 1, common: 2 } as const;

/** Bits of a kind: place (3 bits), type (2 bits) and binding (2 bits); numbers of names are below 2^24. */
const kindBits = 7;
const kinds = 2 ** kindBits;

/**
 * First number of a symbol's row.
 *
 * @param id - Number of its name.
 * @param place - A value of {@link symbolPlace}.
 * @param type - A value of {@link definedType}.
 * @param binding - A value of {@link definedBinding}.
 * @returns The number.
 */
export function symbolKey(id: number, place: number, type: number, binding: number): number {
  return id * kinds + (place | (type << 3) | (binding << 5));
}

/** Symbols by name. */
export class DefinedSymbols {
  /** Number of symbols. */
  readonly size: number;
  readonly #names: NameTable;
  /** Rows, ascending by their first number. */
  readonly #rows: Float64Array;

  /**
   * @param names - Where the names are.
   * @param rows - Rows of {@link symbolStride} numbers, ascending by number of the name; kept.
   */
  constructor(names: NameTable, rows: Float64Array) {
    this.size = rows.length / symbolStride;
    this.#names = names;
    this.#rows = rows;
  }

  /**
   * The symbol of a name.
   *
   * @param name - Linker name.
   * @returns The symbol; `undefined` when the object does not define it.
   */
  get(name: string): DefinedSymbol | undefined {
    const id = this.#names.find(name);
    return id === undefined ? undefined : this.ofId(id);
  }

  /**
   * Whether the object defines a symbol.
   *
   * @param name - Linker name.
   * @returns True when it does.
   */
  has(name: string): boolean {
    const id = this.#names.find(name);
    return id !== undefined && this.hasId(id);
  }

  /**
   * Whether the object defines the symbol of a name's number.
   *
   * @param id - The number.
   * @returns True when it does.
   */
  hasId(id: number): boolean {
    return this.#find(id) >= 0;
  }

  /**
   * The symbol of a name's number.
   *
   * @param id - The number.
   * @returns The symbol; `undefined` when the object does not define it.
   */
  ofId(id: number): DefinedSymbol | undefined {
    const index = this.#find(id);
    return index < 0 ? undefined : this.at(index);
  }

  /**
   * A symbol by its number among them.
   *
   * @param index - From 0 to {@link DefinedSymbols.size}.
   * @returns The symbol.
   */
  at(index: number): DefinedSymbol {
    const row = index * symbolStride;
    const kind = (this.#rows[row] ?? 0) & (kinds - 1);
    return {
      name: this.name(index),
      place: places[kind & 7] ?? 'absolute',
      offset: this.offset(index),
      size: this.#rows[row + 2] ?? 0,
      type: types[(kind >> 3) & 3] ?? 'function',
      binding: bindings[(kind >> 5) & 3] ?? 'strong',
    };
  }

  /**
   * Name of a symbol.
   *
   * @param index - Its number among them.
   * @returns Linker name.
   */
  name(index: number): string {
    return this.#names.text((this.#rows[index * symbolStride] ?? 0) >>> kindBits);
  }

  /**
   * Where a symbol lies.
   *
   * @param index - Its number among them.
   * @returns A value of {@link symbolPlace}.
   */
  place(index: number): number {
    return (this.#rows[index * symbolStride] ?? 0) & 7;
  }

  /**
   * Offset of a symbol in its place.
   *
   * @param index - Its number among them.
   * @returns Bytes; the value of an absolute symbol.
   */
  offset(index: number): number {
    return this.#rows[index * symbolStride + 1] ?? 0;
  }

  /** The names of all of them. */
  *keys(): Generator<string> {
    for (let index = 0; index < this.size; index += 1) yield this.name(index);
  }

  /** All of them. */
  *values(): Generator<DefinedSymbol> {
    for (let index = 0; index < this.size; index += 1) yield this.at(index);
  }

  #find(id: number): number {
    const key = id * kinds;
    let low = 0;
    for (let high = this.size; low < high; ) {
      const middle = (low + high) >>> 1;
      if ((this.#rows[middle * symbolStride] ?? 0) < key) low = middle + 1;
      else high = middle;
    }
    const found = low < this.size ? (this.#rows[low * symbolStride] ?? 0) : 0;
    return low < this.size && found < key + kinds ? low : -1;
  }
}
