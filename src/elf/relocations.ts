/** Relocation sections: found and checked; their entries are read where they lie in the file. */
import type { BoundedReader } from './bounded-reader.js';
import { sectionFlag, type SectionTable, sectionType, sectionWord, sectionWords } from './sections.js';

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
  const { count, first, words } = sections;
  const { entryBytes: entryWord, flags, info, link: linkWord, size: sizeWord, type } = sectionWord;
  const { alloc } = sectionFlag;
  const { nobits } = sectionType;
  const of = new Int32Array(count);
  let total = 0;
  /** The symbol table, once it was found to be one. */
  let symbols = 0;
  for (const table of sections.relocations) {
    const at = first + table * sectionWords;
    const target = words[at + info] ?? 0;
    if (target <= 0 || target >= count) sections.at(target, sections.name(table));
    const targetAt = first + target * sectionWords;
    if (((words[targetAt + flags] ?? 0) & alloc) === 0) continue;
    const link = words[at + linkWord] ?? 0;
    if (link !== symbols) checkLink(reader, sections, table, link);
    symbols = link;
    const size = words[at + sizeWord] ?? 0;
    if (words[at + entryWord] !== entryBytes || size % entryBytes !== 0) {
      const bytesEach = String(sections.entryBytes(table));
      throw reader.damaged(`${sections.name(table)} has entries of ${bytesEach} bytes instead of 24`);
    }
    if (words[targetAt + type] === nobits && size > 0) {
      throw reader.damaged(`${sections.name(table)} relocates ${sections.name(target)}, which has no bytes`);
    }
    if (of[target] !== 0) throw reader.damaged(`${sections.name(target)} has two relocation sections`);
    of[target] = table;
    total += size;
  }
  return { of, count: total / entryBytes };
}

function checkLink(reader: BoundedReader, sections: SectionTable, table: number, link: number): void {
  if (link <= 0 || link >= sections.count || sections.type(link) !== sectionType.symtab)
    throw reader.damaged(`${sections.name(table)} refers to no symbol table`);
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
