/** The symbol table of an object: checked as a whole, then read where it lies in the file. */
import type { BoundedReader } from './bounded-reader.js';
import { sectionFlag, type SectionTable, sectionType, sectionWords } from './sections.js';

const twoTo32 = 4294967296;

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

/** Stand for the section of symbols that lie in none; no real section is numbered so. */
export const symbolSection = { undefined: 0, absolute: -1, common: -2 } as const;

/** Words of a symbol. */
export const symbolWords = 6;

/** Words of a symbol, counted from its start. */
export const symbolWord = {
  name: 0,
  /** Type and binding in the lowest byte, the section in the upper half. */
  place: 1,
  value: 2,
  size: 4,
} as const;

const entryBytes = 24;
/** Section numbers from here on mean something else, see {@link SymbolTable.section}. */
export const reservedSections = 0xff00;
const absoluteSection = 0xfff1;
const commonSection = 0xfff2;
const extendedIndex = 0xffff;
/** SHN_X86_64_LCOMMON: a common symbol of the medium code model. */
const largeCommon = 0xff02;

/** Where things lie in the file. */
interface SymbolRanges {
  /** Start of the symbol table. */
  readonly symbols: number;
  /** Start of the string table, and its bytes. */
  readonly strings: number;
  readonly stringBytes: number;
  /** Start of the table of section numbers that take more than 16 bits. */
  readonly extended: number | undefined;
}

/** All symbols of an object, by index: read where they lie in the file, after all of them were checked. */
export class SymbolTable {
  /** Number of symbols; symbol 0 is the null symbol. */
  readonly count: number;
  /** First symbol that is not local. */
  readonly firstGlobal: number;
  /** The file as words, see {@link symbolWord}. */
  readonly words: Int32Array;
  /** Word at which symbol 0 starts. */
  readonly first: number;
  /** Where the string table starts in the file. */
  readonly strings: number;
  /** Bytes of the string table. */
  readonly stringBytes: number;
  /** Whether there is a common symbol. */
  hasCommon = false;
  readonly #reader: BoundedReader;
  readonly #sections: SectionTable;
  readonly #extended: number | undefined;

  /**
   * @param reader - The file.
   * @param sections - All sections.
   * @param count - Number of symbols.
   * @param firstGlobal - First symbol that is not local.
   * @param ranges - Where things lie, inside the file.
   */
  constructor(
    reader: BoundedReader,
    sections: SectionTable,
    count: number,
    firstGlobal: number,
    ranges: SymbolRanges,
  ) {
    this.count = count;
    this.firstGlobal = firstGlobal;
    this.words = reader.words(ranges.symbols);
    this.first = ranges.symbols >> 2;
    this.strings = ranges.strings;
    this.stringBytes = ranges.stringBytes;
    this.#reader = reader;
    this.#sections = sections;
    this.#extended = ranges.extended;
  }

  /**
   * Type of a symbol.
   *
   * @param symbol - Its index.
   * @returns A value of {@link symbolType}, or another number.
   */
  type(symbol: number): number {
    return this.#word(symbol, symbolWord.place) & 15;
  }

  /**
   * Binding of a symbol.
   *
   * @param symbol - Its index.
   * @returns A value of {@link symbolBinding}.
   */
  binding(symbol: number): number {
    return (this.#word(symbol, symbolWord.place) >> 4) & 15;
  }

  /**
   * Section that a symbol lies in.
   *
   * @param symbol - Its index.
   * @returns The section's index, or a value of {@link symbolSection}.
   */
  section(symbol: number): number {
    const raw = this.#word(symbol, symbolWord.place) >>> 16;
    if (raw < reservedSections) return raw;
    if (raw === extendedIndex) return this.#extendedSection(symbol);
    return raw === absoluteSection ? symbolSection.absolute : symbolSection.common;
  }

  /**
   * Value of a symbol.
   *
   * @param symbol - Its index.
   * @returns Its offset in the section; the value of an absolute symbol; the alignment of a common one.
   */
  value(symbol: number): number {
    return this.#wide(symbol, symbolWord.value);
  }

  /**
   * Size of a symbol.
   *
   * @param symbol - Its index.
   * @returns Bytes; inside its section if it lies in one.
   */
  size(symbol: number): number {
    const size = this.#wide(symbol, symbolWord.size);
    const section = this.section(symbol);
    // A size that runs over the section's end is only a hint gone wrong (hand-written assembly): cut it.
    return section > 0 ? Math.min(size, this.#sections.size(section) - this.value(symbol)) : size;
  }

  /**
   * Name of a symbol.
   *
   * @param symbol - Its index.
   * @returns The name; empty for most section symbols.
   * @throws TierlinkError OBJECT_INVALID when it is not inside the string table.
   */
  name(symbol: number): string {
    const index = this.#word(symbol, symbolWord.name) >>> 0;
    if (index === 0) return '';
    return this.#reader.text(this.strings, this.stringBytes, index, `symbol ${String(symbol)}`);
  }

  /**
   * Checks a symbol whose section number is not that of a section.
   *
   * @param symbol - Its index.
   * @returns The section it lies in; at most 0 when it is absolute or common.
   * @throws TierlinkError OBJECT_INVALID, OBJECT_UNSUPPORTED
   */
  checkReserved(symbol: number): number {
    const raw = this.#word(symbol, symbolWord.place) >>> 16;
    if (raw === extendedIndex) {
      if (this.#extended === undefined)
        throw this.#reader.damaged('SHN_XINDEX is used without SHT_SYMTAB_SHNDX');
      return this.#sections.at(this.#extendedSection(symbol), `symbol ${String(symbol)}`);
    }
    const value = this.value(symbol);
    if (raw === absoluteSection) {
      if (Number.isSafeInteger(value)) return symbolSection.absolute;
      throw this.#reader.unsupported(`absolute symbol ${this.name(symbol)} has a value beyond 2^53`);
    }
    if (raw !== commonSection && raw !== largeCommon) {
      throw this.#reader.unsupported(`symbol ${this.name(symbol)} has section number 0x${raw.toString(16)}`);
    }
    if (!(value >= 1 && value <= 0x20_0000 && Number.isInteger(Math.log2(value)))) {
      throw this.#reader.damaged(
        `common symbol ${this.name(symbol)} has an alignment that is no power of two`,
      );
    }
    if (this.size(symbol) > 0x7fff_ffff) {
      throw this.#reader.unsupported(`common symbol ${this.name(symbol)} is larger than 2 GiB`);
    }
    this.hasCommon = true;
    return symbolSection.common;
  }

  #extendedSection(symbol: number): number {
    return this.#reader.view.getInt32((this.#extended ?? 0) + symbol * 4, true);
  }

  #wide(symbol: number, word: number): number {
    const at = this.first + symbol * symbolWords + word;
    const high = this.words[at + 1] ?? 0;
    const low = (this.words[at] ?? 0) >>> 0;
    // Kept whole if it is: a product would be a fraction to V8.
    return high === 0 ? low : high * twoTo32 + low;
  }

  #word(symbol: number, word: number): number {
    return this.words[this.first + symbol * symbolWords + word] ?? 0;
  }
}

/**
 * Checks the symbol table.
 *
 * @param reader - The file.
 * @param sections - All sections.
 * @returns The symbols; empty when the object has no symbol table.
 * @throws TierlinkError OBJECT_INVALID, OBJECT_UNSUPPORTED
 */
export function readSymbols(reader: BoundedReader, sections: SectionTable): SymbolTable {
  const symbols = locate(reader, sections);
  const { count, firstGlobal, words } = symbols;
  const { first: headers, words: headerWords } = sections;
  for (let symbol = 1, at = symbols.first + symbolWords; symbol < count; symbol += 1, at += symbolWords) {
    const place = words[at + 1] ?? 0;
    const binding = (place >> 4) & 15;
    if ((binding === symbolBinding.local) !== symbol < firstGlobal) {
      throw reader.damaged(`symbol ${String(symbol)} is on the wrong side of the first global symbol`);
    }
    if (binding > symbolBinding.weak && binding !== symbolBinding.unique) {
      throw reader.damaged(`symbol ${String(symbol)} has binding ${String(binding)}, which does not exist`);
    }
    let section = place >>> 16;
    if (section === symbolSection.undefined) continue;
    if ((words[at + 5] ?? 0) >>> 0 >= 0x20_0000)
      throw reader.damaged(`the size of symbol ${String(symbol)} is larger than 2^53`);
    if (section >= reservedSections) section = symbols.checkReserved(symbol);
    else if (section >= sections.count) section = sections.at(section, `symbol ${String(symbol)}`);
    if (section < 0) continue;
    const header = headers + section * sectionWords;
    const value = words[at + 2] ?? 0;
    if ((words[at + 3] ?? 0) !== 0 || value < 0 || value > (headerWords[header + 8] ?? 0)) {
      throw reader.damaged(
        `symbol ${symbols.name(symbol)} lies behind the end of section ${sections.name(section)}`,
      );
    }
    if ((place & 15) === symbolType.tls && ((headerWords[header + 2] ?? 0) & sectionFlag.tls) === 0) {
      throw reader.damaged(
        `thread-local symbol ${symbols.name(symbol)} lies in section ${sections.name(section)}`,
      );
    }
  }
  return symbols;
}

/** Finds the symbol table, and what belongs to it. */
function locate(reader: BoundedReader, sections: SectionTable): SymbolTable {
  const tables = sections.others.filter((section) => sections.type(section) === sectionType.symtab);
  const table = tables[0];
  if (table === undefined) {
    const nowhere = { symbols: 0, strings: 0, stringBytes: 0, extended: undefined };
    return new SymbolTable(reader, sections, 0, 0, nowhere);
  }
  if (tables.length > 1) throw reader.damaged('it has more than one symbol table');
  const size = sections.size(table);
  const bytesEach = sections.entryBytes(table);
  if (bytesEach !== entryBytes || size % entryBytes !== 0) {
    throw reader.damaged(`the symbol table has entries of ${String(bytesEach)} bytes instead of 24`);
  }
  const count = size / entryBytes;
  const firstGlobal = sections.info(table) >>> 0;
  if (firstGlobal > count) throw reader.damaged('the first global symbol lies behind the symbol table');
  const strings = sections.at(sections.link(table), 'the symbol table');
  if (sections.type(strings) !== sectionType.strtab)
    throw reader.damaged('the symbol names are no string table');
  const start = sections.offset(strings);
  const stringBytes = sections.size(strings);
  // So every name that starts inside of it ends there, too.
  if (stringBytes > 0 && reader.bytes[start + stringBytes - 1] !== 0)
    throw reader.damaged('the table of symbol names is not terminated');
  const symbols = sections.offset(table);
  if (count > 0 && !isNull(reader.words(symbols), symbols >> 2))
    throw reader.damaged('symbol 0 is not the null symbol');
  const extended = extendedSections(reader, sections, table, count);
  return new SymbolTable(reader, sections, count, firstGlobal, {
    symbols,
    strings: start,
    stringBytes,
    extended,
  });
}

function isNull(words: Int32Array, at: number): boolean {
  let bits = 0;
  for (let word = 0; word < symbolWords; word += 1) bits |= words[at + word] ?? 0;
  return bits === 0;
}

function extendedSections(
  reader: BoundedReader,
  sections: SectionTable,
  table: number,
  count: number,
): number | undefined {
  const found = sections.others.find(
    (one) => sections.type(one) === sectionType.symtabIndex && sections.link(one) === table,
  );
  if (found === undefined) return undefined;
  if (sections.size(found) !== count * 4)
    throw reader.damaged('SHT_SYMTAB_SHNDX does not match the symbol table');
  return sections.offset(found);
}
