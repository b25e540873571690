/** Constructors and destructors of an object: arrays of function pointers, in the order in which they run. */
import type { ElfSection } from '../elf/sections.js';
import { sectionType } from '../elf/sections.js';

/** Priority of an array without one; smaller numbers are constructed earlier. */
const lastPriority = 65_535;
const pointerBytes = 8;

/**
 * Orders constructor arrays as they run.
 *
 * @param sections - `.preinit_array`, `.init_array[.N]`, `.ctors[.N]` in file order.
 * @returns The same sections, by ascending priority.
 */
export function initialOrder(sections: readonly ElfSection[]): ElfSection[] {
  return [...sections].sort((left, right) => priority(left) - priority(right));
}

/**
 * Orders destructor arrays as they run.
 *
 * @param sections - `.fini_array[.N]`, `.dtors[.N]` in file order.
 * @returns The same sections, by descending priority.
 */
export function destructorOrder(sections: readonly ElfSection[]): ElfSection[] {
  return [...sections].reverse().sort((left, right) => priority(right) - priority(left));
}

/**
 * Lists the cells of constructor arrays as they run.
 *
 * @param sections - The arrays, ordered.
 * @param offsets - Offset of each section in its block, in bytes.
 * @returns Offsets of the 8-byte cells in that block.
 */
export function initializerCells(sections: readonly ElfSection[], offsets: Float64Array): number[] {
  const cells: number[] = [];
  for (const section of sections) {
    const start = offsets[section.index] ?? 0;
    const count = Math.floor(section.size / pointerBytes);
    for (let index = 0; index < count; index += 1) {
      // The old .ctors and the new .fini_array run from their end.
      const backwards = isOld(section, '.ctors') || section.type === sectionType.finiArray;
      cells.push(start + (backwards ? count - 1 - index : index) * pointerBytes);
    }
  }
  return cells;
}

function isOld(section: ElfSection, stem: string): boolean {
  return section.name === stem || section.name.startsWith(`${stem}.`);
}

function priority(section: ElfSection): number {
  if (section.type === sectionType.preinitArray) return -1;
  const digits = /\.(\d+)$/.exec(section.name)?.[1];
  if (digits === undefined) return lastPriority;
  // .ctors count the other way round.
  const old = isOld(section, '.ctors') || isOld(section, '.dtors');
  return old ? lastPriority - Number(digits) : Number(digits);
}
