/**
 * An ELF file for debuggers about code that lies in memory: names, unwind tables and source lines, and no code. Sources:
 * System V ABI (ELF-64), DWARF 4, Linux Standard Base 5 ("Exception Frames").
 */
import { ByteWriter } from '../core/byte-writer.js';
import { type FunctionLines, writeLines } from './line-program.js';
import { joinFrames, type UnwindTable } from './unwind-tables.js';

/** A piece of code. */
export interface CodePiece {
  readonly address: number;
  readonly bytes: number;
  /** By ascending address, as people are to see them. */
  readonly functions: readonly FunctionLines[];
  readonly frames: UnwindTable | undefined;
}

interface Section {
  readonly name: string;
  readonly type: number;
  readonly flags?: number;
  readonly address?: number;
  readonly bytes?: Uint8Array;
  /** Of one without bytes. */
  readonly size?: number;
  readonly link?: number;
  readonly info?: number;
  readonly entryBytes?: number;
}

const sectionType = { progbits: 1, symbols: 2, strings: 3, nobits: 8 } as const;
const flag = { alloc: 2, exec: 4 } as const;
const headerBytes = 64;
const sectionBytes = 64;
const symbolBytes = 24;
/** STB_GLOBAL and STT_FUNC. */
const globalFunction = 0x12;
/** ET_EXEC: addresses are what they say. */
const executable = 2;
const machine = 62;

/**
 * Writes the file.
 *
 * @param pieces - What it is about; at least one.
 * @returns The file.
 */
export function symbolFile(pieces: readonly CodePiece[]): Uint8Array {
  const sections: Section[] = [{ name: '', type: 0 }];
  const symbols = new ByteWriter().append(Buffer.alloc(symbolBytes));
  const names = new ByteWriter().u8(0);
  // A section for each: code of other files lies between them.
  for (const { address, bytes, functions } of pieces) {
    const index = sections.length;
    const flags = flag.alloc | flag.exec;
    sections.push({ name: '.text', type: sectionType.nobits, flags, address, size: bytes });
    for (const one of functions) {
      symbols.u32(names.length).u8(globalFunction).u8(0).u16(index).u64(one.address).u64(one.bytes);
      names.text(one.name);
    }
  }
  const tables = pieces.flatMap(({ frames }) => frames ?? []);
  const [first] = tables;
  if (first !== undefined) {
    const { address } = first;
    const bytes = joinFrames(tables, address);
    sections.push({ name: '.eh_frame', type: sectionType.progbits, flags: flag.alloc, address, bytes });
  }
  const lined = pieces.filter(({ functions }) => functions.some(({ lines }) => lines.length > 0));
  if (lined.length > 0) {
    for (const [name, bytes] of Object.entries<Uint8Array>({ ...writeLines(lined) }))
      sections.push({ name, type: sectionType.progbits, bytes });
  }
  const link = sections.length + 1;
  const entryBytes = symbolBytes;
  sections.push({
    name: '.symtab',
    type: sectionType.symbols,
    bytes: symbols.bytes,
    link,
    info: 1,
    entryBytes,
  });
  sections.push({ name: '.strtab', type: sectionType.strings, bytes: names.bytes });
  return writeFile(sections);
}

function writeFile(given: readonly Section[]): Uint8Array {
  const names = new ByteWriter();
  const offsets = [...given, { name: '.shstrtab' }].map(({ name }) => {
    const at = names.length;
    names.text(name);
    return at;
  });
  const sections: Section[] = [
    ...given,
    { name: '.shstrtab', type: sectionType.strings, bytes: names.bytes },
  ];
  const body = new ByteWriter().append(Buffer.alloc(headerBytes));
  const places = sections.map(({ bytes }) => {
    body.align(8);
    const at = body.length;
    if (bytes !== undefined) body.append(bytes);
    return at;
  });
  body.align(8);
  const table = body.length;
  for (const [index, section] of sections.entries()) {
    const { type, flags = 0, address = 0, bytes, size = bytes?.length ?? 0 } = section;
    body
      .u32(offsets[index] ?? 0)
      .u32(type)
      .u64(flags)
      .u64(address);
    body.u64(index === 0 ? 0 : (places[index] ?? 0)).u64(size);
    body.u32(section.link ?? 0).u32(section.info ?? 0);
    body.u64(index === 0 ? 0 : 1).u64(section.entryBytes ?? 0);
  }
  const header = new ByteWriter().append(Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0)).u64(0);
  header.u16(executable).u16(machine).u32(1).u64(0).u64(0).u64(table).u32(0);
  header
    .u16(headerBytes)
    .u16(0)
    .u16(0)
    .u16(sectionBytes)
    .u16(sections.length)
    .u16(sections.length - 1);
  const file = Uint8Array.from(body.bytes);
  file.set(header.bytes);
  return file;
}
