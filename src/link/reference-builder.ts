/** Numbers the symbols that relocations refer to, and notes what their fixups need. */
import { present } from '../core/assert.js';
import { symbolBinding, symbolSection, symbolType, symbolWord, symbolWords } from '../elf/symbols.js';
import { blockKinds } from './blocks.js';
import { fixup } from './fixup-codes-x86-64.js';
import { blockOfRole, role, type SectionGraph } from './graph.js';
import { type Layout, threadOffset } from './layout.js';
import type { NameTable } from './names.js';
import { nameLimit, need, type OwnDefinition, referenceRow, type References } from './references.js';
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

/** Shared by all images that define nothing of their own. */
const noDefinitions: ReadonlyMap<number, OwnDefinition> = new Map<number, OwnDefinition>();

/** Collects the references of one object after the other. */
export class ReferenceBuilder {
  #graph: SectionGraph | undefined;
  #layout: Layout | undefined;
  readonly #names: SymbolNames;
  /** Number of the name {@link gotSymbol} in a table of names. */
  #got = 0;
  #gotNames: NameTable | undefined;
  /** Reference of each symbol, plus 1; 0 for none yet. */
  #numbers = new Int32Array(0);
  /** Rows of the references, and their symbols. */
  #rows = new Int32Array(0);
  #symbols = new Int32Array(0);
  #count = 0;
  /** What all of them need. */
  #allNeeds = 0;
  /** References whose size is used. */
  #sized = new Set<number>();
  #usesCells = false;

  /** @param names - Names of each object's symbols. */
  constructor(names: SymbolNames) {
    this.#names = names;
  }

  /**
   * Begins with another object.
   *
   * @param graph - The object's sections by role.
   * @param layout - Their places.
   */
  start(graph: SectionGraph, layout: Layout): void {
    const { count } = graph.object.symbols;
    this.#graph = graph;
    this.#layout = layout;
    if (this.#gotNames !== this.#names.table) {
      this.#gotNames = this.#names.table;
      this.#got = this.#names.table.intern(gotSymbol);
    }
    this.#count = 0;
    this.#allNeeds = 0;
    this.#usesCells = false;
    if (this.#sized.size > 0) this.#sized = new Set();
    if (count > this.#numbers.length) {
      this.#numbers = new Int32Array(count * 2);
      this.#rows = new Int32Array(count * 2);
      this.#symbols = new Int32Array(count * 2);
    } else {
      this.#numbers.fill(0, 0, count);
    }
  }

  /** Forgets the object. */
  end(): void {
    this.#graph = undefined;
    this.#layout = undefined;
  }

  /**
   * Notes that fixups of one kind refer to a symbol.
   *
   * @param symbol - The symbol.
   * @param code - The fixup.
   * @returns Number of the reference.
   * @throws TierlinkError OBJECT_INVALID, OBJECT_UNSUPPORTED when its name is damaged, or one too many.
   */
  refer(symbol: number, code: number): number {
    let number = this.#numbers[symbol] ?? 0;
    if (number === 0) number = this.#meet(symbol);
    const rows = this.#rows;
    const needs = needsOf[code] ?? 0;
    const row = (rows[number - 1] ?? 0) | needs;
    rows[number - 1] = row;
    this.#allNeeds |= row;
    if (code === fixup.size32 || code === fixup.size64) this.#sized.add(number - 1);
    if (needs === 0 || code === fixup.gotOffset64 || code === fixup.pltOffset64) this.#usesCells = true;
    return number - 1;
  }

  /** Numbers a symbol that is referred to for the first time. */
  #meet(symbol: number): number {
    const names = this.#names;
    const count = this.#count;
    const id = names.id(symbol);
    if (id >= nameLimit) throw this.#tooMany();
    this.#rows[count] = referenceRow(id, this.#bindingNeeds(symbol, id));
    this.#symbols[count] = symbol;
    this.#numbers[symbol] = count + 1;
    this.#count = count + 1;
    return count + 1;
  }

  /**
   * A symbol's name.
   *
   * @param symbol - The symbol.
   * @returns Its name, or its section's.
   */
  nameOf(symbol: number): string {
    return this.#names.text(symbol);
  }

  /** Whether the object refers to the image's cells without having one of its own. */
  get usesCells(): boolean {
    return this.#usesCells;
  }

  /**
   * The references that were collected; the image's cells are put at the end of the readonly block.
   *
   * @param cellStart - Where they begin in that block, in bytes, a multiple of 16.
   * @returns The references, valid until the next object.
   */
  build(cellStart: number): References {
    let own = noDefinitions;
    if ((this.#allNeeds & need.local) !== 0 || this.#sized.size > 0) own = this.#definitions(cellStart);
    return { names: this.#names.table, rows: this.#rows, count: this.#count, own, cellStart };
  }

  #tooMany(): Error {
    const reason = `it refers to more than ${String(nameLimit)} names, with all objects before it`;
    return present(this.#graph, 'an object was begun').object.reader.unsupported(reason);
  }

  #definitions(cellStart: number): Map<number, OwnDefinition> {
    const own = new Map<number, OwnDefinition>();
    for (let index = 0; index < this.#count; index += 1) {
      if (((this.#rows[index] ?? 0) & need.local) === 0 && !this.#sized.has(index)) continue;
      const definition = this.#definitionOf(this.#symbols[index] ?? 0, cellStart);
      if (definition !== undefined) own.set(index, definition);
    }
    return own;
  }

  #bindingNeeds(symbol: number, id: number): number {
    const symbols = this.#graph?.object.symbols;
    if (symbols === undefined || symbol < symbols.firstGlobal) return need.local;
    const bits = symbols.words[symbols.first + symbol * symbolWords + symbolWord.place] ?? 0;
    if (bits >>> 16 !== symbolSection.undefined) return 0;
    if (id === this.#got) return need.local;
    return ((bits >> 4) & 15) === symbolBinding.weak ? need.weak : 0;
  }

  #definitionOf(symbol: number, cellStart: number): OwnDefinition | undefined {
    const graph = present(this.#graph, 'an object was begun');
    const layout = present(this.#layout, 'an object was begun');
    const { symbols } = graph.object;
    const section = symbols.section(symbol);
    const value = symbols.value(symbol);
    const size = symbols.size(symbol);
    if (symbol === 0 || section === symbolSection.absolute) return { place: 'absolute', offset: value, size };
    if (section === symbolSection.common)
      return { place: 'data', offset: layout.commons.get(symbol) ?? 0, size };
    if (section === symbolSection.undefined) {
      return this.#names.id(symbol) === this.#got
        ? { place: 'readonly', offset: cellStart, size }
        : undefined;
    }
    const own = graph.roles[section] ?? role.dropped;
    if (own === role.discarded) return undefined;
    if (symbols.type(symbol) === symbolType.tls) {
      return { place: 'tls', offset: threadOffset(graph, layout, section) + value, size };
    }
    const place = blockKinds[(blockOfRole[own] ?? 0) - 1];
    return place === undefined ? undefined : { place, offset: (layout.offsets[section] ?? 0) + value, size };
  }
}
