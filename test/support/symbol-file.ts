/** Reads what src/observe/symbol-file.ts writes. */

interface Section {
  readonly name: string;
  readonly bytes: Buffer;
}

function sections(file: Uint8Array): Section[] {
  const view = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const table = Number(view.readBigUInt64LE(40));
  const raw = Array.from({ length: view.readUInt16LE(60) }, (_unused, index) => {
    const header = view.subarray(table + index * 64);
    const start = Number(header.readBigUInt64LE(24));
    // SHT_NOBITS has a size and no bytes.
    const size = header.readUInt32LE(4) === 8 ? 0 : Number(header.readBigUInt64LE(32));
    return { name: header.readUInt32LE(0), bytes: view.subarray(start, start + size) };
  });
  const names = raw[view.readUInt16LE(62)]?.bytes ?? Buffer.alloc(0);
  return raw.map(({ name, bytes }) => ({ name: textAt(names, name), bytes }));
}

const textAt = (bytes: Buffer, at: number): string => bytes.toString('utf8', at, bytes.indexOf(0, at));

/** The names of its sections, in order. */
export function sectionNames(file: Uint8Array): string[] {
  return sections(file).map(({ name }) => name);
}

/** Its symbols but for the first, which is none. */
export function symbolsOf(file: Uint8Array): { readonly name: string; readonly address: number }[] {
  const all = new Map(sections(file).map(({ name, bytes }) => [name, bytes]));
  const table = all.get('.symtab') ?? Buffer.alloc(0);
  const names = all.get('.strtab') ?? Buffer.alloc(0);
  return Array.from({ length: Math.max(table.length / 24 - 1, 0) }, (_unused, index) => {
    const symbol = table.subarray((index + 1) * 24);
    return { name: textAt(names, symbol.readUInt32LE(0)), address: Number(symbol.readBigUInt64LE(8)) };
  });
}
