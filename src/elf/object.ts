/** An ELF64 relocatable object for x86-64, read from bytes that nobody has checked before. */
import { BoundedReader } from './bounded-reader.js';
import { readGroups, type SectionGroup } from './groups.js';
import { readHeader } from './header.js';
import { readRelocations, type RelocationSections } from './relocations.js';
import { readSections, type SectionTable } from './sections.js';
import { readSymbols, type SymbolTable } from './symbols.js';

/** The parts of an object; every range and index in it lies inside the file, but for those in entries of relocations. */
export interface ElfObject {
  readonly reader: BoundedReader;
  readonly sections: SectionTable;
  readonly symbols: SymbolTable;
  readonly groups: readonly SectionGroup[];
  readonly relocations: RelocationSections;
}

/**
 * Reads an object: checks all of it, and copies nothing.
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
  return { reader, sections, symbols, groups, relocations: readRelocations(reader, sections) };
}
