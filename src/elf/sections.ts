/** Section headers: names, ranges, alignment, all checked against the file. */
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

/** One section header. */
export interface ElfSection {
  readonly index: number;
  readonly name: string;
  readonly type: number;
  /** Low 32 bits of sh_flags, unsigned. */
  readonly flags: number;
  /** Offset in the file, in bytes. */
  readonly offset: number;
  /** Bytes, in the file and in memory; for `nobits` in memory only. */
  readonly size: number;
  readonly link: number;
  readonly info: number;
  /** A power of two, at least 1. */
  readonly alignment: number;
  readonly entryBytes: number;
}

/**
 * Reads all section headers.
 *
 * @param reader - The file.
 * @param header - Where they are.
 * @returns The sections by index; the first is the null section.
 * @throws TierlinkError OBJECT_INVALID, OBJECT_UNSUPPORTED
 */
export function readSections(reader: BoundedReader, header: ElfHeader): ElfSection[] {
  const names = nameTable(reader, header);
  const sections: ElfSection[] = header.sectionCount === 0 ? [] : [nullSection];
  let total = 0;
  for (let index = 1; index < header.sectionCount; index += 1) {
    const section = readSection(reader, header.sectionHeaders + index * sectionHeaderBytes, index, names);
    sections.push(section);
    if (section.type !== sectionType.nobits) total += section.size;
  }
  // Sections of a real file don't overlap; if they may, a small file can claim any amount of memory.
  if (total > reader.bytes.length) throw reader.damaged('its sections overlap');
  return sections;
}

/** Section 0, whatever the file says of it: its header only holds extended counts. */
const nullSection: ElfSection = {
  index: 0,
  name: '',
  type: sectionType.null,
  flags: 0,
  offset: 0,
  size: 0,
  link: 0,
  info: 0,
  alignment: 1,
  entryBytes: 0,
};

interface NameTable {
  readonly offset: number;
  readonly size: number;
  /** The table when it is plain ASCII, else empty. */
  readonly text: string;
}

function nameTable(reader: BoundedReader, header: ElfHeader): NameTable {
  if (header.sectionNames === 0) return { offset: 0, size: 0, text: '' };
  const at = header.sectionHeaders + header.sectionNames * sectionHeaderBytes;
  if (reader.view.getUint32(at + 4, true) !== sectionType.strtab) {
    throw reader.damaged('the section names are no string table');
  }
  const offset = reader.unsigned64(at + 24, 'the offset of the section names');
  const size = reader.unsigned64(at + 32, 'the size of the section names');
  reader.need(offset, size, 'the section name table');
  return { offset, size, text: reader.ascii(offset, size) };
}

function readSection(reader: BoundedReader, at: number, index: number, names: NameTable): ElfSection {
  const { view } = reader;
  const type = view.getUint32(at + 4, true);
  const nameIndex = view.getUint32(at, true);
  const name = nameAt(reader, names, nameIndex, index);
  // An object has thousands of sections: the words for what is wrong are only made when something is.
  const high = (field: number): number => view.getUint32(at + field + 4, true);
  if ((high(24) | high(32) | high(48) | high(56)) !== 0) checkWide(reader, at, index);
  const section: ElfSection = {
    index,
    name,
    type,
    flags: view.getUint32(at + 8, true),
    offset: unsigned64(view, at + 24),
    size: unsigned64(view, at + 32),
    link: view.getUint32(at + 40, true),
    info: view.getUint32(at + 44, true),
    alignment: Math.max(1, unsigned64(view, at + 48)),
    entryBytes: unsigned64(view, at + 56),
  };
  if (type !== sectionType.null) checkSection(reader, section);
  return section;
}

function nameAt(reader: BoundedReader, names: NameTable, start: number, index: number): string {
  if (names.size === 0 && start === 0) return '';
  // Cutting names from the decoded table takes a third of the time of decoding each.
  const end = names.text.indexOf('\0', start);
  if (end >= start) return names.text.slice(start, end);
  return reader.text(names.offset, names.size, start, `section ${String(index)}`);
}

function unsigned64(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * 4294967296 + view.getUint32(at, true);
}

function checkWide(reader: BoundedReader, at: number, index: number): void {
  const label = `section ${String(index)}`;
  reader.unsigned64(at + 24, `the offset of ${label}`);
  reader.unsigned64(at + 32, `the size of ${label}`);
  reader.unsigned64(at + 48, `the alignment of ${label}`);
  reader.unsigned64(at + 56, `the entry size of ${label}`);
}

function checkSection(reader: BoundedReader, section: ElfSection): void {
  const { alignment, offset, size, type } = section;
  const inside = type === sectionType.nobits || offset + size <= reader.bytes.length;
  const small = size <= largestSection && alignment <= largestAlignment;
  const plain = (section.flags & sectionFlag.compressed) === 0 && (alignment & (alignment - 1)) === 0;
  if (!inside || !small || !plain) refuseSection(reader, section);
}

/** Says what is wrong with a section, if it matters. */
function refuseSection(reader: BoundedReader, section: ElfSection): void {
  const { alignment, size } = section;
  const label = `section ${section.name} (${String(section.index)})`;
  if (section.type !== sectionType.nobits) reader.need(section.offset, size, label);
  if (size > largestSection) throw reader.unsupported(`${label} has ${String(size)} bytes, more than 2 GiB`);
  if (!Number.isInteger(Math.log2(alignment))) {
    throw reader.damaged(`the alignment of ${label}, ${String(alignment)}, is not a power of two`);
  }
  if ((section.flags & sectionFlag.alloc) === 0) return;
  if (alignment > largestAlignment) {
    throw reader.unsupported(`${label} wants an alignment of ${String(alignment)} bytes, more than 2 MiB`);
  }
  if ((section.flags & sectionFlag.compressed) !== 0) throw reader.unsupported(`${label} is compressed`);
}

/**
 * The section of an index.
 *
 * @param reader - The file, for the error.
 * @param sections - All sections.
 * @param index - The index, untrusted.
 * @param what - What refers to it, for the message.
 * @returns The section; never the null section.
 * @throws TierlinkError OBJECT_INVALID when there is no such section.
 */
export function sectionAt(
  reader: BoundedReader,
  sections: readonly ElfSection[],
  index: number,
  what: string,
): ElfSection {
  const section = index === 0 ? undefined : sections[index];
  if (section === undefined)
    throw reader.damaged(`${what} refers to section ${String(index)}, which does not exist`);
  return section;
}
