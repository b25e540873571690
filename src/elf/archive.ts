/** GNU `ar` archives: members and the symbol index, from bytes that nobody has checked before. */
import { TierlinkError } from '../core/errors.js';

const magic = '!<arch>\n';
const thinMagic = '!<thin>\n';
const headerBytes = 60;

/** One file in an archive. */
interface ArchiveMember {
  readonly name: string;
  /** A view of the archive's bytes. */
  readonly bytes: Uint8Array;
}

/** An archive. */
export interface Archive {
  /** In file order, without the symbol index and the table of long names. */
  readonly members: readonly ArchiveMember[];
  /** Member that defines a symbol; the first one when several do. */
  readonly symbols: ReadonlyMap<string, ArchiveMember>;
}

interface Entry {
  readonly name: string;
  readonly start: number;
  readonly size: number;
}

/**
 * Reads an archive in the GNU format.
 *
 * @param bytes - The file; kept, not copied.
 * @param module - Name of the archive, for messages.
 * @returns Members and symbol index.
 * @throws TierlinkError ARCHIVE_INVALID for damage, thin archives and the BSD format.
 */
export function readArchive(bytes: Uint8Array, module: string): Archive {
  const file = new ArchiveFile(bytes, module);
  const members: ArchiveMember[] = [];
  const byHeader = new Map<number, ArchiveMember>();
  let index: { readonly entry: Entry; readonly wordBytes: 4 | 8 } | undefined;
  let longNames: Entry | undefined;
  for (let at = magic.length; at < bytes.length; ) {
    const entry = file.entry(at);
    if (entry.name === '/') index = { entry, wordBytes: 4 };
    else if (entry.name === '/SYM64/') index = { entry, wordBytes: 8 };
    else if (entry.name === '//') longNames = entry;
    else {
      const member = {
        name: file.memberName(entry.name, longNames),
        bytes: bytes.subarray(entry.start, entry.start + entry.size),
      };
      members.push(member);
      byHeader.set(at, member);
    }
    // Members start at even offsets; the last one may lack its padding byte.
    at = entry.start + entry.size + (entry.size % 2);
  }
  const symbols =
    index === undefined
      ? new Map<string, ArchiveMember>()
      : file.symbolIndex(index.entry, index.wordBytes, byHeader);
  return { members, symbols };
}

class ArchiveFile {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #text: Buffer;
  readonly #module: string;

  constructor(bytes: Uint8Array, module: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#module = module;
    const start = this.#text.toString('latin1', 0, magic.length);
    if (start === thinMagic) throw this.#invalid('it is a thin archive, whose members are other files');
    if (start !== magic) throw this.#invalid('it does not begin with "!<arch>"');
  }

  /** Reads the member header at an offset. */
  entry(at: number): Entry {
    const start = at + headerBytes;
    if (start > this.#bytes.length) throw this.#invalid(`the member header at ${String(at)} is cut off`);
    if (this.#view.getUint16(at + 58, false) !== 0x600a) {
      throw this.#invalid(`the member header at ${String(at)} does not end as it must`);
    }
    const digits = this.#text.toString('latin1', at + 48, at + 58).trimEnd();
    const size = Number(digits);
    if (!/^\d+$/.test(digits) || size > this.#bytes.length - start) {
      throw this.#invalid(`the member at ${String(at)} has size "${digits}"`);
    }
    return { name: this.#text.toString('latin1', at, at + 16).trimEnd(), start, size };
  }

  /** Turns the name field into the member's name. */
  memberName(field: string, longNames: Entry | undefined): string {
    if (field.startsWith('#1/') || field.startsWith('__.SYMDEF')) {
      throw this.#invalid('it is in the BSD format');
    }
    const long = /^\/(\d+)$/.exec(field);
    if (long === null) return field.endsWith('/') ? field.slice(0, -1) : field;
    const offset = Number(long[1]);
    if (longNames === undefined || offset >= longNames.size) {
      throw this.#invalid(`member name ${field} lies outside of the table of long names`);
    }
    const first = longNames.start + offset;
    const end = this.#text.indexOf(0x0a, first);
    if (end < 0 || end >= longNames.start + longNames.size) {
      throw this.#invalid(`member name ${field} is not terminated`);
    }
    return this.#text.toString('utf8', first, this.#bytes[end - 1] === 0x2f ? end - 1 : end);
  }

  /** Reads the symbol index: a count, an offset of a member header each, then the names. */
  symbolIndex(
    entry: Entry,
    wordBytes: 4 | 8,
    byHeader: ReadonlyMap<number, ArchiveMember>,
  ): Map<string, ArchiveMember> {
    const limit = entry.start + entry.size;
    if (entry.size < wordBytes) throw this.#invalid('the symbol index is cut off');
    const count = this.#word(entry.start, wordBytes);
    if (count > (entry.size - wordBytes) / wordBytes) throw this.#invalid('the symbol index is cut off');
    const symbols = new Map<string, ArchiveMember>();
    let name = entry.start + wordBytes * (count + 1);
    for (let index = 0; index < count; index += 1) {
      const member = byHeader.get(this.#word(entry.start + wordBytes * (index + 1), wordBytes));
      if (member === undefined)
        throw this.#invalid(`symbol ${String(index)} of the index leads to no member`);
      const end = this.#text.indexOf(0, name);
      if (end < 0 || end >= limit)
        throw this.#invalid(`symbol ${String(index)} of the index is not terminated`);
      const symbol = this.#text.toString('utf8', name, end);
      if (!symbols.has(symbol)) symbols.set(symbol, member);
      name = end + 1;
    }
    return symbols;
  }

  #word(at: number, bytes: 4 | 8): number {
    const high = this.#view.getUint32(at, false);
    return bytes === 4 ? high : high * 4294967296 + this.#view.getUint32(at + 4, false);
  }

  #invalid(reason: string): TierlinkError {
    return new TierlinkError('ARCHIVE_INVALID', { module: this.#module, reason });
  }
}
