/** Section groups: which sections live and die together, and the COMDAT signature they go by. */
import type { BoundedReader } from './bounded-reader.js';
import { type SectionTable, sectionType } from './sections.js';
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
  sections: SectionTable,
  symbols: SymbolTable,
): readonly SectionGroup[] {
  const taken = new Set<number>();
  const groups: SectionGroup[] = [];
  for (const index of sections.others) {
    if (sections.type(index) !== sectionType.group) continue;
    const label = `group ${String(index)}`;
    const offset = sections.offset(index);
    const size = sections.size(index);
    const symbol = sections.info(index);
    if (size % 4 !== 0 || size === 0) throw reader.damaged(`${label} has a broken size`);
    if (symbol <= 0 || symbol >= symbols.count) throw reader.damaged(`${label} has no signature`);
    const members: number[] = [];
    for (let at = 4; at < size; at += 4) {
      const member = sections.at(reader.view.getInt32(offset + at, true), label);
      if (taken.has(member)) throw reader.damaged(`section ${String(member)} is in two groups`);
      taken.add(member);
      members.push(member);
    }
    groups.push({
      signature: signatureOf(symbol, sections, symbols),
      comdat: (reader.view.getUint32(offset, true) & comdatFlag) !== 0,
      members,
    });
  }
  return groups;
}

function signatureOf(symbol: number, sections: SectionTable, symbols: SymbolTable): string {
  // Assemblers may sign a group with a section symbol, which goes by the section's name.
  if (symbols.type(symbol) !== symbolType.section) return symbols.name(symbol);
  return sections.name(Math.max(0, symbols.section(symbol)));
}
