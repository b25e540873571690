/**
 * perf's jitdump: a file of records with the time, the address, the name and the bytes of each function. `perf record -k 1`
 * notes that the process mapped the file; `perf inject --jit` then joins both, so that each sample is given to what lay at
 * its address at that time, and `perf annotate` shows the code. Source of the format: Linux,
 * tools/perf/Documentation/jitdump-specification.txt, version 1.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type CodeObserver, type PlacedCode, shownName } from './placed-code.js';
import type { SourceLine } from './source-line.js';

/** `JiTD`, as the writer's byte order has it. */
const magic = 0x4a695444;
const formatVersion = 1;
const headerBytes = 40;
/** EM_X86_64. */
const machine = 62;
const record = { load: 0, debugInfo: 2, close: 3 } as const;
const prefixBytes = 16;
/** What a load record has between its prefix and the name. */
const loadBytes = 40;
/** What a record of lines has between its prefix and the first line, and what a line has before its file's name. */
const linesBytes = 16;
const lineBytes = 16;

/** What a dump needs of its surroundings. */
export interface JitDumpParts {
  /** Folder of the file, which is named `jit-<pid>.dump`: perf knows it by that name. */
  readonly folder: string;
  /** Nanoseconds of CLOCK_MONOTONIC. */
  readonly now: () => bigint;
  /** Maps the open file executable for as long as the process lives: so perf learns of it. */
  readonly map: (file: number) => void;
}

/** Writes a jitdump. */
export class JitDump implements CodeObserver {
  /** Where the file is. */
  readonly path: string;
  readonly #file: number;
  readonly #parts: JitDumpParts;
  #index = 0n;

  /** @param parts - Folder, clock, and how the file is mapped. */
  constructor(parts: JitDumpParts) {
    this.#parts = parts;
    this.path = join(parts.folder, `jit-${String(process.pid)}.dump`);
    this.#file = openSync(this.path, 'w+', 0o600);
    const header = Buffer.alloc(headerBytes);
    for (const [index, word] of [magic, formatVersion, headerBytes, machine, 0, process.pid].entries())
      header.writeUInt32LE(word, index * 4);
    header.writeBigUInt64LE(parts.now(), 24);
    writeSync(this.#file, header);
    parts.map(this.#file);
  }

  /** Adds a record for each function. A version that was moved is new code. */
  placed({ tier, functions, lines, read }: PlacedCode): void {
    for (const one of functions) {
      this.#writeLines(one.address, lines(one));
      const name = Buffer.from(`${shownName(one.name, tier)}\0`);
      const code = read(one);
      const fixed = Buffer.alloc(prefixBytes + loadBytes);
      this.#prefix(fixed, record.load, fixed.length + name.length + code.length);
      fixed.writeUInt32LE(process.pid, 16);
      fixed.writeUInt32LE(process.pid, 20);
      fixed.writeBigUInt64LE(BigInt(one.address), 24);
      fixed.writeBigUInt64LE(BigInt(one.address), 32);
      fixed.writeBigUInt64LE(BigInt(code.length), 40);
      fixed.writeBigUInt64LE(this.#index, 48);
      this.#index += 1n;
      writeSync(this.#file, Buffer.concat([fixed, name, code]));
    }
  }

  /** The lines of the function whose record follows. */
  #writeLines(start: number, lines: readonly SourceLine[]): void {
    if (lines.length === 0) return;
    const entries = lines.map(({ offset, file, line }) => {
      const entry = Buffer.alloc(lineBytes);
      entry.writeBigUInt64LE(BigInt(start + offset), 0);
      entry.writeUInt32LE(line, 8);
      return Buffer.concat([entry, Buffer.from(`${file}\0`)]);
    });
    const fixed = Buffer.alloc(prefixBytes + linesBytes);
    const size = entries.reduce((sum, { length }) => sum + length, fixed.length);
    this.#prefix(fixed, record.debugInfo, size);
    fixed.writeBigUInt64LE(BigInt(start), prefixBytes);
    fixed.writeBigUInt64LE(BigInt(lines.length), prefixBytes + 8);
    writeSync(this.#file, Buffer.concat([fixed, ...entries]));
  }

  /** Nothing: by its time, a sample is given to the last code that came to lie there. */
  freed(): void {
    return;
  }

  /** Ends the file. */
  close(): void {
    const end = Buffer.alloc(prefixBytes);
    this.#prefix(end, record.close, prefixBytes);
    writeSync(this.#file, end);
    closeSync(this.#file);
  }

  #prefix(buffer: Buffer, kind: number, bytes: number): void {
    buffer.writeUInt32LE(kind, 0);
    buffer.writeUInt32LE(bytes, 4);
    buffer.writeBigUInt64LE(this.#parts.now(), 8);
  }
}
