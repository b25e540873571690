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

/** Bits of a row that {@link need} takes; the number of the name is above them. */
export const needBits = 8;

/** Names that a row can tell apart. */
export const nameLimit: number = 2 ** (32 - needBits);

/** References as they are collected. */
export interface References {
  /** Where the names are. */
  readonly names: NameTable;
  /** One for each reference, and perhaps more behind them; see {@link referenceRow}. */
  readonly rows: Int32Array;
  readonly count: number;
  /** Definitions of local symbols. */
  readonly own: OwnDefinitions;
  /** Where the image's cells begin in the readonly block, in bytes. */
  readonly cellStart: number;
}

/**
 * The row of a reference.
 *
 * @param id - Number of its name; of the section's name for a section.
 * @param needs - What fixups need: bits of {@link need}.
 * @returns The row.
 */
export function referenceRow(id: number, needs: number): number {
  return (id << needBits) | needs;
}

/** All references of an image. */
export class ReferenceTable {
  readonly count: number;
  readonly own: OwnDefinitions;
  /** Where the image's cells begin in the readonly block, in bytes. */
  readonly cellStart: number;
  /** Offset of the pair {module, 0} in the cells, in bytes; -1 for none. */
  readonly threadBase: number;
  /** Offset of the first cell of a reference in the cells, in bytes: behind all pairs. */
  readonly firstCell: number;
  /** What all of them need: bits of {@link need}. */
  readonly allNeeds: number;
  /** One for each reference, and more behind them; see {@link referenceRow}. */
  readonly rows: Uint32Array;
  /** Where the names are. */
  readonly names: NameTable;
  /** References by number of their name; made when one is first looked for. */
  #byName: Uint32Array | undefined;

  /**
   * @param references - The references.
   * @param rows - Begins with the same rows, and is kept.
   */
  constructor({ cellStart, count, names, own }: Omit<References, 'rows'>, rows: Uint32Array) {
    this.count = count;
    this.own = own;
    this.cellStart = cellStart;
    this.rows = rows;
    this.names = names;
    let all = 0;
    for (let index = 0; index < count; index += 1) all |= rows[index] ?? 0;
    this.allNeeds = all & 0xff;
    const pairs = this.pairAfter(0, 0, count);
    const threadBase = (all & need.threadBase) !== 0;
    this.threadBase = threadBase ? pairs : -1;
    this.firstCell = threadBase ? pairs + pairBytes : pairs;
  }

  /** Bytes that they take; names are shared and count 3 each, needs 1. */
  get bytes(): number {
    return this.count * 4 + this.own.size * ownDefinitionBytes;
  }

  /** Bytes of the image's cells that references have. */
  get cellBytes(): number {
    return this.cellAfter(this.firstCell, 0, this.count);
  }

  /**
   * What fixups need of a reference.
   *
   * @param reference - Its number.
   * @returns Bits of {@link need}.
   */
  needs(reference: number): number {
    return (this.rows[reference] ?? 0) & 0xff;
  }

  /**
   * Number of a reference's name.
   *
   * @param reference - Its number.
   * @returns The name's number; that of the section's name for a section.
   */
  nameId(reference: number): number {
    return (this.rows[reference] ?? 0) >>> needBits;
  }

  /**
   * Linker name of a reference.
   *
   * @param reference - Its number.
   * @returns The name; the section's name for a section.
   */
  name(reference: number): string {
    return this.names.text(this.nameId(reference));
  }

  /**
   * The reference to a global symbol.
   *
   * @param name - Linker name.
   * @returns Its number; -1 when the image does not refer to it.
   */
  find(name: string): number {
    const id = this.names.find(name);
    if (id === undefined) return -1;
    const order = (this.#byName ??= this.#sorted());
    let low = 0;
    for (let high = order.length; low < high; ) {
      const middle = (low + high) >>> 1;
      if (this.nameId(order[middle] ?? 0) < id) low = middle + 1;
      else high = middle;
    }
    const found = order[low];
    return found !== undefined && this.nameId(found) === id ? found : -1;
  }

  /** A local symbol may have the name of a global one, which alone can be found elsewhere. */
  #sorted(): Uint32Array {
    const globals: number[] = [];
    for (let reference = 0; reference < this.count; reference += 1) {
      if ((this.needs(reference) & need.local) === 0) globals.push(reference);
    }
    return Uint32Array.from(globals).sort((left, right) => this.nameId(left) - this.nameId(right));
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
    if ((this.allNeeds & (need.cell | need.weak)) === 0) return next;
    for (let index = from; index < to; index += 1) {
      if (hasCell(this.needs(index))) next += cellBytes;
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
    if ((this.allNeeds & need.pair) === 0) return next;
    for (let index = from; index < to; index += 1) {
      if ((this.needs(index) & need.pair) !== 0) next += pairBytes;
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
