/** Relocation sections: found and checked; their entries are read where they lie in the file. */
import type { BoundedReader } from './bounded-reader.js';
import { sectionFlag, type SectionTable, sectionType } from './sections.js';

const entryBytes = 24;

/**
 * Words of a relocation: the low and high half of its offset in the section, its type, its symbol, and the low and
 * high half of its addend. Nothing in them is checked here, but where each is read for its own sake anyway.
 */
export const relocationWords: number = entryBytes / 4;

/** Which sections have relocations. */
export interface RelocationSections {
  /** By section: index of the section with its relocations; 0 for none, or when it is not in memory. */
  readonly of: Int32Array;
  /** Number of all these relocations. */
  readonly count: number;
}

/**
 * Finds the relocations of all sections that occupy memory; those of debug information cost nothing.
 *
 * @param reader - The file.
 * @param sections - All sections.
 * @returns Where they are.
 * @throws TierlinkError OBJECT_INVALID, OBJECT_UNSUPPORTED
 */
export function readRelocations(reader: BoundedReader, sections: SectionTable): RelocationSections {
  refuseOtherForms(reader, sections);
  const of = new Int32Array(sections.count);
  let total = 0;
  for (const table of sections.relocations) {
    const target = sections.info(table);
    if (target <= 0 || target >= sections.count) sections.at(target, sections.name(table));
    if ((sections.flags(target) & sectionFlag.alloc) === 0) continue;
    checkTable(reader, sections, table, target);
    if (of[target] !== 0) throw reader.damaged(`${sections.name(target)} has two relocation sections`);
    of[target] = table;
    total += sections.size(table) / entryBytes;
  }
  return { of, count: total };
}

function checkTable(reader: BoundedReader, sections: SectionTable, table: number, target: number): void {
  const link = sections.link(table);
  if (link <= 0 || link >= sections.count || sections.type(link) !== sectionType.symtab)
    throw reader.damaged(`${sections.name(table)} refers to no symbol table`);
  const bytesEach = sections.entryBytes(table);
  const size = sections.size(table);
  if (bytesEach !== entryBytes || size % entryBytes !== 0) {
    throw reader.damaged(`${sections.name(table)} has entries of ${String(bytesEach)} bytes instead of 24`);
  }
  if (sections.type(target) === sectionType.nobits && size > 0) {
    throw reader.damaged(`${sections.name(table)} relocates ${sections.name(target)}, which has no bytes`);
  }
}

function refuseOtherForms(reader: BoundedReader, sections: SectionTable): void {
  for (const section of sections.others) {
    const type = sections.type(section);
    if (type === sectionType.relr)
      throw reader.unsupported(`${sections.name(section)} holds relative relocations (RELR)`);
    if (type !== sectionType.rel && type !== sectionType.crel) continue;
    const target = sections.at(sections.info(section), sections.name(section));
    if ((sections.flags(target) & sectionFlag.alloc) === 0) continue;
    throw reader.unsupported(`${sections.name(section)} is not in the RELA form, the only one of x86-64`);
  }
}
