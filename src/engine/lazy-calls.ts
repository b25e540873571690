/**
 * Answers first calls of functions that are not compiled yet. The thread that calls waits in the lazy entry
 * (stubs/lazy-entries.ts) until the slot leads to code, or is told why it can't.
 */
import { TierlinkError } from '../core/errors.js';
import { address, type SlotIndex } from '../core/ids.js';
import type { Handle, NativeAddon } from '../native/contract.js';
import type { LazyEntries } from '../../stubs/lazy-entries.js';
import type { OffsetTable } from '../../stubs/offset-table.js';
import type { LoadedModule, Unit } from './loaded-module.js';
import type { TierController } from './tier-controller.js';
import { firstCall } from './unit-builder.js';

/** Nobody knows whose code the call is in. */
const caller = 'compiled code';

/** What it works with. */
export interface LazyCallsParts {
  readonly addon: NativeAddon;
  readonly engine: Handle;
  readonly table: OffsetTable;
  readonly lazyEntries: LazyEntries;
  readonly controller: TierController;
  readonly modules: ReadonlyMap<string, LoadedModule>;
  /** Compiles all functions of a module that are not compiled yet. */
  readonly complete: (home: LoadedModule) => Promise<void>;
}

/** First calls of one engine. */
export class LazyCalls {
  readonly #parts: LazyCallsParts;

  /** @param parts - Tables, and who compiles. */
  constructor(parts: LazyCallsParts) {
    this.#parts = parts;
  }

  /** Takes what threads ask for. */
  take(): void {
    const { addon, engine } = this.#parts;
    for (const cell of new Set(addon.engineTakeLazyRequests(engine))) {
      const answered = cell === 0n ? this.#completeAll() : this.#answer(cell);
      void answered.catch((error: unknown) => {
        this.#fail(cell, error);
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
    const slot = this.#slotAt(cell);
    if (this.#isSettled(slot)) return;
    this.#parts.controller.compileNow(this.#unitAt(slot));
    this.#settle();
  }

  async #answer(cell: bigint): Promise<void> {
    const { controller } = this.#parts;
    const slot = this.#slotAt(cell);
    // A compile may come to nothing, when the module gets new source meanwhile.
    while (!this.#isSettled(slot)) {
      const unit = this.#unitAt(slot);
      if (unit.work === undefined) {
        controller.takeFailure(unit);
        controller.step(unit, { type: 'request', target: 0, reason: firstCall, forced: true });
      }
      await unit.work;
      const failure = controller.takeFailure(unit);
      if (failure !== undefined) throw failure;
    }
    this.#settle();
  }

  /** A thread is about to fork: nobody will compile for the child. */
  async #completeAll(): Promise<void> {
    const { modules, complete } = this.#parts;
    const homes = [...modules.values()].filter(
      ({ isLinked, unitKind }) => isLinked && unitKind === 'function',
    );
    await Promise.all(homes.map(complete));
    this.#settle();
  }

  #slotAt(cell: bigint): SlotIndex {
    const slot = this.#parts.table.indexOfSlot(address(Number(cell)));
    if (slot === undefined)
      throw new TierlinkError('FUNCTION_REMOVED', { symbol: caller, reason: 'its slot is gone' });
    return slot;
  }

  #unitAt(slot: SlotIndex): Unit {
    const unit = this.#parts.controller.unitAt(slot);
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
    this.#parts.addon.engineLazySettled(this.#parts.engine);
  }

  #fail(cell: bigint, error: unknown): void {
    const { addon, engine } = this.#parts;
    const known = error instanceof TierlinkError ? error : undefined;
    const message = error instanceof Error ? error.message : String(error);
    addon.engineLazyFailed(engine, cell, known?.code ?? 'COMPILE_FAILED', message);
  }
}
