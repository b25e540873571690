/** The names of one object's symbols, by number. */
import type { ElfObject } from '../elf/object.js';
import { symbolType, symbolWord, symbolWords } from '../elf/symbols.js';
import { AlignedStrings } from './aligned-strings.js';
import { NameTable } from './names.js';

/** Numbers of the names of an object's symbols; used for one object after the other. */
export class SymbolNames {
  table: NameTable = new NameTable();
  #object: ElfObject | undefined;
  readonly #strings = new AlignedStrings();
  /** By global symbol, counted from the first: number of its name; -1 when that is not inside of the string table. */
  ids: Int32Array = new Int32Array(0);
  #firstGlobal = 0;

  /**
   * Looks up the names of all global symbols of an object.
   *
   * @param object - The object.
   * @param table - Where names are kept.
   */
  start(object: ElfObject, table: NameTable): void {
    const { reader, symbols } = object;
    const { count, firstGlobal } = symbols;
    this.#object = object;
    this.table = table;
    this.#firstGlobal = firstGlobal;
    const globals = count - firstGlobal;
    if (globals > this.ids.length) this.ids = new Int32Array(globals * 2);
    this.#strings.load(reader.bytes, symbols.strings, symbols.stringBytes);
    const first = symbols.first + firstGlobal * symbolWords + symbolWord.name;
    table.internEach(this.#strings, symbols.words, first, symbolWords, this.ids, globals);
  }

  /** Forgets the object. */
  end(): void {
    this.#object = undefined;
  }

  /**
   * The number of a symbol's name.
   *
   * @param symbol - The symbol.
   * @returns Its number; that of its section's name for a section.
   * @throws TierlinkError OBJECT_INVALID when the name is not inside the string table.
   */
  id(symbol: number): number {
    const id = symbol < this.#firstGlobal ? -1 : (this.ids[symbol - this.#firstGlobal] ?? -1);
    return id < 0 ? this.table.intern(this.#look(symbol)) : id;
  }

  /**
   * A symbol's name.
   *
   * @param symbol - The symbol.
   * @returns Its name, or its section's.
   * @throws TierlinkError OBJECT_INVALID when the name is not inside the string table.
   */
  text(symbol: number): string {
    return this.table.text(this.id(symbol));
  }

  #look(symbol: number): string {
    if (this.#object === undefined) return '';
    const { sections, symbols } = this.#object;
    return symbols.type(symbol) === symbolType.section
      ? sections.name(Math.max(0, symbols.section(symbol)))
      : symbols.name(symbol);
  }
}
