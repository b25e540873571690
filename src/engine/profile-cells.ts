/**
 * Room for what instrumented code counts. The cells of a function belong to its module's source, not to a version: all
 * versions count in the same ones, wherever they lie, and one that is reclaimed leaves its counts. They go when the
 * source is gone and no version is left that may still write to them.
 */
import type { MemoryBlock } from '../memory/block.js';
import type { SectionMemory } from '../memory/section-memory.js';
import type { Transaction } from '../memory/transaction.js';
import { cellsBytes, type CellsShape, cellsShape } from '../profile/cells.js';
import type { ModuleRecord } from '../registry/records.js';

/** The cells of one function. */
export interface FunctionCells {
  readonly shape: CellsShape;
  readonly block: MemoryBlock;
  /** Versions, retired ones included, whose code writes to them. */
  users: number;
  /** False once the source is gone. */
  isKept: boolean;
}

/** The cells of one engine. */
export class ProfileCells {
  readonly #memory: Pick<SectionMemory, 'release'>;
  /** By source, then by the symbol that names them. */
  readonly #cells = new Map<ModuleRecord, Map<string, FunctionCells>>();
  #bytes = 0;

  /** @param memory - What they are given back to. */
  constructor(memory: Pick<SectionMemory, 'release'>) {
    this.#memory = memory;
  }

  /** Bytes that they take, those of sources that are gone included. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * The cells that a symbol names; made when it is first linked.
   *
   * @param record - The module that is linked.
   * @param symbol - The symbol.
   * @param transaction - What takes them back if something fails later.
   * @returns The cells; undefined if the symbol names none.
   * @throws TierlinkError MEMORY_EXHAUSTED, MEMORY_MANAGER_INVALID
   */
  named(record: ModuleRecord, symbol: string, transaction: Transaction): FunctionCells | undefined {
    const known = this.#cells.get(record)?.get(symbol);
    if (known !== undefined) return known;
    const shape = cellsShape(symbol);
    if (shape === undefined) return undefined;
    const size = Math.max(8, cellsBytes(shape));
    const block = transaction.allocate('data', size, 8, record.name);
    const cells: FunctionCells = { shape, block, users: 0, isKept: true };
    const ofRecord = this.#cells.get(record) ?? new Map<string, FunctionCells>();
    this.#cells.set(record, ofRecord.set(symbol, cells));
    this.#bytes += size;
    transaction.onAbort(() => {
      ofRecord.delete(symbol);
      this.#bytes -= size;
    });
    return cells;
  }

  /** Those of the symbols that name cells that were linked. */
  of(record: ModuleRecord, symbols: Iterable<string>): FunctionCells[] {
    const known = this.#cells.get(record);
    if (known === undefined) return [];
    return Array.from(symbols, (symbol) => known.get(symbol)).filter((cells) => cells !== undefined);
  }

  /** A version that writes to them came into use. */
  retain(cells: readonly FunctionCells[]): void {
    for (const each of cells) each.users += 1;
  }

  /** A version that wrote to them is reclaimed. */
  release(cells: readonly FunctionCells[]): void {
    for (const each of cells) {
      each.users -= 1;
      this.#freeUnused(each);
    }
  }

  /** A source is gone: nobody asks for its counts any more. */
  drop(record: ModuleRecord): void {
    const dropped = this.#cells.get(record) ?? new Map<string, FunctionCells>();
    this.#cells.delete(record);
    for (const cells of dropped.values()) {
      cells.isKept = false;
      this.#freeUnused(cells);
    }
  }

  /** The cells of a source, by symbol. */
  ofSource(record: ModuleRecord): Iterable<FunctionCells> {
    return this.#cells.get(record)?.values() ?? [];
  }

  /** The cells of one function, of any hash. */
  ofFunction(record: ModuleRecord, symbol: string): FunctionCells[] {
    return [...this.ofSource(record)].filter(({ shape }) => shape.symbol === symbol);
  }

  /** All sources that have cells. */
  sources(): Iterable<ModuleRecord> {
    return this.#cells.keys();
  }

  #freeUnused(cells: FunctionCells): void {
    if (cells.isKept || cells.users > 0) return;
    this.#bytes -= cells.block.size;
    this.#memory.release(cells.block);
  }
}
