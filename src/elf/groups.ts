/** Section groups: which sections live and die together, and the COMDAT signature they go by. */
import type { BoundedReader } from './bounded-reader.js';
import { type ElfSection, sectionAt, sectionType } from './sections.js';
import { type SymbolTable, symbolType } from './symbols.js';

const comdatFlag = 1;

/** One section group. */
export interface SectionGroup {
  /** Name under which only one module of a program keeps the group; for a COMDAT group. */
  readonly signature: string;
  readonly comdat: boolean;
  /** Indices of the member sections. */
  readonly members: readonly number[];
}

/**
 * Reads all section groups.
 *
 * @param reader - The file.
 * @param sections - All sections.
 * @param symbols - All symbols.
 * @returns The groups, in file order.
 * @throws TierlinkError OBJECT_INVALID
 */
export function readGroups(
  reader: BoundedReader,
  sections: readonly ElfSection[],
  symbols: SymbolTable,
): SectionGroup[] {
  const taken = new Set<number>();
  const groups: SectionGroup[] = [];
  for (const section of sections) {
    if (section.type !== sectionType.group) continue;
    const label = `group ${String(section.index)}`;
    if (section.size % 4 !== 0 || section.size === 0) throw reader.damaged(`${label} has a broken size`);
    if (section.info === 0 || section.info >= symbols.count)
      throw reader.damaged(`${label} has no signature`);
    const members: number[] = [];
    for (let at = 4; at < section.size; at += 4) {
      const index = reader.view.getUint32(section.offset + at, true);
      sectionAt(reader, sections, index, label);
      if (taken.has(index)) throw reader.damaged(`section ${String(index)} is in two groups`);
      taken.add(index);
      members.push(index);
    }
    groups.push({
      signature: signatureOf(section.info, sections, symbols),
      comdat: (reader.view.getUint32(section.offset, true) & comdatFlag) !== 0,
      members,
    });
  }
  return groups;
}

function signatureOf(symbol: number, sections: readonly ElfSection[], symbols: SymbolTable): string {
  // Assemblers may sign a group with a section symbol, which goes by the section's name.
  if (symbols.type(symbol) === symbolType.section) return sections[symbols.sections[symbol] ?? 0]?.name ?? '';
  return symbols.name(symbol);
}
