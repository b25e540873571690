/**
 * The relocations of x86-64 (psABI, table 4.9, and the APX additions) with what tierlink does for each.
 * docs/relocations.md shows this table; a test holds them equal.
 */
import { fixup } from './fixup-codes-x86-64.js';

/** Values that a field can hold. */
type Range = 'any' | 'int8' | 'uint8 or int8' | 'int16' | 'uint16 or int16' | 'int32' | 'uint32' | '–';

/** One relocation. */
export interface RelocationRow {
  /** Its number in ELF files (ELF64_R_TYPE). */
  readonly number: number;
  readonly name: string;
  readonly meaning: string;
  /** In the psABI's letters: S symbol, A addend, P place, G offset of the GOT cell, GOT, L PLT entry, Z size. */
  readonly expression: string;
  readonly range: Range;
  /** What tierlink does. */
  readonly action: string;
  /** Error when it can't be applied, or `–`. */
  readonly error: 'RELOCATION_OVERFLOW' | 'RELOCATION_UNSUPPORTED' | '–';
  /** Bytes of the field. */
  readonly bytes: 0 | 1 | 2 | 4 | 8;
  /** Fixup before the instruction is looked at; `undefined` when the relocation is refused. */
  readonly fixup: number | undefined;
}

function row(
  number: number,
  name: string,
  code: number,
  bytes: 0 | 1 | 2 | 4 | 8,
  range: Range,
  expression: string,
  meaning: string,
  action: string,
): RelocationRow {
  const error = range === 'any' || range === '–' ? '–' : 'RELOCATION_OVERFLOW';
  return { number, name: `R_X86_64_${name}`, meaning, expression, range, action, error, bytes, fixup: code };
}

function refused(number: number, name: string, meaning: string, action: string): RelocationRow {
  return {
    number,
    name: `R_X86_64_${name}`,
    meaning,
    expression: '–',
    range: '–',
    action,
    error: 'RELOCATION_UNSUPPORTED',
    bytes: 0,
    fixup: undefined,
  };
}

/** The row of a thread-local relocation that not every target can serve. */
function threadLocal(base: RelocationRow): RelocationRow {
  return { ...base, error: 'RELOCATION_UNSUPPORTED' };
}

const cellAction = 'the image’s cell of the symbol';
const relaxAction =
  'mov: lea of a near symbol, else the cell; call/jmp through the slot, or to the code when it is known and near; others: the cell';
const dynamicOnly = 'refused: only a dynamic loader applies it';
const noDescriptors = 'refused: TLS descriptors are not supported';

/** All relocations, by number. */
export const relocationTable: readonly RelocationRow[] = [
  row(0, 'NONE', fixup.none, 0, '–', '–', 'nothing', 'ignored'),
  row(1, '64', fixup.abs64, 8, 'any', 'S + A', 'address', 'canonical address'),
  row(
    2,
    'PC32',
    fixup.pc32,
    4,
    'int32',
    'S + A - P',
    'address, from here',
    'canonical address; lea of a far symbol becomes mov from the cell',
  ),
  row(3, 'GOT32', fixup.got32, 4, 'int32', 'G + A', 'cell, from the GOT', cellAction),
  row(
    4,
    'PLT32',
    fixup.branch32,
    4,
    'int32',
    'L + A - P',
    'call or jump',
    'stub, code address where it is known, or the function itself when bound locally',
  ),
  refused(5, 'COPY', 'copy of a library’s variable', dynamicOnly),
  refused(6, 'GLOB_DAT', 'GOT cell', dynamicOnly),
  refused(7, 'JUMP_SLOT', 'PLT cell', dynamicOnly),
  refused(8, 'RELATIVE', 'address in this file', dynamicOnly),
  row(9, 'GOTPCREL', fixup.cell32, 4, 'int32', 'G + GOT + A - P', 'cell, from here', cellAction),
  row(10, '32', fixup.abs32, 4, 'uint32', 'S + A', 'address below 4 GiB', 'canonical address'),
  row(11, '32S', fixup.abs32s, 4, 'int32', 'S + A', 'address within 2 GiB of 0', 'canonical address'),
  row(12, '16', fixup.abs16, 2, 'uint16 or int16', 'S + A', 'small value', 'absolute symbols'),
  row(13, 'PC16', fixup.pc16, 2, 'int16', 'S + A - P', 'address, from here', 'canonical address'),
  row(14, '8', fixup.abs8, 1, 'uint8 or int8', 'S + A', 'small value', 'absolute symbols'),
  row(15, 'PC8', fixup.pc8, 1, 'int8', 'S + A - P', 'address, from here', 'canonical address'),
  threadLocal(
    row(
      16,
      'DTPMOD64',
      fixup.tlsModule64,
      8,
      'any',
      '@dtpmod',
      'first tls_index word',
      'word of the symbol’s module',
    ),
  ),
  threadLocal(
    row(
      17,
      'DTPOFF64',
      fixup.tlsOffset64,
      8,
      'any',
      '@dtpoff + A',
      'offset in its TLS block',
      'offset of the symbol',
    ),
  ),
  threadLocal(
    row(
      18,
      'TPOFF64',
      fixup.threadOffset64,
      8,
      'any',
      '@tpoff + A',
      'offset from the thread pointer',
      'only for symbols in static TLS',
    ),
  ),
  row(
    19,
    'TLSGD',
    fixup.tlsPair32,
    4,
    'int32',
    'G(@tlsgd) + A - P',
    'tls_index pair, from here',
    'the image’s pair {module, offset} of the symbol',
  ),
  row(
    20,
    'TLSLD',
    fixup.tlsBase32,
    4,
    'int32',
    'G(@tlsld) + A - P',
    'tls_index of the block, from here',
    'the image’s pair {module, 0}',
  ),
  threadLocal(
    row(
      21,
      'DTPOFF32',
      fixup.tlsOffset32,
      4,
      'int32',
      '@dtpoff + A',
      'offset in its TLS block',
      'offset of the symbol',
    ),
  ),
  threadLocal(
    row(
      22,
      'GOTTPOFF',
      fixup.tlsCell32,
      4,
      'int32',
      'G(@gottpoff) + A - P',
      'cell with @tpoff, from here',
      'only for symbols in static TLS',
    ),
  ),
  threadLocal(
    row(
      23,
      'TPOFF32',
      fixup.threadOffset32,
      4,
      'int32',
      '@tpoff + A',
      'offset from the thread pointer',
      'only for symbols in static TLS',
    ),
  ),
  row(24, 'PC64', fixup.pc64, 8, 'any', 'S + A - P', 'address, from here', 'canonical address'),
  row(
    25,
    'GOTOFF64',
    fixup.gotOffset64,
    8,
    'any',
    'S + A - GOT',
    'address, from the GOT',
    'canonical address',
  ),
  row(
    26,
    'GOTPC32',
    fixup.gotPc32,
    4,
    'int32',
    'GOT + A - P',
    'GOT, from here',
    'start of the image’s cells',
  ),
  row(27, 'GOT64', fixup.got64, 8, 'any', 'G + A', 'cell, from the GOT', cellAction),
  row(28, 'GOTPCREL64', fixup.cell64, 8, 'any', 'G + GOT + A - P', 'cell, from here', cellAction),
  row(29, 'GOTPC64', fixup.gotPc64, 8, 'any', 'GOT + A - P', 'GOT, from here', 'start of the image’s cells'),
  row(30, 'GOTPLT64', fixup.got64, 8, 'any', 'G + A', 'cell, from the GOT', cellAction),
  row(31, 'PLTOFF64', fixup.pltOffset64, 8, 'any', 'L + A - GOT', 'call, from the GOT', 'as PLT32'),
  row(32, 'SIZE32', fixup.size32, 4, 'uint32', 'Z + A', 'size', 'only for symbols of the object itself'),
  row(33, 'SIZE64', fixup.size64, 8, 'any', 'Z + A', 'size', 'only for symbols of the object itself'),
  refused(34, 'GOTPC32_TLSDESC', 'TLS descriptor, from here', noDescriptors),
  refused(35, 'TLSDESC_CALL', 'call through a TLS descriptor', noDescriptors),
  refused(36, 'TLSDESC', 'TLS descriptor', noDescriptors),
  refused(37, 'IRELATIVE', 'result of a resolver', dynamicOnly),
  refused(38, 'RELATIVE64', 'address in this file', dynamicOnly),
  refused(39, 'PC32_BND', 'PC32 of Intel MPX', 'refused: withdrawn from the psABI'),
  refused(40, 'PLT32_BND', 'PLT32 of Intel MPX', 'refused: withdrawn from the psABI'),
  row(
    41,
    'GOTPCRELX',
    fixup.cell32,
    4,
    'int32',
    'G + GOT + A - P',
    'cell, from here, relaxable',
    relaxAction,
  ),
  row(
    42,
    'REX_GOTPCRELX',
    fixup.cell32,
    4,
    'int32',
    'G + GOT + A - P',
    'the same, with a REX prefix',
    relaxAction,
  ),
  row(
    43,
    'CODE_4_GOTPCRELX',
    fixup.cell32,
    4,
    'int32',
    'G + GOT + A - P',
    'the same, with a REX2 prefix (APX)',
    relaxAction,
  ),
  threadLocal(
    row(
      44,
      'CODE_4_GOTTPOFF',
      fixup.tlsCell32,
      4,
      'int32',
      'G(@gottpoff) + A - P',
      'GOTTPOFF with a REX2 prefix (APX)',
      'only for symbols in static TLS',
    ),
  ),
  refused(45, 'CODE_4_GOTPC32_TLSDESC', 'TLS descriptor (APX)', noDescriptors),
  row(
    46,
    'CODE_5_GOTPCRELX',
    fixup.cell32,
    4,
    'int32',
    'G + GOT + A - P',
    'cell, from here, EVEX prefix (APX)',
    cellAction,
  ),
  threadLocal(
    row(
      47,
      'CODE_5_GOTTPOFF',
      fixup.tlsCell32,
      4,
      'int32',
      'G(@gottpoff) + A - P',
      'GOTTPOFF with an EVEX prefix (APX)',
      'only for symbols in static TLS',
    ),
  ),
  refused(48, 'CODE_5_GOTPC32_TLSDESC', 'TLS descriptor (APX)', noDescriptors),
  row(
    49,
    'CODE_6_GOTPCRELX',
    fixup.cell32,
    4,
    'int32',
    'G + GOT + A - P',
    'cell, from here, EVEX prefix (APX)',
    cellAction,
  ),
  threadLocal(
    row(
      50,
      'CODE_6_GOTTPOFF',
      fixup.tlsCell32,
      4,
      'int32',
      'G(@gottpoff) + A - P',
      'GOTTPOFF with an EVEX prefix (APX)',
      'only for symbols in static TLS',
    ),
  ),
  refused(51, 'CODE_6_GOTPC32_TLSDESC', 'TLS descriptor (APX)', noDescriptors),
];
