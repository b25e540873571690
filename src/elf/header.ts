/** The ELF header: is this an x86-64 relocatable object, and where are its section headers? */
import { TierlinkError } from '../core/errors.js';
import type { BoundedReader } from './bounded-reader.js';

/** Bytes of an ELF64 header. */
const headerBytes = 64;
/** Bytes of an ELF64 section header. */
export const sectionHeaderBytes = 64;

const machineX86_64 = 62;

/** In bytes: offsets in a file then are small integers. */
const largestFile = 0x7fff_ffff;
const typeNames: Readonly<Record<number, string>> = {
  0: 'a file of no type (ET_NONE)',
  2: 'an executable (ET_EXEC)',
  3: 'a shared library or position-independent executable (ET_DYN)',
  4: 'a core dump (ET_CORE)',
};

/** Where the section headers lie. */
export interface ElfHeader {
  /** Offset of the section headers in the file, in bytes. */
  readonly sectionHeaders: number;
  /** Number of sections, extended numbering included; 0 when there are none. */
  readonly sectionCount: number;
  /** Section that holds the section names. */
  readonly sectionNames: number;
}

/**
 * Reads and checks the ELF header.
 *
 * @param reader - The file.
 * @returns Where the section headers are; their range lies in the file.
 * @throws TierlinkError OBJECT_INVALID, OBJECT_UNSUPPORTED, TARGET_MISMATCH
 */
export function readHeader(reader: BoundedReader): ElfHeader {
  const { view } = reader;
  reader.need(0, headerBytes, 'the ELF header');
  if (reader.bytes.length > largestFile) throw reader.unsupported('it is larger than 2 GiB');
  if (view.getUint32(0, false) !== 0x7f454c46) throw reader.damaged('it does not begin with "\\x7fELF"');
  checkIdentity(reader);
  const type = view.getUint16(16, true);
  if (type !== 1) {
    throw reader.unsupported(
      `it is ${typeNames[type] ?? `of type ${String(type)}`}, not a relocatable object`,
    );
  }
  const machine = view.getUint16(18, true);
  if (machine !== machineX86_64) {
    throw new TierlinkError('TARGET_MISMATCH', {
      module: reader.module,
      what: 'ELF machine',
      found: String(machine),
      expected: `x86-64 (ELF machine ${String(machineX86_64)})`,
    });
  }
  if (view.getUint32(20, true) !== 1) throw reader.damaged('e_version is not 1');
  if (view.getUint16(52, true) !== headerBytes) throw reader.damaged('e_ehsize is not 64');
  return locateSections(reader);
}

function checkIdentity(reader: BoundedReader): void {
  const { view } = reader;
  const width = view.getUint8(4);
  if (width === 1) throw reader.unsupported('it is a 32-bit ELF file');
  if (width !== 2) throw reader.damaged(`ELF class ${String(width)} does not exist`);
  const order = view.getUint8(5);
  if (order === 2) throw reader.unsupported('it is a big-endian ELF file');
  if (order !== 1) throw reader.damaged(`ELF byte order ${String(order)} does not exist`);
  if (view.getUint8(6) !== 1) throw reader.damaged('the ELF version is not 1');
  const abi = view.getUint8(7);
  // 0 is System V, 3 is GNU (set when ifuncs or unique symbols occur); both mean Linux here.
  if (abi !== 0 && abi !== 3) throw reader.unsupported(`it was made for OS/ABI ${String(abi)}, not Linux`);
}

function locateSections(reader: BoundedReader): ElfHeader {
  const { view } = reader;
  const sectionHeaders = reader.unsigned64(40, 'e_shoff');
  let sectionCount = view.getUint16(60, true);
  let sectionNames = view.getUint16(62, true);
  if (sectionHeaders === 0) {
    if (sectionCount !== 0) throw reader.damaged('it counts sections but has no section headers');
    return { sectionHeaders: 0, sectionCount: 0, sectionNames: 0 };
  }
  if (view.getUint16(58, true) !== sectionHeaderBytes) throw reader.damaged('e_shentsize is not 64');
  reader.need(sectionHeaders, sectionHeaderBytes, 'the first section header');
  // Beyond 65,279 sections the real numbers stand in the first header.
  if (sectionCount === 0) sectionCount = reader.unsigned64(sectionHeaders + 32, 'the extended section count');
  if (sectionNames === 0xffff) sectionNames = view.getUint32(sectionHeaders + 40, true);
  reader.need(sectionHeaders, sectionCount * sectionHeaderBytes, 'the section header table');
  if (sectionNames !== 0 && sectionNames >= sectionCount) {
    throw reader.damaged(`e_shstrndx ${String(sectionNames)} is no section`);
  }
  return { sectionHeaders, sectionCount, sectionNames };
}
