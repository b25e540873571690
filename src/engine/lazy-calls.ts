/**
 * Answers first calls of functions that are not compiled yet. The thread that calls waits in the lazy entry
 * (stubs/lazy-entries.ts) until the slot leads to code, or is told why it can't.
 */
import { isCancelled, TierlinkError } from '../core/errors.js';
import { address, type SlotIndex } from '../core/ids.js';
import type { Handle, NativeAddon } from '../native/contract.js';
import type { LazyEntries } from '../../stubs/lazy-entries.js';
import type { OffsetTable } from '../../stubs/offset-table.js';
import { allUnits, type LoadedModule, type Unit } from './loaded-module.js';
import type { Publisher } from './publisher.js';
import type { Lifecycles } from './lifecycles.js';
import type { LookAhead } from './look-ahead.js';
import type { Neighbours } from './neighbours.js';
import { firstCall } from './unit-builder.js';

/** The program can't go on without. */
const waitedFor = { kind: 'lazy' } as const;

/** Nobody knows whose code the call is in. */
const caller = 'compiled code';

/** What it works with. */
export interface LazyCallsParts {
  readonly addon: NativeAddon;
  readonly engine: Handle;
  readonly table: OffsetTable;
  readonly lazyEntries: LazyEntries;
  readonly lifecycles: Lifecycles;
  readonly publisher: Pick<Publisher, 'uncompiled'>;
  readonly lookAhead: Pick<LookAhead, 'together'>;
  readonly neighbours: Pick<Neighbours, 'missed'>;
  readonly modules: ReadonlyMap<string, LoadedModule>;
}

/** First calls of one engine. */
export class LazyCalls {
  readonly #parts: LazyCallsParts;
  /** Slots whose functions are being compiled for threads: these ask again whenever they are woken. */
  readonly #answering = new Set<bigint>();

  /** @param parts - Tables, and who compiles. */
  constructor(parts: LazyCallsParts) {
    this.#parts = parts;
  }

  /** Takes what threads ask for. */
  take(): void {
    const { addon, engine } = this.#parts;
    for (const cell of addon.engineTakeLazyRequests(engine)) {
      if (this.#answering.has(cell)) continue;
      this.#answering.add(cell);
      void this.#answer(cell)
        .catch((error: unknown) => {
          this.#fail(cell, error);
        })
        .finally(() => {
          this.#answering.delete(cell);
        });
    }
  }

  /**
   * Compiles the function of a slot before it returns: its caller is this thread.
   *
   * @param cell - Address of the slot.
   * @throws TierlinkError FUNCTION_REMOVED, COMPILE_FAILED, COMPILE_CRASHED, CODE_CACHE_FULL and the linker's codes
   */
  now(cell: bigint): void {
    if (cell === 0n) {
      this.#completeAll();
      return;
    }
    const slot = this.#slotAt(cell);
    if (this.#isSettled(slot)) return;
    const unit = this.#unitAt(slot);
    const { lifecycles, lookAhead } = this.#parts;
    // What is being compiled elsewhere can't be waited for, and is compiled here, too.
    const units = unit.work === undefined ? lookAhead.together(unit) : [unit];
    try {
      lifecycles.compileNow(unit.home, units);
    } catch (error) {
      if (units.length === 1) throw error;
      // It may be about another function.
      lifecycles.compileNow(unit.home, [unit]);
    }
    this.#settle();
  }

  /** After lazy entries were stored: a fork has to know that there are some. */
  began(): void {
    this.#settle();
  }

  async #answer(cell: bigint): Promise<void> {
    const { lifecycles, lookAhead, neighbours } = this.#parts;
    if (cell === 0n) {
      this.#completeAll();
      return;
    }
    const slot = this.#slotAt(cell);
    // A compile may come to nothing, when the module gets new source meanwhile.
    while (!this.#isSettled(slot)) {
      const unit = this.#unitAt(slot);
      const isOwn = unit.work === undefined;
      let isAlone = true;
      if (isOwn) {
        lifecycles.takeFailure(unit);
        const units = lookAhead.together(unit);
        lifecycles.ask(units, 0, { reason: firstCall, forced: true, priority: waitedFor });
        isAlone = units.length === 1;
        if (isAlone) neighbours.missed(unit);
      }
      unit.ticket?.raise(waitedFor);
      await unit.work;
      const failure = lifecycles.takeFailure(unit);
      // What was compiled ahead may have been dropped before this call came; and what failed may be another function.
      if (failure !== undefined && isAlone && (isOwn || !isCancelled(failure))) throw failure;
    }
    this.#settle();
  }

  /** A thread is about to fork: nobody will compile for the child. */
  #completeAll(): void {
    const { modules, lifecycles } = this.#parts;
    for (const home of modules.values()) {
      if (!home.isLinked || home.unitKind === 'module') continue;
      const units = allUnits(home).filter(({ version }) => version === undefined);
      if (units.length > 0) lifecycles.compileNow(home, units);
    }
    this.#settle();
  }

  #slotAt(cell: bigint): SlotIndex {
    const slot = this.#parts.table.indexOfSlot(address(Number(cell)));
    if (slot === undefined)
      throw new TierlinkError('FUNCTION_REMOVED', { symbol: caller, reason: 'its slot is gone' });
    return slot;
  }

  #unitAt(slot: SlotIndex): Unit {
    const unit = this.#parts.lifecycles.unitAt(slot);
    if (unit === undefined)
      throw new TierlinkError('FUNCTION_REMOVED', {
        symbol: caller,
        reason: 'its module was removed before it was compiled',
      });
    return unit;
  }

  #isSettled(slot: SlotIndex): boolean {
    const { table, lazyEntries } = this.#parts;
    return table.current(slot) !== lazyEntries.entry(slot);
  }

  #settle(): void {
    const { addon, engine, publisher } = this.#parts;
    addon.engineLazySettled(engine, publisher.uncompiled > 0);
  }

  #fail(cell: bigint, cause: unknown): void {
    const { addon, engine } = this.#parts;
    const { code, message, details } = errorOf(cause);
    addon.engineLazyFailed(engine, cell, code, message, JSON.stringify(details));
  }
}

function errorOf(cause: unknown): TierlinkError {
  // Safe because the engine's errors are all of the table's codes.
  if (cause instanceof TierlinkError) return cause as TierlinkError;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new TierlinkError('COMPILE_FAILED', { module: '', tier: '', reason }, { cause });
}
