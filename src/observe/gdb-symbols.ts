/**
 * Tells gdb (and lldb) of functions by name and tier, how to unwind them, and their source lines.
 *
 * What a debugger does for a registration grows with the number of registered files, so that one for each version makes all
 * of them quadratic. Here files are joined as they come: two of the same size become one, up to a limit. So there are
 * about one for each 256 versions, and each version is written at most nine times. Of freed code the names stay until half of a
 * file is gone, or other code comes to lie there.
 */
import { RangeTree } from '../core/range-tree.js';
import { type CodeObserver, type PlacedCode, shownName } from './placed-code.js';
import { type CodePiece, symbolFile } from './symbol-file.js';
import { unwindTable } from './unwind-tables.js';

/** Pieces of code in a file at most. */
const mostTogether = 256;

/** How files are told to debuggers. */
export interface GdbRegistrar<Registration> {
  readonly register: (file: Uint8Array) => Registration;
  readonly unregister: (registration: Registration) => void;
}

interface SymbolFile<Registration> {
  readonly pieces: Set<CodePiece>;
  /** Those of them that were freed since. */
  readonly freed: Set<CodePiece>;
  readonly registration: Registration;
}

interface Known<Registration> {
  readonly piece: CodePiece;
  readonly file: SymbolFile<Registration>;
}

/** Keeps debuggers up to date about one engine. */
export class GdbSymbols<Registration> implements CodeObserver {
  readonly #registrar: GdbRegistrar<Registration>;
  readonly #files = new Set<SymbolFile<Registration>>();
  /** By where it lies, also what was freed and still has names. */
  readonly #known = new RangeTree<Known<Registration>>();

  /** @param registrar - Reaches debuggers. */
  constructor(registrar: GdbRegistrar<Registration>) {
    this.#registrar = registrar;
  }

  /** Makes it known. */
  placed(code: PlacedCode): void {
    const piece = pieceOf(code);
    if (piece.bytes === 0) return;
    const end = piece.address + piece.bytes;
    for (;;) {
      const range = this.#known.floor(end - 1);
      if (range === undefined || range.end <= piece.address) break;
      // What is still known here was freed.
      const { file, piece: old } = range.value;
      file.freed.add(old);
      this.#register(this.#withdraw(file));
    }
    const pieces = new Set([piece]);
    for (const file of [...this.#files].sort((one, other) => one.pieces.size - other.pieces.size)) {
      if (file.pieces.size > pieces.size || file.pieces.size + pieces.size > mostTogether) break;
      for (const one of this.#withdraw(file)) pieces.add(one);
    }
    this.#register(pieces);
  }

  /** Forgets it, sooner or later. */
  freed(address: number): void {
    const range = this.#known.floor(address);
    if (range?.value.piece.address !== address) return;
    const { file, piece } = range.value;
    file.freed.add(piece);
    if (file.freed.size * 2 >= file.pieces.size) this.#register(this.#withdraw(file));
  }

  /** Forgets all. */
  close(): void {
    for (const file of [...this.#files]) this.#withdraw(file);
  }

  #register(pieces: Set<CodePiece>): void {
    if (pieces.size === 0) return;
    const registration = this.#registrar.register(symbolFile([...pieces]));
    const file = { pieces, freed: new Set<CodePiece>(), registration };
    this.#files.add(file);
    for (const piece of pieces) this.#known.add(piece.address, piece.address + piece.bytes, { piece, file });
  }

  /** Unregisters a file. @returns What of it is still there */
  #withdraw(file: SymbolFile<Registration>): Set<CodePiece> {
    const { pieces, freed, registration } = file;
    this.#registrar.unregister(registration);
    this.#files.delete(file);
    for (const { address } of pieces) this.#known.remove(address);
    return new Set([...pieces].filter((piece) => !freed.has(piece)));
  }
}

/** What is kept of code: it may be written again when its version is long gone. */
function pieceOf({ address, tier, functions, lines, frames }: PlacedCode): CodePiece {
  const last = functions.at(-1);
  const end = last === undefined ? address : last.address + last.bytes;
  return {
    address,
    bytes: end - address,
    functions: functions.map((one) => ({
      name: shownName(one.name, tier),
      address: one.address,
      bytes: one.bytes,
      lines: lines(one),
    })),
    frames: frames && unwindTable(frames.address, frames.bytes),
  };
}
