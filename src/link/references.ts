/** References: the symbols of an object whose values a link looks up, as columns with a row for each. */
import type { SymbolUse } from './context.js';
import type { NameTable } from './names.js';

/** What fixups need of a reference; a set of bits. */
export const need = {
  /** It is called. */
  call: 1,
  /** Its address is used. */
  address: 2,
  /** It is used as a thread-local. */
  thread: 4,
  /** An 8-byte cell of the image. */
  cell: 8,
  /** A `tls_index` pair of the image. */
  pair: 16,
  /** It is reached from the start of its module's thread-local block. */
  threadBase: 32,
  /** No other object can mean this symbol: it is not looked up. */
  local: 64,
  /** It is address 0 when nothing defines it. */
  weak: 128,
} as const;

/** Bytes of a cell. */
export const cellBytes = 8;
/** Bytes of a `tls_index` pair. */
export const pairBytes = 16;

/** Where the object itself defines a symbol, with the offset there: the `place` of a defined symbol. */
export interface OwnDefinition {
  readonly place: 'code' | 'readonly' | 'data' | 'tls' | 'absolute';
  /** Bytes; the value of an absolute symbol. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
}

/** The few references whose definition the table of symbols can't give: those of local symbols, and of sizes. */
export type OwnDefinitions = ReadonlyMap<number, OwnDefinition>;

/** What such a definition takes: its numbers, in bytes. */
const ownDefinitionBytes = 24;

/** All references of an image. */
export class ReferenceTable {
  readonly count: number;
  /** Bits of {@link need}. */
  readonly needs: Uint8Array;
  readonly own: OwnDefinitions;
  /** Where the image's cells begin in the readonly block, in bytes. */
  readonly cellStart: number;
  /** Offset of the pair {module, 0} in the cells, in bytes; -1 for none. */
  readonly threadBase: number;
  /** Offset of the first cell of a reference in the cells, in bytes: behind all pairs. */
  readonly firstCell: number;
  readonly #ids: Uint32Array;
  readonly #names: NameTable;

  /**
   * @param names - Where the names are.
   * @param ids - Their numbers; the section's name for a section.
   * @param needs - What fixups need, as many.
   * @param own - Definitions of local symbols.
   * @param cellStart - Where the image's cells begin in the readonly block.
   */
  constructor(names: NameTable, ids: Uint32Array, needs: Uint8Array, own: OwnDefinitions, cellStart: number) {
    this.count = ids.length;
    this.needs = needs;
    this.own = own;
    this.cellStart = cellStart;
    this.#ids = ids;
    this.#names = names;
    let pairs = 0;
    let threadBase = false;
    for (const bits of needs) {
      if ((bits & need.pair) !== 0) pairs += pairBytes;
      if ((bits & need.threadBase) !== 0) threadBase = true;
    }
    this.threadBase = threadBase ? pairs : -1;
    this.firstCell = threadBase ? pairs + pairBytes : pairs;
  }

  /** Bytes that the table takes; names are shared and count 4 each. */
  get bytes(): number {
    return this.#ids.byteLength + this.needs.byteLength + this.own.size * ownDefinitionBytes;
  }

  /** Bytes of the image's cells that references have. */
  get cellBytes(): number {
    return this.cellAfter(this.firstCell, 0, this.count);
  }

  /**
   * Linker name of a reference.
   *
   * @param reference - Its number.
   * @returns The name; the section's name for a section.
   */
  name(reference: number): string {
    return this.#names.text(this.#ids[reference] ?? 0);
  }

  /**
   * The reference to a global symbol.
   *
   * @param name - Linker name.
   * @returns Its number; -1 when the image does not refer to it.
   */
  find(name: string): number {
    const id = this.#names.find(name);
    if (id === undefined) return -1;
    let found = this.#ids.indexOf(id);
    // A local symbol may have the name of a global one, which alone can be found elsewhere.
    while (found >= 0 && ((this.needs[found] ?? 0) & need.local) !== 0)
      found = this.#ids.indexOf(id, found + 1);
    return found;
  }

  /**
   * Cells and pairs have no column: they follow from the needs of all references before.
   *
   * @param offset - Offset of the next cell at a reference.
   * @param from - That reference.
   * @param to - A later reference.
   * @returns Offset of the next cell there.
   */
  cellAfter(offset: number, from: number, to: number): number {
    let next = offset;
    for (let index = from; index < to; index += 1) {
      if (hasCell(this.needs[index] ?? 0)) next += cellBytes;
    }
    return next;
  }

  /**
   * The same for pairs.
   *
   * @param offset - Offset of the next pair at a reference.
   * @param from - That reference.
   * @param to - A later reference.
   * @returns Offset of the next pair there.
   */
  pairAfter(offset: number, from: number, to: number): number {
    let next = offset;
    for (let index = from; index < to; index += 1) {
      if (((this.needs[index] ?? 0) & need.pair) !== 0) next += pairBytes;
    }
    return next;
  }
}

/**
 * Whether a reference has a cell.
 *
 * @param needs - Bits of {@link need}.
 * @returns True when it has one.
 */
export function hasCell(needs: number): boolean {
  // A call to a weak symbol that nothing defines goes to the cell: not executable, it faults as address 0.
  return (needs & ((needs & need.weak) === 0 ? need.cell : need.cell | need.call)) !== 0;
}

/**
 * How an object uses a reference, for whoever looks it up.
 *
 * @param needs - Bits of {@link need}.
 * @returns The use.
 */
export function useOf(needs: number): SymbolUse {
  if ((needs & need.thread) !== 0) return 'tls';
  return (needs & need.call) !== 0 ? 'call' : 'address';
}
