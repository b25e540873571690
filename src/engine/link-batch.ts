/**
 * Versions that come into use together: of modules that are linked for the first time, or of a group that is
 * recompiled. Each waits until all are compiled, then all are placed, linked and published in one go, or none is (I8).
 */
import type { Clock } from '../core/clock.js';
import type { SlotIndex } from '../core/ids.js';
import type { LinkedImage } from '../link/image.js';
import type { MemoryManager } from '../memory/memory-manager.js';
import { Transaction } from '../memory/transaction.js';
import type { Registry } from '../registry/registry.js';
import type { SymbolTable } from '../registry/symbol-table.js';
import type { OffsetTable } from '../../stubs/offset-table.js';
import type { CodeCache } from './code-cache.js';
import type { Publication, Publisher } from './publisher.js';
import type { SymbolChain } from './symbol-chain.js';
import type { Unit } from './unit.js';
import type { CompiledUnit } from './unit-compiler.js';
import type { UnitLinker } from './unit-linker.js';

/** What a batch works with. */
export interface LinkBatchParts {
  readonly linker: UnitLinker;
  readonly memory: MemoryManager;
  readonly publisher: Publisher;
  readonly symbols: SymbolTable;
  readonly chain: SymbolChain;
  readonly table: OffsetTable;
  readonly registry: Registry;
  readonly codeCache: CodeCache;
  readonly clock: Clock;
  /**
   * Runs `commit` at a moment at which it may publish; by default at once.
   *
   * @throws TierlinkError GROUP_NOT_QUIESCENT (as a rejection); `commit` was not run then.
   */
  readonly whenQuiescent?: ((commit: () => void) => Promise<void>) | undefined;
}

interface Linked extends Publication {
  readonly data: LinkedImage | undefined;
}

/** One batch; used once. */
export class LinkBatch {
  readonly #parts: LinkBatchParts;
  readonly #units: readonly Unit[];
  readonly #arrived: CompiledUnit[] = [];
  /** Slots of units that had none; kept or given back with the whole batch. */
  readonly #slots: Transaction;
  readonly #done: Promise<void>;
  #resolve: () => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;

  /**
   * Takes slots for all functions of units that have none yet, so that they can refer to each other.
   *
   * @param units - The units.
   * @param parts - Linker, memory, tables.
   * @throws TierlinkError MEMORY_EXHAUSTED, RESOLVER_FAILED
   */
  constructor(units: readonly Unit[], parts: LinkBatchParts) {
    this.#parts = parts;
    this.#units = units;
    this.#slots = new Transaction(parts.memory);
    this.#done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // A failure reaches whoever joined; when nobody has, it was reported by then.
    this.#done.catch(() => undefined);
    try {
      for (const unit of units) if (unit.version === undefined) this.#takeSlots(unit);
    } catch (error) {
      this.#slots.abort();
      throw error;
    }
  }

  /** True if the unit is linked with this batch. */
  has(unit: Unit): boolean {
    return this.#units.includes(unit);
  }

  /**
   * Brings a member's objects, or the failure to make them; settles when the whole batch has.
   *
   * @param compiling - The member's compile.
   * @throws whatever failed first, for every member (as a rejection)
   */
  async join(compiling: Promise<CompiledUnit>): Promise<void> {
    try {
      this.#arrived.push(await compiling);
      if (this.#arrived.length === this.#units.length) {
        const linkAll = (): void => {
          this.#linkAll();
        };
        if (this.#parts.whenQuiescent === undefined) linkAll();
        else await this.#parts.whenQuiescent(linkAll);
        this.#resolve();
      }
    } catch (error) {
      this.#slots.abort();
      this.#reject(error);
    }
    await this.#done;
  }

  /** Synchronous: nothing else runs between the first block taken and the last slot stored. */
  #linkAll(): void {
    const { linker, publisher, codeCache, memory } = this.#parts;
    // In the order they were added, so that addresses don't depend on which compile was faster.
    const members = this.#units.flatMap((unit) => this.#arrived.filter((member) => member.unit === unit));
    const codeBytes = members.reduce((sum, { code }) => sum + code.blocks.code.size, 0);
    codeCache.makeRoom(codeBytes, members.map(({ unit }) => unit.module.name).join(', '));
    const transaction = new Transaction(memory);
    let linked: readonly Linked[];
    try {
      linked = this.#link(transaction, members);
    } catch (error) {
      transaction.abort();
      throw error;
    } finally {
      linker.expectNothing();
    }
    transaction.commit();
    this.#slots.commit();
    for (const { unit, data } of linked) unit.data ??= data;
    publisher.publish(linked);
  }

  #link(transaction: Transaction, members: readonly CompiledUnit[]): Linked[] {
    const { linker, clock } = this.#parts;
    const placed = members.map((member) => {
      const { unit } = member;
      const data = member.data === undefined ? undefined : linker.place(transaction, member.data);
      const code = linker.place(transaction, member.code);
      if (unit.version === undefined) linker.locate(transaction, unit.module, data ?? code);
      linker.expect(unit, { symbols: code.prepared.symbols, placement: code.placement });
      return { member, data, code };
    });
    return placed.map(({ member, data, code }) => {
      const begin = clock.now();
      const { unit } = member;
      const variables = data === undefined ? undefined : linker.link(transaction, unit, data);
      const image = linker.link(transaction, unit, code);
      const linkUs = (clock.now() - begin) / 1e3;
      const version = linker.version(unit.module, image, code, { ...member, linkUs });
      return { unit, version, data: variables ?? image };
    });
  }

  #takeSlots(unit: Unit): void {
    const { symbols, chain, table, registry } = this.#parts;
    const slots = new Map<string, SlotIndex>();
    for (const definition of unit.module.definitions) {
      const chosen = symbols.lookup(definition.name) === definition;
      if (definition.kind !== 'function' || definition.alias !== undefined || !chosen) continue;
      // A body that is not needed is not reached, so a definition that comes later is not too late.
      if (definition.binding === 'fallback' && !chain.needs(definition)) continue;
      const slot = table.allocate();
      definition.slot = slot;
      slots.set(definition.name, slot);
      registry.own(slot, unit.id);
      this.#slots.onAbort(() => {
        definition.slot = undefined;
        registry.disown(slot);
        table.release(slot);
      });
    }
    unit.slots = slots;
  }
}
