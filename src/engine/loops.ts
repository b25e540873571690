/**
 * Loops that running code can leave for a continuation. A loop is one place of one function at one tier, in one source
 * of its module: all versions that poll there share its cell, wherever they lie and whether they are retired or not.
 */
import { assert, present } from '../core/assert.js';
import type { Address, LoopCell } from '../core/ids.js';
import type { Transaction } from '../memory/transaction.js';
import type { ModuleRecord } from '../registry/records.js';
import type { LoopCells } from '../../stubs/loop-cells.js';
import type { LinkedVersion, LoadedModule, Loop } from './loaded-module.js';

/** What the names of cells begin with; loop, depth, signature, tier and function follow. */
export const loopCellPrefix = '__tierlink_loop.';

/** What the names of continuations begin with; loop and function follow. */
const continuationPrefix = '__tierlink_continuation.';

/**
 * The function that an entry of code belongs to.
 *
 * @param symbol - Name of the entry: the function's, or that of one of its continuations.
 * @returns The function's name.
 */
export function functionOfEntry(symbol: string): string {
  if (!symbol.startsWith(continuationPrefix)) return symbol;
  return symbol.slice(symbol.indexOf('.', continuationPrefix.length) + 1);
}

/** What loops are kept in. */
export interface LoopTableParts {
  readonly cells: LoopCells;
  /** By name. */
  readonly modules: ReadonlyMap<string, LoadedModule>;
}

/** The loops of one engine. */
export class LoopTable {
  readonly #parts: LoopTableParts;
  readonly #ofRecord = new WeakMap<ModuleRecord, Map<string, Loop>>();
  readonly #ofCell = new Map<LoopCell, Loop>();
  /** The source whose loops were not closed. */
  readonly #open = new WeakMap<LoadedModule, ModuleRecord | undefined>();

  /** @param parts - Cells and modules. */
  constructor(parts: LoopTableParts) {
    this.#parts = parts;
  }

  /**
   * The cell of a loop, for code that is being linked; made when the first code refers to it.
   *
   * @param module - Name of the module.
   * @param symbol - Name of the cell.
   * @param transaction - What takes the cell back if something fails later.
   * @returns Its address; undefined if the name is none.
   * @throws TierlinkError MEMORY_EXHAUSTED
   */
  cellOf(module: string, symbol: string, transaction: Transaction): Address | undefined {
    const { cells, modules } = this.#parts;
    const home = present(modules.get(module), 'what is linked belongs to a module');
    const loops = this.#loopsOf(home.record);
    const known = loops.get(symbol);
    if (known !== undefined) return cells.addressOf(known.cell);
    const place = parse(symbol);
    if (place === undefined) return undefined;
    const cell = cells.allocate();
    const state = { users: 0, isClosed: false, continuation: undefined };
    const loop: Loop = { ...place, home, record: home.record, cell, ...state };
    loops.set(symbol, loop);
    this.#ofCell.set(cell, loop);
    home.loops.add(loop);
    transaction.onAbort(() => {
      this.#forget(loop);
    });
    return cells.addressOf(cell);
  }

  /** The loops whose cells are among the symbols that code of a module refers to. */
  among(record: ModuleRecord, symbols: Iterable<string>): readonly Loop[] {
    const loops = this.#loopsOf(record);
    const found: Loop[] = [];
    for (const symbol of symbols) {
      const loop = symbol.startsWith(loopCellPrefix) ? loops.get(symbol) : undefined;
      if (loop !== undefined) found.push(loop);
    }
    return found;
  }

  /** The loop whose cell is at this address. */
  at(place: Address): Loop | undefined {
    const cell = this.#parts.cells.at(place);
    return cell === undefined ? undefined : this.#ofCell.get(cell);
  }

  /** Other loops of the same function, polled by the same code. */
  beside(loop: Loop): readonly Loop[] {
    const all = [...this.#loopsOf(loop.record).values()];
    return all.filter(
      (other) => other !== loop && other.function === loop.function && other.tier === loop.tier,
    );
  }

  /** A version that polls came into use; its memory holds addresses of cells until it is reclaimed. */
  retain(version: LinkedVersion): void {
    for (const loop of version.polls) loop.users += 1;
  }

  /**
   * A version is reclaimed.
   *
   * @param version - The version.
   * @returns Continuations that nothing leads to any more.
   */
  release(version: LinkedVersion): readonly LinkedVersion[] {
    const unreachable: LinkedVersion[] = [];
    for (const loop of version.polls) {
      loop.users -= 1;
      assert(loop.users >= 0, 'a version is reclaimed once');
      if (loop.users > 0) continue;
      if (loop.continuation !== undefined) unreachable.push(loop.continuation);
      loop.continuation = undefined;
      this.#forget(loop);
    }
    return unreachable;
  }

  /**
   * Loops of a module are left no more: their source is not the module's any more.
   *
   * @param home - The module.
   * @param but - The source whose loops stay; undefined: none do.
   * @returns Continuations that no code will enter any more.
   */
  close(home: LoadedModule, but: ModuleRecord | undefined): readonly LinkedVersion[] {
    const unreachable: LinkedVersion[] = [];
    if (but !== undefined && this.#open.get(home) === but) return unreachable;
    this.#open.set(home, but);
    for (const loop of home.loops) {
      if (loop.record === but) continue;
      loop.isClosed = true;
      this.#parts.cells.stay(loop.cell);
      if (loop.continuation !== undefined) unreachable.push(loop.continuation);
      loop.continuation = undefined;
    }
    return unreachable;
  }

  #loopsOf(record: ModuleRecord): Map<string, Loop> {
    const known = this.#ofRecord.get(record);
    if (known !== undefined) return known;
    const made = new Map<string, Loop>();
    this.#ofRecord.set(record, made);
    return made;
  }

  #forget(loop: Loop): void {
    const loops = this.#loopsOf(loop.record);
    for (const [symbol, known] of loops) if (known === loop) loops.delete(symbol);
    this.#ofCell.delete(loop.cell);
    loop.home.loops.delete(loop);
    loop.isClosed = true;
    this.#parts.cells.release(loop.cell);
  }
}

/** What the name of a cell says. */
function parse(symbol: string): Pick<Loop, 'id' | 'depth' | 'tier' | 'function'> | undefined {
  const match = /^(\d+)\.(\d+)\.([0-9A-F]+)\.(\w+)\.(.+)$/s.exec(symbol.slice(loopCellPrefix.length));
  if (match === null) return undefined;
  const [, loop = '', depth = '', signature = '', tier = '', name = ''] = match;
  return { id: { loop: Number(loop), signature }, depth: Number(depth), tier, function: name };
}
