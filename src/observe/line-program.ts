/** Source lines as DWARF 4 has them: one compilation unit, with one line program, for each piece of code. */
import { ByteWriter } from '../core/byte-writer.js';
import type { SourceLine } from './source-line.js';

/** A function with where it comes from. */
export interface FunctionLines {
  readonly name: string;
  readonly address: number;
  readonly bytes: number;
  readonly lines: readonly SourceLine[];
}

/** A range of code whose functions have lines, by ascending address. */
export interface LinedCode {
  readonly address: number;
  readonly bytes: number;
  readonly functions: readonly FunctionLines[];
}

/** Sections by name. */
export interface LineSections {
  readonly '.debug_abbrev': Uint8Array;
  readonly '.debug_info': Uint8Array;
  readonly '.debug_line': Uint8Array;
}

const version = 4;
const addressBytes = 8;
const tag = { unit: 0x11, function: 0x2e } as const;
/** Numbers of the two kinds of entries. */
const entry = { unit: 1, function: 2 } as const;
const attribute = {
  name: 0x03,
  statements: 0x10,
  lowPc: 0x11,
  highPc: 0x12,
  language: 0x13,
  external: 0x3f,
} as const;
const form = {
  address: 0x01,
  data2: 0x05,
  data8: 0x07,
  string: 0x08,
  sectionOffset: 0x17,
  present: 0x19,
} as const;
/** DW_LANG_C99: what a debugger shows names and values like. */
const language = 0x0c;
const opcode = { extended: 0, copy: 1, advancePc: 2, advanceLine: 3, setFile: 4 } as const;
const extended = { endSequence: 1, setAddress: 2 } as const;
/** Operands of the standard opcodes 1 to 12. */
const operands = [0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1];

/**
 * Writes the lines of pieces of code.
 *
 * @param pieces - The pieces.
 * @returns The sections.
 */
export function writeLines(pieces: readonly LinedCode[]): LineSections {
  const info = new ByteWriter();
  const programs = new ByteWriter();
  for (const piece of pieces) {
    const files = [...new Set(piece.functions.flatMap(({ lines }) => lines.map(({ file }) => file)))];
    const program = programs.length;
    writeProgram(programs, piece, files);
    sized(info, () => {
      info.u16(version).u32(0).u8(addressBytes);
      info.uleb(entry.unit).text(files[0] ?? '');
      info.u16(language).u32(program).u64(piece.address).u64(piece.bytes);
      for (const { name, address, bytes } of piece.functions)
        info.uleb(entry.function).text(name).u64(address).u64(bytes);
      // No more children.
      info.u8(0);
    });
  }
  return {
    '.debug_abbrev': abbreviations(),
    '.debug_info': info.bytes,
    '.debug_line': programs.bytes,
  };
}

function abbreviations(): Uint8Array {
  const writer = new ByteWriter();
  const hasChildren = (yes: boolean): number => (yes ? 1 : 0);
  writer.uleb(entry.unit).uleb(tag.unit).u8(hasChildren(true));
  writer.uleb(attribute.name).uleb(form.string);
  writer.uleb(attribute.language).uleb(form.data2);
  writer.uleb(attribute.statements).uleb(form.sectionOffset);
  writer.uleb(attribute.lowPc).uleb(form.address);
  writer.uleb(attribute.highPc).uleb(form.data8);
  writer.uleb(0).uleb(0);
  writer.uleb(entry.function).uleb(tag.function).u8(hasChildren(false));
  writer.uleb(attribute.name).uleb(form.string);
  writer.uleb(attribute.lowPc).uleb(form.address);
  writer.uleb(attribute.highPc).uleb(form.data8);
  writer.uleb(attribute.external).uleb(form.present);
  return writer.uleb(0).uleb(0).uleb(0).bytes;
}

function writeProgram(writer: ByteWriter, { functions }: LinedCode, files: readonly string[]): void {
  sized(writer, () => {
    writer.u16(version);
    sized(writer, () => {
      // Instructions of one byte, one operation in each, statements by default, line base, line range, first special opcode.
      writer
        .u8(1)
        .u8(1)
        .u8(1)
        .u8(0)
        .u8(1)
        .u8(operands.length + 1);
      for (const count of operands) writer.u8(count);
      // No folders: files have their paths.
      writer.u8(0);
      for (const file of files) writer.text(file).uleb(0).uleb(0).uleb(0);
      writer.u8(0);
    });
    for (const one of functions) if (one.lines.length > 0) writeSequence(writer, one, files);
  });
}

function writeSequence(
  writer: ByteWriter,
  { address, bytes, lines }: FunctionLines,
  files: readonly string[],
): void {
  writer
    .u8(opcode.extended)
    .uleb(1 + addressBytes)
    .u8(extended.setAddress)
    .u64(address);
  let at = 0;
  let line = 1;
  let file = 1;
  for (const row of lines) {
    const rowFile = files.indexOf(row.file) + 1;
    if (rowFile !== file) writer.u8(opcode.setFile).uleb(rowFile);
    writer.u8(opcode.advancePc).uleb(row.offset - at);
    writer
      .u8(opcode.advanceLine)
      .sleb(row.line - line)
      .u8(opcode.copy);
    at = row.offset;
    line = row.line;
    file = rowFile;
  }
  writer.u8(opcode.advancePc).uleb(bytes - at);
  writer.u8(opcode.extended).uleb(1).u8(extended.endSequence);
}

/** Writes what a four-byte length stands before. */
function sized(writer: ByteWriter, write: () => void): void {
  const at = writer.length;
  writer.u32(0);
  write();
  writer.patch32(at, writer.length - at - 4);
}
