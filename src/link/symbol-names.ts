/** The names of one object's symbols, by number. */
import type { ElfObject } from '../elf/object.js';
import { symbolType } from '../elf/symbols.js';
import type { NameTable } from './names.js';

/** Numbers of the names of an object's symbols: each is looked up once. */
export class SymbolNames {
  readonly table: NameTable;
  readonly #object: ElfObject;
  /** By symbol: number of its name plus 1; 0 for not known yet. */
  readonly #ids: Uint32Array;

  /**
   * @param object - The object.
   * @param table - Where names are kept.
   */
  constructor(object: ElfObject, table: NameTable) {
    this.#object = object;
    this.table = table;
    this.#ids = new Uint32Array(object.symbols.count);
  }

  /**
   * The number of a symbol's name.
   *
   * @param symbol - The symbol.
   * @returns Its number; that of its section's name for a section.
   * @throws TierlinkError OBJECT_INVALID when the name is not inside the string table.
   */
  id(symbol: number): number {
    const known = this.#ids[symbol] ?? 0;
    if (known !== 0) return known - 1;
    const id = this.#look(symbol);
    this.#ids[symbol] = id + 1;
    return id;
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

  #look(symbol: number): number {
    const { reader, sections, symbols } = this.#object;
    if (symbols.type(symbol) === symbolType.section) {
      return this.table.intern(sections[symbols.sections[symbol] ?? 0]?.name ?? '');
    }
    const start = symbols.nameStart(symbol);
    const id = start < 0 ? -1 : this.table.internAt(reader.bytes, start, symbols.nameLimit);
    // No name, or a damaged one.
    return id < 0 ? this.table.intern(symbols.name(symbol)) : id;
  }
}
