/** Builds ELF64 relocatable objects byte by byte, so that tests can say exactly what a file holds. */

export interface SectionSpec {
  readonly name: string;
  readonly type?: number;
  readonly flags?: number;
  /** Bytes; for `nobits` only their number counts. */
  readonly content: Uint8Array;
  readonly alignment?: number;
  readonly relocations?: readonly RelocationSpec[];
  readonly link?: number;
  readonly info?: number;
}

export interface SymbolSpec {
  readonly name: string;
  /** Number of the section in the list given, from 0; or undefined / absolute / common. */
  readonly section: number | 'undefined' | 'absolute' | 'common';
  readonly value?: number;
  readonly size?: number;
  readonly type?: number;
  /** 0 local, 1 global, 2 weak. Locals must come first. */
  readonly binding?: number;
}

export interface RelocationSpec {
  readonly offset: number;
  readonly type: number;
  /** Number of the symbol in the list given, from 0; -1 for the null symbol. */
  readonly symbol: number;
  readonly addend: number;
}

export interface GroupSpec {
  /** Number of the symbol. */
  readonly signature: number;
  /** Numbers of the sections. */
  readonly members: readonly number[];
}

export const flags = { write: 1, alloc: 2, exec: 4, tls: 0x400 } as const;
export const types = {
  progbits: 1,
  note: 7,
  nobits: 8,
  rel: 9,
  initArray: 14,
  finiArray: 15,
  group: 17,
} as const;

class Strings {
  readonly #parts: string[] = ['\0'];
  readonly #known = new Map<string, number>([['', 0]]);
  #size = 1;

  add(text: string): number {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const at = this.#size;
    this.#parts.push(`${text}\0`);
    this.#size += Buffer.byteLength(text) + 1;
    this.#known.set(text, at);
    return at;
  }

  get bytes(): Uint8Array {
    return Buffer.from(this.#parts.join(''));
  }
}

interface Header {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly content: Uint8Array;
  readonly alignment: number;
  readonly link: number;
  readonly info: number;
  readonly entryBytes: number;
}

/** Index of a given section in the file. */
function fileSection(section: number): number {
  return section + 1;
}

/** Builds an object; section k of the list has index k + 1 in the file. */
export function buildObject(
  sections: readonly SectionSpec[],
  symbols: readonly SymbolSpec[],
  groups: readonly GroupSpec[] = [],
): Uint8Array<ArrayBuffer> {
  const rela = sections.filter((section) => section.relocations !== undefined);
  const symtab = sections.length + rela.length + groups.length + 1;
  const headers: Header[] = sections.map((section) => ({
    name: section.name,
    type: section.type ?? types.progbits,
    flags: section.flags ?? flags.alloc,
    content: section.content,
    alignment: section.alignment ?? 1,
    link: section.link ?? 0,
    info: section.info ?? 0,
    entryBytes: 0,
  }));
  for (const section of rela) {
    headers.push({
      name: `.rela${section.name}`,
      type: 4,
      flags: 0x40,
      content: relocationBytes(section.relocations ?? []),
      alignment: 8,
      link: symtab,
      info: fileSection(sections.indexOf(section)),
      entryBytes: 24,
    });
  }
  for (const group of groups) {
    const words = Uint32Array.from([1, ...group.members.map(fileSection)]);
    headers.push({
      name: '.group',
      type: types.group,
      flags: 0,
      content: new Uint8Array(words.buffer),
      alignment: 4,
      link: symtab,
      info: group.signature + 1,
      entryBytes: 4,
    });
  }
  const names = new Strings();
  const firstGlobal = symbols.findIndex((symbol) => (symbol.binding ?? 1) !== 0);
  headers.push({
    name: '.symtab',
    type: 2,
    flags: 0,
    content: symbolBytes(symbols, names),
    alignment: 8,
    link: symtab + 1,
    info: (firstGlobal < 0 ? symbols.length : firstGlobal) + 1,
    entryBytes: 24,
  });
  headers.push({
    name: '.strtab',
    type: 3,
    flags: 0,
    content: names.bytes,
    alignment: 1,
    link: 0,
    info: 0,
    entryBytes: 0,
  });
  return writeFile(headers);
}

function relocationBytes(relocations: readonly RelocationSpec[]): Uint8Array {
  const bytes = Buffer.alloc(relocations.length * 24);
  relocations.forEach((relocation, index) => {
    bytes.writeBigUInt64LE(BigInt(relocation.offset), index * 24);
    bytes.writeUInt32LE(relocation.type, index * 24 + 8);
    bytes.writeUInt32LE(relocation.symbol + 1, index * 24 + 12);
    bytes.writeBigInt64LE(BigInt(relocation.addend), index * 24 + 16);
  });
  return bytes;
}

function symbolBytes(symbols: readonly SymbolSpec[], names: Strings): Uint8Array {
  const bytes = Buffer.alloc((symbols.length + 1) * 24);
  const special = { undefined: 0, absolute: 0xfff1, common: 0xfff2 } as const;
  symbols.forEach((symbol, index) => {
    const at = (index + 1) * 24;
    bytes.writeUInt32LE(names.add(symbol.name), at);
    bytes.writeUInt8(((symbol.binding ?? 1) << 4) | (symbol.type ?? 0), at + 4);
    const { section } = symbol;
    bytes.writeUInt16LE(typeof section === 'number' ? fileSection(section) : special[section], at + 6);
    bytes.writeBigInt64LE(BigInt(symbol.value ?? 0), at + 8);
    bytes.writeBigUInt64LE(BigInt(symbol.size ?? 0), at + 16);
  });
  return bytes;
}

function writeFile(given: readonly Header[]): Uint8Array<ArrayBuffer> {
  const names = new Strings();
  const headers = [...given];
  const nameOffsets = headers.map((header) => names.add(header.name));
  nameOffsets.push(names.add('.shstrtab'));
  headers.push({
    name: '.shstrtab',
    type: 3,
    flags: 0,
    content: names.bytes,
    alignment: 1,
    link: 0,
    info: 0,
    entryBytes: 0,
  });
  let at = 64;
  const offsets = headers.map((header) => {
    const offset = Math.ceil(at / 8) * 8;
    if (header.type !== types.nobits) at = offset + header.content.length;
    return offset;
  });
  const table = Math.ceil(at / 8) * 8;
  const file = Buffer.alloc(table + (headers.length + 1) * 64);
  Buffer.from('7f454c460201010000000000000000000100' + '3e00' + '01000000', 'hex').copy(file);
  file.writeBigUInt64LE(BigInt(table), 40);
  file.writeUInt16LE(64, 52);
  file.writeUInt16LE(64, 58);
  file.writeUInt16LE(headers.length + 1, 60);
  file.writeUInt16LE(headers.length, 62);
  headers.forEach((header, index) => {
    const offset = offsets[index] ?? 0;
    const entry = table + (index + 1) * 64;
    if (header.type !== types.nobits) file.set(header.content, offset);
    file.writeUInt32LE(nameOffsets[index] ?? 0, entry);
    file.writeUInt32LE(header.type, entry + 4);
    file.writeBigUInt64LE(BigInt(header.flags), entry + 8);
    file.writeBigUInt64LE(BigInt(offset), entry + 24);
    file.writeBigUInt64LE(BigInt(header.content.length), entry + 32);
    file.writeUInt32LE(header.link, entry + 40);
    file.writeUInt32LE(header.info, entry + 44);
    file.writeBigUInt64LE(BigInt(header.alignment), entry + 48);
    file.writeBigUInt64LE(BigInt(header.entryBytes), entry + 56);
  });
  return new Uint8Array(file);
}

/** Offset in a file of the header of a section, by its index in the file. */
export function headerOffset(file: Uint8Array, section: number): number {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  return Number(view.getBigUint64(40, true)) + section * 64;
}
