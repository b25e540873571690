/** Constructors and destructors of an object: arrays of function pointers, in the order in which they run. */
import { type SectionTable, sectionType } from '../elf/sections.js';
import { isNamed } from './graph.js';

/** Priority of an array without one; smaller numbers are constructed earlier. */
const lastPriority = 65_535;
const pointerBytes = 8;

/**
 * Orders constructor arrays as they run.
 *
 * @param sections - All sections.
 * @param arrays - `.preinit_array`, `.init_array[.N]`, `.ctors[.N]` in file order; are put in order of priority.
 */
export function orderConstructors(sections: SectionTable, arrays: Int32Array): void {
  arrays.sort((left, right) => priority(sections, left) - priority(sections, right));
}

/**
 * Orders destructor arrays as they run.
 *
 * @param sections - All sections.
 * @param arrays - `.fini_array[.N]`, `.dtors[.N]` in file order; are put in reverse order of priority.
 */
export function orderDestructors(sections: SectionTable, arrays: Int32Array): void {
  arrays.reverse().sort((left, right) => priority(sections, right) - priority(sections, left));
}

/**
 * Lists the cells of constructor arrays as they run.
 *
 * @param sections - All sections.
 * @param arrays - The arrays, ordered.
 * @param offsets - Offset of each section in its block, in bytes.
 * @returns Offsets of the 8-byte cells in that block.
 */
export function initializerCells(
  sections: SectionTable,
  arrays: Int32Array,
  offsets: Int32Array,
): readonly number[] {
  if (arrays.length === 0) return none;
  const cells: number[] = [];
  for (const array of arrays) {
    const start = offsets[array] ?? 0;
    const count = Math.floor(sections.size(array) / pointerBytes);
    // The old .ctors and the new .fini_array run from their end.
    const backwards = sections.type(array) === sectionType.finiArray || isNamed(sections, array, '.ctors');
    for (let index = 0; index < count; index += 1)
      cells.push(start + (backwards ? count - 1 - index : index) * pointerBytes);
  }
  return cells;
}

/** Shared by all images without constructors. */
const none: readonly number[] = [];

function priority(sections: SectionTable, array: number): number {
  if (sections.type(array) === sectionType.preinitArray) return -1;
  const digits = /\.(\d+)$/.exec(sections.name(array))?.[1];
  if (digits === undefined) return lastPriority;
  // .ctors count the other way round.
  const old = isNamed(sections, array, '.ctors') || isNamed(sections, array, '.dtors');
  return old ? lastPriority - Number(digits) : Number(digits);
}
