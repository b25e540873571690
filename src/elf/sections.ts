/** Section headers: names, ranges, alignment, all checked against the file and then read where they lie in it. */
import type { BoundedReader } from './bounded-reader.js';
import { type ElfHeader, sectionHeaderBytes } from './header.js';

/** Section types (sh_type) that tierlink tells apart. */
export const sectionType = {
  null: 0,
  progbits: 1,
  symtab: 2,
  strtab: 3,
  rela: 4,
  note: 7,
  nobits: 8,
  rel: 9,
  initArray: 14,
  finiArray: 15,
  preinitArray: 16,
  group: 17,
  symtabIndex: 18,
  relr: 19,
  crel: 0x40000014,
  llvmAddrsig: 0x6fff4c03,
} as const;

/** Section flags (sh_flags) that tierlink tells apart. */
export const sectionFlag = {
  write: 0x1,
  alloc: 0x2,
  exec: 0x4,
  group: 0x200,
  tls: 0x400,
  compressed: 0x800,
  exclude: 0x80000000,
} as const;

/** Largest section that is read, in bytes: a block must fit 2 GiB. */
const largestSection = 0x7fff_ffff;
/** Largest alignment that is honoured, in bytes (2 MiB, a huge page). */
const largestAlignment = 0x20_0000;

/** Words of a section header. */
export const sectionWords: number = sectionHeaderBytes / 4;

/** Words of a section header, counted from its start. */
export const sectionWord = {
  name: 0,
  type: 1,
  flags: 2,
  offset: 6,
  size: 8,
  link: 10,
  info: 11,
  alignment: 12,
  entryBytes: 14,
} as const;

/**
 * All sections of an object, by index. The headers are read where they lie in the file; all numbers in them were
 * checked to be what their methods say.
 */
export class SectionTable {
  /** Number of sections; section 0 is the null section. */
  readonly count: number;
  /** The file as words, see {@link sectionWord}. */
  readonly words: Int32Array;
  /** Word at which the header of section 0 starts. */
  readonly first: number;
  /** Where the section names start in the file. */
  readonly names: number;
  /** Sections with relocations in the usual form, in file order. */
  readonly relocations: number[] = [];
  /** Sections that are neither such nor plain contents: symbols, strings, groups, arrays of constructors ... */
  readonly others: number[] = [];
  readonly #reader: BoundedReader;
  readonly #nameBytes: number;

  /**
   * @param reader - The file.
   * @param count - Number of sections.
   * @param headers - Where the headers start in the file.
   * @param names - Where the section names start in the file.
   * @param nameBytes - Bytes of the section names.
   */
  constructor(reader: BoundedReader, count: number, headers: number, names: number, nameBytes: number) {
    this.count = count;
    this.words = reader.words(headers);
    this.first = headers >> 2;
    this.names = names;
    this.#reader = reader;
    this.#nameBytes = nameBytes;
  }

  /**
   * Type of a section.
   *
   * @param section - Its index.
   * @returns A value of {@link sectionType}, or another number.
   */
  type(section: number): number {
    return this.#word(section, sectionWord.type);
  }

  /**
   * Flags of a section.
   *
   * @param section - Its index.
   * @returns Bits of {@link sectionFlag}: the low 32 bits of sh_flags.
   */
  flags(section: number): number {
    return this.#word(section, sectionWord.flags);
  }

  /**
   * Where a section starts in the file.
   *
   * @param section - Its index.
   * @returns Bytes.
   */
  offset(section: number): number {
    return this.#word(section, sectionWord.offset);
  }

  /**
   * Size of a section in memory, and in the file if it has bytes there.
   *
   * @param section - Its index.
   * @returns Bytes, less than 2 GiB.
   */
  size(section: number): number {
    return this.#word(section, sectionWord.size);
  }

  /**
   * The section that a section is linked to.
   *
   * @param section - Its index.
   * @returns An index, not checked.
   */
  link(section: number): number {
    return this.#word(section, sectionWord.link);
  }

  /**
   * Further information on a section.
   *
   * @param section - Its index.
   * @returns What its type says, not checked.
   */
  info(section: number): number {
    return this.#word(section, sectionWord.info);
  }

  /**
   * Alignment of a section.
   *
   * @param section - Its index.
   * @returns Bytes: a power of two, at least 1.
   */
  alignment(section: number): number {
    return Math.max(1, this.#word(section, sectionWord.alignment));
  }

  /**
   * Bytes of an entry of a section that is a table.
   *
   * @param section - Its index.
   * @returns Bytes.
   */
  entryBytes(section: number): number {
    return this.#word(section, sectionWord.entryBytes);
  }

  /**
   * Name of a section.
   *
   * @param section - Its index.
   * @returns Its name.
   */
  name(section: number): string {
    if (section === 0 || this.#nameBytes === 0) return '';
    const index = this.#word(section, sectionWord.name);
    return this.#reader.text(this.names, this.#nameBytes, index, `section ${String(section)}`);
  }

  /**
   * Holds that there is a section of some index.
   *
   * @param index - The index, untrusted.
   * @param what - What refers to it, for the message.
   * @returns The index; never that of the null section.
   * @throws TierlinkError OBJECT_INVALID when there is no such section.
   */
  at(index: number, what: string): number {
    if (index > 0 && index < this.count) return index;
    throw this.#reader.damaged(`${what} refers to section ${String(index >>> 0)}, which does not exist`);
  }

  #word(section: number, word: number): number {
    return this.words[this.first + section * sectionWords + word] ?? 0;
  }
}

/**
 * Checks all section headers.
 *
 * @param reader - The file.
 * @param header - Where they are.
 * @returns The sections by index; the first is the null section.
 * @throws TierlinkError OBJECT_INVALID, OBJECT_UNSUPPORTED
 */
export function readSections(reader: BoundedReader, header: ElfHeader): SectionTable {
  const { sectionCount: count, sectionHeaders } = header;
  const { offset: names, size: nameBytes } = nameTable(reader, header);
  const sections = new SectionTable(reader, count, sectionHeaders, names, nameBytes);
  const { first, others, relocations, words } = sections;
  const fileBytes = reader.bytes.length;
  let total = 0;
  for (let index = 1, at = first + sectionWords; index < count; index += 1, at += sectionWords) {
    const name = words[at] ?? 0;
    const type = words[at + 1] ?? 0;
    if (type === sectionType.null) continue;
    const offset = words[at + 6] ?? 0;
    const size = words[at + 8] ?? 0;
    const alignment = words[at + 12] ?? 0;
    const high = (words[at + 7] ?? 0) | (words[at + 9] ?? 0) | (words[at + 13] ?? 0) | (words[at + 15] ?? 0);
    const empty = type === sectionType.nobits;
    if (type === sectionType.rela) relocations.push(index);
    else if (type !== sectionType.progbits && !empty) others.push(index);
    if (!empty) total += size;
    const inside = empty || (offset >= 0 && offset + size <= fileBytes);
    const named = (name >= 0 && name < nameBytes) || (name | nameBytes) === 0;
    const plain = ((words[at + 2] ?? 0) & sectionFlag.compressed) === 0;
    const aligned = (alignment & (alignment - 1)) === 0 && alignment >= 0 && alignment <= largestAlignment;
    if (high !== 0 || size < 0 || !inside || !named || !plain || !aligned)
      refuseSection(reader, sections, sectionHeaders + index * sectionHeaderBytes, index, named);
  }
  // Sections of a real file don't overlap; if they may, a small file can claim any amount of memory.
  if (total > fileBytes) throw reader.damaged('its sections overlap');
  return sections;
}

function nameTable(
  reader: BoundedReader,
  header: ElfHeader,
): { readonly offset: number; readonly size: number } {
  if (header.sectionNames === 0) return { offset: 0, size: 0 };
  const at = header.sectionHeaders + header.sectionNames * sectionHeaderBytes;
  if (reader.view.getUint32(at + 4, true) !== sectionType.strtab) {
    throw reader.damaged('the section names are no string table');
  }
  const offset = reader.unsigned64(at + 24, 'the offset of the section names');
  const size = reader.unsigned64(at + 32, 'the size of the section names');
  reader.need(offset, size, 'the section name table');
  // So every name that starts inside of it ends there, too.
  if (size > 0 && reader.bytes[offset + size - 1] !== 0)
    throw reader.damaged('the section name table is not terminated');
  return { offset, size };
}

/** Says what is wrong with a section, if it matters. */
function refuseSection(
  reader: BoundedReader,
  sections: SectionTable,
  at: number,
  index: number,
  named: boolean,
): void {
  if (!named) throw reader.damaged(`the name of section ${String(index)} lies outside of its string table`);
  const label = `section ${sections.name(index)} (${String(index)})`;
  const offset = reader.unsigned64(at + 24, `the offset of ${label}`);
  const size = reader.unsigned64(at + 32, `the size of ${label}`);
  const alignment = reader.unsigned64(at + 48, `the alignment of ${label}`);
  const entryBytes = reader.unsigned64(at + 56, `the entry size of ${label}`);
  const flags = sections.flags(index);
  if (sections.type(index) !== sectionType.nobits) reader.need(offset, size, label);
  if (size > largestSection) throw reader.unsupported(`${label} has ${String(size)} bytes, more than 2 GiB`);
  if (alignment !== 0 && !Number.isInteger(Math.log2(alignment))) {
    throw reader.damaged(`the alignment of ${label}, ${String(alignment)}, is not a power of two`);
  }
  if (entryBytes > largestSection)
    throw reader.damaged(`${label} has entries of ${String(entryBytes)} bytes`);
  if ((flags & sectionFlag.alloc) === 0) return;
  if (alignment > largestAlignment) {
    throw reader.unsupported(`${label} wants an alignment of ${String(alignment)} bytes, more than 2 MiB`);
  }
  if ((flags & sectionFlag.compressed) !== 0) throw reader.unsupported(`${label} is compressed`);
}
