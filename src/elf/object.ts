/** An ELF64 relocatable object for x86-64, read from bytes that nobody has checked before. */
import { BoundedReader } from './bounded-reader.js';
import { readGroups, type SectionGroup } from './groups.js';
import { readHeader } from './header.js';
import { readRelocations, RelocationColumns, type RelocationTable } from './relocations.js';
import { type ElfSection, readSections, sectionAt, sectionFlag, sectionType } from './sections.js';
import { readSymbols, type SymbolTable } from './symbols.js';

/** The parts of an object; every range and index in it lies inside the file. */
export interface ElfObject {
  readonly reader: BoundedReader;
  /** By index; the first is the null section. */
  readonly sections: readonly ElfSection[];
  readonly symbols: SymbolTable;
  readonly groups: readonly SectionGroup[];
  /** For each section that occupies memory and has relocations: its relocation section. */
  readonly relocationSections: ReadonlyMap<number, ElfSection>;
}

/**
 * Reads an object. Relocations are read by {@link relocationsOf}, section by section, so that those of debug
 * information cost nothing.
 *
 * @param bytes - The file; kept, not copied.
 * @param module - Module name, for messages.
 * @returns The object.
 * @throws TierlinkError OBJECT_INVALID, OBJECT_UNSUPPORTED, TARGET_MISMATCH
 */
export function readObject(bytes: Uint8Array, module: string): ElfObject {
  const reader = new BoundedReader(bytes, module);
  const header = readHeader(reader);
  const sections = readSections(reader, header);
  const symbols = readSymbols(reader, sections);
  const groups = readGroups(reader, sections, symbols);
  return { reader, sections, symbols, groups, relocationSections: findRelocations(reader, sections) };
}

function findRelocations(reader: BoundedReader, sections: readonly ElfSection[]): Map<number, ElfSection> {
  const found = new Map<number, ElfSection>();
  for (const section of sections) {
    const { type } = section;
    if (type === sectionType.relr)
      throw reader.unsupported(`${section.name} holds relative relocations (RELR)`);
    if (type !== sectionType.rela && type !== sectionType.rel && type !== sectionType.crel) continue;
    const target = sectionAt(reader, sections, section.info, section.name);
    if ((target.flags & sectionFlag.alloc) === 0) continue;
    if (sectionAt(reader, sections, section.link, section.name).type !== sectionType.symtab) {
      throw reader.damaged(`${section.name} refers to no symbol table`);
    }
    if (found.has(target.index)) throw reader.damaged(`${target.name} has two relocation sections`);
    found.set(target.index, section);
  }
  return found;
}

/**
 * Reads the relocations of a section.
 *
 * @param object - The object.
 * @param section - The section that they apply to.
 * @param columns - Where they are put; given when those of many sections are read, one after the other.
 * @returns The relocations, or `undefined` when it has none; valid until the columns are used again.
 * @throws TierlinkError OBJECT_INVALID, OBJECT_UNSUPPORTED
 */
export function relocationsOf(
  object: ElfObject,
  section: ElfSection,
  columns: RelocationColumns = new RelocationColumns(),
): RelocationTable | undefined {
  const table = object.relocationSections.get(section.index);
  if (table === undefined) return undefined;
  return readRelocations(object.reader, table, section, object.symbols.count, columns);
}

/**
 * The bytes of a section in the file.
 *
 * @param object - The object.
 * @param section - A section of it.
 * @returns A view of the file's bytes; empty for `nobits`.
 */
export function contentOf(object: ElfObject, section: ElfSection): Uint8Array {
  const size = section.type === sectionType.nobits ? 0 : section.size;
  return object.reader.bytes.subarray(section.offset, section.offset + size);
}
