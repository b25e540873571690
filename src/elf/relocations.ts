/** Relocation sections as columns: four arrays for as many sections as are read one after the other. */
import type { BoundedReader } from './bounded-reader.js';
import type { ElfSection } from './sections.js';
import { sectionType } from './sections.js';

const entryBytes = 24;

/** Room for the relocations of one section. */
export class RelocationColumns {
  offsets: Uint32Array = new Uint32Array(0);
  types: Uint32Array = new Uint32Array(0);
  symbols: Uint32Array = new Uint32Array(0);
  addends: Float64Array = new Float64Array(0);

  /**
   * Makes room; what was there is lost.
   *
   * @param count - Relocations of the largest section to be read.
   */
  reserve(count: number): void {
    if (this.offsets.length >= count) return;
    this.offsets = new Uint32Array(count);
    this.types = new Uint32Array(count);
    this.symbols = new Uint32Array(count);
    this.addends = new Float64Array(count);
  }
}

/** The relocations of one section, in file order. */
export interface RelocationTable {
  /** Rows; the columns may be longer. */
  readonly count: number;
  /** Offset in the section, in bytes; inside the section. */
  readonly offsets: Uint32Array;
  /** Relocation number of the processor. */
  readonly types: Uint32Array;
  /** Index of a symbol; inside the symbol table. */
  readonly symbols: Uint32Array;
  /** Exact; `NaN` when its magnitude is above 2^53. */
  readonly addends: Float64Array;
}

/**
 * Reads one relocation section.
 *
 * @param reader - The file.
 * @param section - The relocation section.
 * @param target - The section that its relocations apply to.
 * @param symbolCount - Number of symbols.
 * @param columns - Where they are put.
 * @returns The relocations; valid until the columns are used again.
 * @throws TierlinkError OBJECT_INVALID, OBJECT_UNSUPPORTED
 */
export function readRelocations(
  reader: BoundedReader,
  section: ElfSection,
  target: ElfSection,
  symbolCount: number,
  columns: RelocationColumns,
): RelocationTable {
  if (section.type !== sectionType.rela) {
    throw reader.unsupported(`${section.name} is not in the RELA form, the only one of x86-64`);
  }
  if (section.entryBytes !== entryBytes || section.size % entryBytes !== 0) {
    throw reader.damaged(`${section.name} has entries of ${String(section.entryBytes)} bytes instead of 24`);
  }
  if (target.type === sectionType.nobits && section.size > 0) {
    throw reader.damaged(`${section.name} relocates ${target.name}, which has no bytes`);
  }
  const count = section.size / entryBytes;
  columns.reserve(count);
  const { addends, offsets, symbols, types } = columns;
  const { view } = reader;
  for (let index = 0, at = section.offset; index < count; index += 1, at += entryBytes) {
    const offset = view.getUint32(at, true);
    const symbol = view.getUint32(at + 12, true);
    const high = view.getInt32(at + 20, true);
    const low = view.getUint32(at + 16, true);
    if (view.getUint32(at + 4, true) !== 0 || offset >= target.size || symbol >= symbolCount) {
      throw reader.damaged(
        `entry ${String(index)} of ${section.name} lies outside of its section or symbol table`,
      );
    }
    offsets[index] = offset;
    types[index] = view.getUint32(at + 8, true);
    symbols[index] = symbol;
    addends[index] = high >= -0x20_0000 && high < 0x20_0000 ? high * 4294967296 + low : Number.NaN;
  }
  return { count, offsets, types, symbols, addends };
}
