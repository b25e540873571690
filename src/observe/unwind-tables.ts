/** Joins unwind tables that lie apart into one: a debugger reads one `.eh_frame` of a file. */
import { ByteWriter } from '../core/byte-writer.js';

/** A copy of an `.eh_frame` that lies in memory. */
export interface UnwindTable {
  readonly address: number;
  /** Without the zero word that ends it. */
  readonly bytes: Buffer;
}

/** DW_EH_PE_pcrel | DW_EH_PE_sdata4: all that LLVM and gcc write into objects of the small code models. */
const pcRelative4 = 0x1b;
/** Where fields lie in an entry, behind its length word. */
const entryField = { id: 4, pcBegin: 8, augmentation: 9 } as const;

/**
 * Copies a table.
 *
 * @param address - Where it lies.
 * @param bytes - Its bytes; a zero word ends it, and whatever follows is none of it.
 * @returns The table.
 */
export function unwindTable(address: number, bytes: Uint8Array): UnwindTable {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = 0;
  while (end + 4 <= view.length) {
    const length = view.readUInt32LE(end);
    // Also where a 64-bit length begins, which nobody writes.
    if (length === 0 || length > view.length - end - 4) break;
    end += 4 + length;
  }
  return { address, bytes: Buffer.from(view.subarray(0, end)) };
}

/**
 * Joins them.
 *
 * @param tables - Tables whose entries are relative to where they lie.
 * @param address - Where the joined one is taken to lie, within 2 GiB of all of them.
 * @returns Its bytes. Entries that are encoded in another way, or can't be reached from there, are left out.
 */
export function joinFrames(tables: readonly UnwindTable[], address: number): Buffer {
  const joined = new ByteWriter();
  for (const table of tables) appendTable(joined, address, table);
  return joined.u32(0).bytes;
}

function appendTable(joined: ByteWriter, address: number, { address: from, bytes }: UnwindTable): void {
  /** Places of the common entries that were taken over, in the joined table. */
  const common = new Map<number, number>();
  for (let at = 0; at < bytes.length; ) {
    const end = at + 4 + bytes.readUInt32LE(at);
    const entry = Buffer.from(bytes.subarray(at, end));
    const place = joined.length;
    const owner = entry.readUInt32LE(entryField.id);
    if (owner === 0) {
      if (isRelative(entry)) {
        common.set(at, place);
        joined.append(entry);
      }
    } else {
      const commonAt = common.get(at + entryField.id - owner);
      const moved = entry.readInt32LE(entryField.pcBegin) + (from + at) - (address + place);
      if (commonAt !== undefined && moved === (moved | 0)) {
        entry.writeUInt32LE(place + entryField.id - commonAt, entryField.id);
        entry.writeInt32LE(moved, entryField.pcBegin);
        joined.append(entry);
      }
    }
    at = end;
  }
}

/** Whether functions of a common entry are given relative to the field that names them. */
function isRelative(entry: Buffer): boolean {
  const textEnd = entry.indexOf(0, entryField.augmentation);
  const augmentation = entry.toString('latin1', entryField.augmentation, textEnd);
  if (!augmentation.startsWith('z')) return false;
  let at = textEnd + 1;
  const skipLeb = (): void => {
    while ((entry[at] ?? 0) >= 0x80) at += 1;
    at += 1;
  };
  // Code and data alignment, return register, length of what follows.
  for (let field = 0; field < 4; field += 1) skipLeb();
  for (const letter of augmentation.slice(1)) {
    if (letter === 'R') return entry[at] === pcRelative4;
    if (letter === 'L') at += 1;
    // A four-byte personality behind its encoding.
    else if (letter === 'P' && ((entry[at] ?? 0) & 0xf) === (pcRelative4 & 0xf)) at += 5;
    else if (letter !== 'S' && letter !== 'B') return false;
  }
  return false;
}
