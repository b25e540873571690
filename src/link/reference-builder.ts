/** Numbers the symbols that relocations refer to, and notes what their fixups need. */
import type { ElfObject } from '../elf/object.js';
import { symbolBinding, symbolSection, symbolType } from '../elf/symbols.js';
import { blockKinds } from './blocks.js';
import { isDefined } from './definitions.js';
import { fixup } from './fixup-codes-x86-64.js';
import type { SectionGraph } from './graph.js';
import type { WantedSymbol } from './image.js';
import type { Layout } from './layout.js';
import { cellBytes, need, type OwnDefinition, ReferenceTable, useOf } from './references.js';
import type { SymbolNames } from './symbol-names.js';

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

/** References that a packed entry can tell apart. */
const referenceLimit = 0x100_0000;

/** Collects the references of one object. */
export class ReferenceBuilder {
  readonly #object: ElfObject;
  readonly #graph: SectionGraph;
  readonly #layout: Layout;
  readonly #names: SymbolNames;
  /** Number of the name {@link gotSymbol}. */
  readonly #got: number;
  /** Reference of each symbol, plus 1; 0 for none yet. */
  readonly #numbers: Uint32Array;
  readonly #symbols: number[] = [];
  readonly #needs: number[] = [];
  readonly #ids: number[] = [];
  /** References whose size is used. */
  readonly #sized = new Set<number>();
  #usesCells = false;

  /**
   * @param graph - The object's sections by role.
   * @param layout - Their places.
   * @param names - Names of its symbols.
   */
  constructor(graph: SectionGraph, layout: Layout, names: SymbolNames) {
    this.#object = graph.object;
    this.#graph = graph;
    this.#layout = layout;
    this.#names = names;
    this.#got = names.table.intern(gotSymbol);
    this.#numbers = new Uint32Array(graph.object.symbols.count);
  }

  /**
   * Notes that fixups of one kind refer to a symbol.
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
      this.#needs.push(this.#bindingNeeds(symbol));
      this.#ids.push(this.#names.id(symbol));
      if (number >= referenceLimit) throw this.#object.reader.unsupported('it refers to too many symbols');
    }
    const needs = needsOf[code] ?? 0;
    this.#needs[number - 1] = (this.#needs[number - 1] ?? 0) | needs;
    if (code === fixup.size32 || code === fixup.size64) this.#sized.add(number - 1);
    if (needs === 0 || code === fixup.gotOffset64 || code === fixup.pltOffset64) this.#usesCells = true;
    return number - 1;
  }

  /**
   * A symbol's name for messages.
   *
   * @param symbol - The symbol.
   * @returns Its name, or its section's.
   */
  nameOf(symbol: number): string {
    return this.#names.text(symbol);
  }

  /**
   * Finishes the table; the image's cells are put at the end of the readonly block.
   *
   * @param cellStart - Where they begin in that block, in bytes, a multiple of 16.
   * @returns The references and the bytes of their cells.
   */
  build(cellStart: number): { readonly references: ReferenceTable; readonly bytes: number } {
    const own = new Map<number, OwnDefinition>();
    for (let index = 0; index < this.#symbols.length; index += 1) {
      if (((this.#needs[index] ?? 0) & need.local) === 0 && !this.#sized.has(index)) continue;
      const definition = this.#definitionOf(this.#symbols[index] ?? 0, cellStart);
      if (definition !== undefined) own.set(index, definition);
    }
    const references = new ReferenceTable(
      this.#names.table,
      new Uint32Array(this.#ids),
      new Uint8Array(this.#needs),
      own,
      cellStart,
    );
    const bytes = references.cellBytes;
    return { references, bytes: bytes === 0 && this.#usesCells ? cellBytes : bytes };
  }

  /**
   * Lists the symbols that the object needs and does not define.
   *
   * @returns One for each such reference.
   */
  wanted(): WantedSymbol[] {
    const wanted: WantedSymbol[] = [];
    for (let index = 0; index < this.#symbols.length; index += 1) {
      const needs = this.#needs[index] ?? 0;
      if ((needs & need.local) !== 0 || isDefined(this.#graph, this.#layout, this.#symbols[index] ?? 0))
        continue;
      const name = this.#names.table.text(this.#ids[index] ?? 0);
      wanted.push({ name, weak: (needs & need.weak) !== 0, use: useOf(needs) });
    }
    return wanted;
  }

  #bindingNeeds(symbol: number): number {
    const { symbols } = this.#object;
    const binding = symbols.binding(symbol);
    if (binding === symbolBinding.local) return need.local;
    if ((symbols.sections[symbol] ?? 0) !== symbolSection.undefined) return 0;
    if (this.#names.id(symbol) === this.#got) return need.local;
    return binding === symbolBinding.weak ? need.weak : 0;
  }

  #definitionOf(symbol: number, cellStart: number): OwnDefinition | undefined {
    const { symbols } = this.#object;
    const section = symbols.sections[symbol] ?? 0;
    const value = symbols.values[symbol] ?? 0;
    const size = symbols.sizes[symbol] ?? 0;
    if (symbol === 0 || section === symbolSection.absolute) return { place: 'absolute', offset: value, size };
    if (section === symbolSection.common) {
      return { place: 'data', offset: this.#layout.commons.get(symbol) ?? 0, size };
    }
    if (section === symbolSection.undefined) {
      return this.#names.id(symbol) === this.#got
        ? { place: 'readonly', offset: cellStart, size }
        : undefined;
    }
    if (this.#graph.roles[section] === 'discarded') return undefined;
    if (symbols.type(symbol) === symbolType.tls) {
      return { place: 'tls', offset: (this.#layout.threadOffsets[section] ?? 0) + value, size };
    }
    const place = blockKinds[(this.#layout.blockOf[section] ?? 0) - 1];
    return place === undefined
      ? undefined
      : { place, offset: (this.#layout.offsets[section] ?? 0) + value, size };
  }
}
