/**
 * Writes a shared object that holds nothing but names of addresses, for the system's loader. Sources: System V ABI ("Object
 * Files", "Dynamic Linking"); glibc takes the values of absolute symbols as they are since 2.28.
 */
import { ByteWriter } from '../core/byte-writer.js';

/** A name. */
export interface NamedAddress {
  readonly name: string;
  readonly isFunction: boolean;
  readonly address: number;
  /** Bytes of a variable, 0 for a function. */
  readonly size: number;
}

const headerBytes = 64;
const segmentBytes = 56;
const symbolBytes = 24;
const pageBytes = 4096;
const sharedObjectType = 3;
const machine = 62;
const segmentType = { load: 1, dynamic: 2, stack: 0x6474e551 } as const;
/** PF_R and PF_W: the loader stores into the dynamic section. */
const readWrite = 6;
const tag = { hash: 4, strings: 5, symbols: 6, stringBytes: 10, symbolBytes: 11, name: 14 } as const;
/** SHN_ABS. */
const absolute = 0xfff1;
/** STB_GLOBAL with STT_FUNC or STT_OBJECT. */
const info = { function: 0x12, variable: 0x11 } as const;

/**
 * Writes the file.
 *
 * @param name - Its name for the loader, which takes two of one name for the same.
 * @param symbols - What it names.
 * @returns The file.
 */
export function sharedObject(name: string, symbols: readonly NamedAddress[]): Uint8Array {
  const strings = new ByteWriter().text('').text(name);
  const table = new ByteWriter().append(Buffer.alloc(symbolBytes));
  for (const one of symbols) {
    table
      .u32(strings.length)
      .u8(one.isFunction ? info.function : info.variable)
      .u8(0);
    table.u16(absolute).u64(one.address).u64(one.size);
    strings.text(one.name);
  }
  const kinds = [segmentType.load, segmentType.dynamic, segmentType.stack];
  const hashAt = headerBytes + kinds.length * segmentBytes;
  const file = new ByteWriter().append(Buffer.alloc(hashAt)).append(hashTable(symbols)).align(8);
  const symbolsAt = file.length;
  file.append(table.bytes);
  const stringsAt = file.length;
  file.append(strings.bytes).align(8);
  const dynamicAt = file.length;
  const entries = [
    [tag.name, 1],
    [tag.hash, hashAt],
    [tag.strings, stringsAt],
    [tag.symbols, symbolsAt],
    [tag.stringBytes, strings.length],
    [tag.symbolBytes, symbolBytes],
    [0, 0],
  ] as const;
  for (const [key, value] of entries) file.u64(key).u64(value);
  const bytes = Uint8Array.from(file.bytes);
  const header = new ByteWriter().append(Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0)).u64(0);
  header.u16(sharedObjectType).u16(machine).u32(1).u64(0).u64(headerBytes).u64(0).u32(0);
  header.u16(headerBytes).u16(segmentBytes).u16(kinds.length).u16(0).u16(0).u16(0);
  for (const kind of kinds) {
    const at = kind === segmentType.dynamic ? dynamicAt : 0;
    // Without a segment for the stack the loader would make stacks executable.
    const length = kind === segmentType.stack ? 0 : bytes.length - at;
    header.u32(kind).u32(readWrite).u64(at).u64(at).u64(at).u64(length).u64(length);
    header.u64(kind === segmentType.load ? pageBytes : 8);
  }
  bytes.set(header.bytes);
  return bytes;
}

/** Buckets and chains of positions in the table of symbols, of which the first is none. */
function hashTable(symbols: readonly NamedAddress[]): Uint8Array {
  const buckets = new Uint32Array(Math.max(1, symbols.length));
  const chains = new Uint32Array(symbols.length + 1);
  for (const [index, { name }] of symbols.entries()) {
    const bucket = hashOf(name) % buckets.length;
    chains[index + 1] = buckets[bucket] ?? 0;
    buckets[bucket] = index + 1;
  }
  const words = new ByteWriter().u32(buckets.length).u32(chains.length);
  for (const word of [...buckets, ...chains]) words.u32(word);
  return words.bytes;
}

/** The ABI's own hash of a name. */
function hashOf(name: string): number {
  let hash = 0;
  for (const byte of Buffer.from(name)) {
    hash = ((hash << 4) + byte) >>> 0;
    const high = hash & 0xf0000000;
    hash = (hash ^ (high >>> 24)) & ~high;
  }
  return hash >>> 0;
}
