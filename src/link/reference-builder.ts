/** Numbers the symbols that relocations refer to, and gives them cells. */
import type { ElfObject } from '../elf/object.js';
import { symbolBinding, symbolSection, symbolType } from '../elf/symbols.js';
import { fixup } from './fixup-codes-x86-64.js';
import type { SectionGraph } from './graph.js';
import type { Layout } from './layout.js';
import { PreservedBuilder } from './preserved.js';
import { need, ownPlace, type ReferenceTable } from './references.js';

const cellBytes = 8;
const pairBytes = 16;

/** The symbol through which an object refers to the image's cells. */
const gotSymbol = '_GLOBAL_OFFSET_TABLE_';

/** What each fixup needs of its reference. */
const needsOf = new Uint8Array(64).fill(need.address);
const called = need.call | need.cell;
for (const [code, needs] of [
  [fixup.branch32, need.call],
  [fixup.pltOffset64, need.call],
  [fixup.call32, called],
  [fixup.jump32, called],
  [fixup.load32, need.address | need.cell],
  [fixup.lea32, need.address | need.cell],
  [fixup.cell32, need.address | need.cell],
  [fixup.cell64, need.address | need.cell],
  [fixup.got32, need.address | need.cell],
  [fixup.got64, need.address | need.cell],
  [fixup.gotPc32, 0],
  [fixup.gotPc64, 0],
  [fixup.tlsPair32, need.thread | need.pair],
  [fixup.tlsBase32, need.thread | need.threadBase],
  [fixup.tlsOffset32, need.thread | need.threadBase],
  [fixup.tlsOffset64, need.thread],
  [fixup.tlsCell32, need.thread | need.cell],
  [fixup.threadOffset32, need.thread],
  [fixup.threadOffset64, need.thread],
  [fixup.tlsModule64, need.thread],
] as const) {
  needsOf[code] = needs;
}

/** Collects the references of one object. */
export class ReferenceBuilder {
  readonly #object: ElfObject;
  readonly #graph: SectionGraph;
  readonly #layout: Layout;
  /** Reference of each symbol, plus 1; 0 for none yet. */
  readonly #numbers: Uint32Array;
  readonly #symbols: number[] = [];
  readonly #needs: number[] = [];
  readonly #names: string[] = [];
  #threadBase = false;
  #usesCells = false;

  /**
   * @param graph - The object's sections by role.
   * @param layout - Their places.
   */
  constructor(graph: SectionGraph, layout: Layout) {
    this.#object = graph.object;
    this.#graph = graph;
    this.#layout = layout;
    this.#numbers = new Uint32Array(graph.object.symbols.count);
  }

  /**
   * Notes that a fixup refers to a symbol.
   *
   * @param symbol - The symbol.
   * @param code - The fixup.
   * @returns Number of the reference.
   * @throws TierlinkError OBJECT_UNSUPPORTED when there are too many.
   */
  refer(symbol: number, code: number): number {
    let number = this.#numbers[symbol] ?? 0;
    if (number === 0) {
      number = this.#symbols.push(symbol);
      this.#numbers[symbol] = number;
      this.#needs.push(0);
      this.#names.push(this.nameOf(symbol));
      if (PreservedBuilder.isFull(number))
        throw this.#object.reader.unsupported('it refers to too many symbols');
    }
    const needs = needsOf[code] ?? 0;
    this.#needs[number - 1] = (this.#needs[number - 1] ?? 0) | needs;
    if (code === fixup.tlsBase32) this.#threadBase = true;
    if (needs === 0 || code === fixup.gotOffset64 || code === fixup.pltOffset64) this.#usesCells = true;
    return number - 1;
  }

  /**
   * A symbol's name for messages and look-up.
   *
   * @param symbol - The symbol.
   * @returns Its name, or its section's.
   */
  nameOf(symbol: number): string {
    const { symbols, sections } = this.#object;
    if (symbols.type(symbol) !== symbolType.section) return symbols.name(symbol);
    return sections[symbols.sections[symbol] ?? 0]?.name ?? '';
  }

  /**
   * Finishes the table; the image's cells are put at the end of the readonly block.
   *
   * @param cellStart - Where they begin in that block, in bytes, a multiple of 16.
   * @returns The references and the bytes of their cells.
   */
  build(cellStart: number): { readonly references: ReferenceTable; readonly bytes: number } {
    const count = this.#symbols.length;
    const references = {
      count,
      names: this.#names,
      needs: Uint8Array.from(this.#needs),
      places: new Uint8Array(count),
      offsets: new Float64Array(count),
      sizes: new Float64Array(count),
      cells: new Int32Array(count).fill(-1),
      pairs: new Int32Array(count).fill(-1),
      cellStart,
      threadBase: -1,
    };
    for (let index = 0; index < count; index += 1) this.#describe(index, references);
    let bytes = 0;
    // Pairs come first, so that they are aligned to their 16 bytes.
    for (let index = 0; index < count; index += 1) {
      if (((references.needs[index] ?? 0) & need.pair) === 0) continue;
      references.pairs[index] = bytes;
      bytes += pairBytes;
    }
    if (this.#threadBase) {
      references.threadBase = bytes;
      bytes += pairBytes;
    }
    for (let index = 0; index < count; index += 1) {
      const needs = references.needs[index] ?? 0;
      // A call to a weak symbol that nothing defines goes to the cell: not executable, it faults as address 0.
      const wanted = (needs & need.weak) === 0 ? need.cell : need.cell | need.call;
      if ((needs & wanted) === 0) continue;
      references.cells[index] = bytes;
      bytes += cellBytes;
    }
    if (bytes === 0 && this.#usesCells) bytes = cellBytes;
    return { references, bytes };
  }

  #describe(index: number, table: ReferenceTable): void {
    const { symbols } = this.#object;
    const symbol = this.#symbols[index] ?? 0;
    const section = symbols.sections[symbol] ?? 0;
    const value = symbols.values[symbol] ?? 0;
    const binding = symbols.binding(symbol);
    let needs = table.needs[index] ?? 0;
    if (binding === symbolBinding.local) needs |= need.local;
    table.sizes[index] = symbols.sizes[symbol] ?? 0;
    table.offsets[index] = value;
    if (symbol === 0 || section === symbolSection.absolute) {
      table.places[index] = ownPlace.absolute;
    } else if (section === symbolSection.common) {
      table.places[index] = ownPlace.data;
      table.offsets[index] = this.#layout.commons.get(symbol) ?? 0;
    } else if (section !== symbolSection.undefined && this.#graph.roles[section] !== 'discarded') {
      const thread = symbols.type(symbol) === symbolType.tls;
      const start = thread ? this.#layout.threadOffsets[section] : this.#layout.offsets[section];
      table.places[index] = thread ? ownPlace.thread : (this.#layout.blockOf[section] ?? 0);
      table.offsets[index] = (start ?? 0) + value;
    } else if (table.names[index] === gotSymbol) {
      needs |= need.local;
      table.places[index] = ownPlace.readonly;
      table.offsets[index] = table.cellStart;
    } else {
      table.sizes[index] = Number.NaN;
      if (binding === symbolBinding.weak && section === symbolSection.undefined) needs |= need.weak;
    }
    table.needs[index] = needs;
  }
}
