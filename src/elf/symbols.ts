/** The symbol table of an object as columns; names are decoded when asked for. */
import type { BoundedReader } from './bounded-reader.js';
import { type ElfSection, sectionAt, sectionFlag, sectionType } from './sections.js';

/** Symbol types (low half of st_info). */
export const symbolType = {
  none: 0,
  object: 1,
  function: 2,
  section: 3,
  file: 4,
  common: 5,
  tls: 6,
  ifunc: 10,
} as const;

/** Symbol bindings (high half of st_info). */
export const symbolBinding = { local: 0, global: 1, weak: 2, unique: 10 } as const;

/** Section numbers of symbols that lie in no section; outside the range of real section indices. */
export const symbolSection = { undefined: 0, absolute: 0xffff_fff1, common: 0xffff_fff2 } as const;

const entryBytes = 24;
const reservedSections = 0xff00;
const extendedIndex = 0xffff;
/** SHN_X86_64_LCOMMON: a common symbol of the medium code model. */
const largeCommon = 0xff02;

/** All symbols of an object, by index. */
export class SymbolTable {
  /** Number of symbols; symbol 0 is the null symbol. */
  readonly count: number;
  /** First symbol that is not local. */
  readonly firstGlobal: number;
  /** Section index, or a value of {@link symbolSection}. */
  readonly sections: Uint32Array;
  /** Offset in the section; the value of an absolute symbol; the alignment of a common one. */
  readonly values: Float64Array;
  /** Bytes. */
  readonly sizes: Float64Array;
  /** Type and binding, as in the file. */
  readonly info: Uint8Array;
  readonly #reader: BoundedReader;
  /** The string table when it is plain ASCII, else empty. */
  #table: string | undefined;
  readonly #nameOffsets: Uint32Array;
  readonly #strings: { readonly offset: number; readonly size: number };

  /**
   * @param reader - The file.
   * @param count - Number of symbols.
   * @param firstGlobal - First symbol that is not local.
   * @param strings - Range of the string table, inside the file.
   * @param nameOffsets - Offset of each name in the string table; filled by the caller.
   */
  constructor(
    reader: BoundedReader,
    count: number,
    firstGlobal: number,
    strings: { readonly offset: number; readonly size: number },
    nameOffsets: Uint32Array,
  ) {
    this.#reader = reader;
    this.count = count;
    this.firstGlobal = firstGlobal;
    this.#strings = strings;
    this.#nameOffsets = nameOffsets;
    this.sections = new Uint32Array(count);
    this.values = new Float64Array(count);
    this.sizes = new Float64Array(count);
    this.info = new Uint8Array(count);
  }

  /**
   * Type of a symbol.
   *
   * @param symbol - Its index.
   * @returns A value of {@link symbolType}, or another number.
   */
  type(symbol: number): number {
    return (this.info[symbol] ?? 0) & 15;
  }

  /**
   * Binding of a symbol.
   *
   * @param symbol - Its index.
   * @returns A value of {@link symbolBinding}.
   */
  binding(symbol: number): number {
    return (this.info[symbol] ?? 0) >>> 4;
  }

  /** Where the string table ends in the file. */
  get nameLimit(): number {
    return this.#strings.offset + this.#strings.size;
  }

  /**
   * Where the name of a symbol starts in the file.
   *
   * @param symbol - Its index.
   * @returns An offset, not checked against {@link SymbolTable.nameLimit}; -1 when it has no name.
   */
  nameStart(symbol: number): number {
    const index = this.#nameOffsets[symbol] ?? 0;
    return index === 0 ? -1 : this.#strings.offset + index;
  }

  /**
   * Name of a symbol.
   *
   * @param symbol - Its index.
   * @returns The name; empty for most section symbols.
   * @throws TierlinkError OBJECT_INVALID when it is not inside the string table.
   */
  name(symbol: number): string {
    const index = this.#nameOffsets[symbol] ?? 0;
    if (index === 0) return '';
    // Decoding the table once and cutting names from it takes a third of the time of decoding each.
    this.#table ??= this.#reader.ascii(this.#strings.offset, this.#strings.size);
    const end = this.#table.indexOf('\0', index);
    if (end > index) return this.#table.slice(index, end);
    return this.#reader.text(this.#strings.offset, this.#strings.size, index, `symbol ${String(symbol)}`);
  }
}

/**
 * Reads the symbol table.
 *
 * @param reader - The file.
 * @param sections - All sections.
 * @returns The symbols; empty when the object has no symbol table.
 * @throws TierlinkError OBJECT_INVALID, OBJECT_UNSUPPORTED
 */
export function readSymbols(reader: BoundedReader, sections: readonly ElfSection[]): SymbolTable {
  const tables = sections.filter((section) => section.type === sectionType.symtab);
  const table = tables[0];
  if (table === undefined) return new SymbolTable(reader, 0, 0, { offset: 0, size: 0 }, new Uint32Array(0));
  if (tables.length > 1) throw reader.damaged('it has more than one symbol table');
  if (table.entryBytes !== entryBytes || table.size % entryBytes !== 0) {
    throw reader.damaged(`the symbol table has entries of ${String(table.entryBytes)} bytes instead of 24`);
  }
  const count = table.size / entryBytes;
  if (table.info > count) throw reader.damaged('the first global symbol lies behind the symbol table');
  const strings = sectionAt(reader, sections, table.link, 'the symbol table');
  if (strings.type !== sectionType.strtab) throw reader.damaged('the symbol names are no string table');
  const names = new Uint32Array(count);
  const symbols = new SymbolTable(reader, count, table.info, strings, names);
  const extended = extendedIndices(reader, sections, table, count);
  for (let symbol = 1; symbol < count; symbol += 1) {
    const at = table.offset + symbol * entryBytes;
    names[symbol] = reader.view.getUint32(at, true);
    symbols.info[symbol] = reader.view.getUint8(at + 4);
    readPlace(reader, sections, symbols, symbol, at, extended);
  }
  return symbols;
}

function extendedIndices(
  reader: BoundedReader,
  sections: readonly ElfSection[],
  table: ElfSection,
  count: number,
): number | undefined {
  const section = sections.find((one) => one.type === sectionType.symtabIndex && one.link === table.index);
  if (section === undefined) return undefined;
  if (section.size !== count * 4) throw reader.damaged('SHT_SYMTAB_SHNDX does not match the symbol table');
  return section.offset;
}

function readPlace(
  reader: BoundedReader,
  sections: readonly ElfSection[],
  symbols: SymbolTable,
  symbol: number,
  at: number,
  extended: number | undefined,
): void {
  const raw = reader.view.getUint16(at + 6, true);
  const binding = symbols.binding(symbol);
  if ((binding === symbolBinding.local) !== symbol < symbols.firstGlobal) {
    throw reader.damaged(`symbol ${String(symbol)} is on the wrong side of the first global symbol`);
  }
  if (binding > symbolBinding.weak && binding !== symbolBinding.unique) {
    throw reader.damaged(`symbol ${String(symbol)} has binding ${String(binding)}, which does not exist`);
  }
  if (raw === symbolSection.undefined) return;
  symbols.sizes[symbol] = reader.unsigned64(at + 16, `the size of symbol ${String(symbol)}`);
  let index: number = raw;
  if (raw === extendedIndex) {
    if (extended === undefined) throw reader.damaged('SHN_XINDEX is used without SHT_SYMTAB_SHNDX');
    index = reader.view.getUint32(extended + symbol * 4, true);
  } else if (raw >= reservedSections) {
    readReserved(reader, symbols, symbol, at, raw);
    return;
  }
  const section = sectionAt(reader, sections, index, `symbol ${String(symbol)}`);
  const value = reader.unsigned64(at + 8, `the value of symbol ${String(symbol)}`);
  if (value > section.size) {
    throw reader.damaged(`symbol ${symbols.name(symbol)} lies behind the end of section ${section.name}`);
  }
  if (symbols.type(symbol) === symbolType.tls && (section.flags & sectionFlag.tls) === 0) {
    throw reader.damaged(`thread-local symbol ${symbols.name(symbol)} lies in section ${section.name}`);
  }
  symbols.sections[symbol] = index;
  symbols.values[symbol] = value;
  // A size that runs over the section's end is only a hint gone wrong (hand-written assembly): cut it.
  symbols.sizes[symbol] = Math.min(symbols.sizes[symbol] ?? 0, section.size - value);
}

function readReserved(
  reader: BoundedReader,
  symbols: SymbolTable,
  symbol: number,
  at: number,
  raw: number,
): void {
  const value = reader.signed64(at + 8);
  if (raw === (symbolSection.absolute & 0xffff)) {
    if (Number.isNaN(value)) {
      throw reader.unsupported(`absolute symbol ${symbols.name(symbol)} has a value beyond 2^53`);
    }
    symbols.sections[symbol] = symbolSection.absolute;
  } else if (raw === (symbolSection.common & 0xffff) || raw === largeCommon) {
    if (!(value >= 1 && value <= 0x20_0000 && Number.isInteger(Math.log2(value)))) {
      throw reader.damaged(`common symbol ${symbols.name(symbol)} has an alignment that is no power of two`);
    }
    if ((symbols.sizes[symbol] ?? 0) > 0x7fff_ffff) {
      throw reader.unsupported(`common symbol ${symbols.name(symbol)} is larger than 2 GiB`);
    }
    symbols.sections[symbol] = symbolSection.common;
  } else {
    throw reader.unsupported(`symbol ${symbols.name(symbol)} has section number 0x${raw.toString(16)}`);
  }
  symbols.values[symbol] = value;
}
