/**
 * Modules that are linked for the first time, together: each waits until all are compiled, then all are placed,
 * linked and published in one go, or none is (I8).
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
import type { Publisher } from './publisher.js';
import type { LinkedVersion, Unit } from './unit.js';
import type { CompiledUnit } from './unit-compiler.js';
import type { UnitLinker } from './unit-linker.js';

/** What a batch works with. */
export interface LinkBatchParts {
  readonly linker: UnitLinker;
  readonly memory: MemoryManager;
  readonly publisher: Publisher;
  readonly symbols: SymbolTable;
  readonly table: OffsetTable;
  readonly registry: Registry;
  readonly codeCache: CodeCache;
  readonly clock: Clock;
}

/** One batch; used once. */
export class LinkBatch {
  readonly #parts: LinkBatchParts;
  readonly #units: readonly Unit[];
  readonly #arrived: CompiledUnit[] = [];
  readonly #transaction: Transaction;
  readonly #done: Promise<void>;
  #resolve: () => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;

  /**
   * Takes slots for all functions of the units, so that they can refer to each other.
   *
   * @param units - Units without a version.
   * @param parts - Linker, memory, tables.
   * @throws TierlinkError MEMORY_EXHAUSTED
   */
  constructor(units: readonly Unit[], parts: LinkBatchParts) {
    this.#parts = parts;
    this.#units = units;
    this.#transaction = new Transaction(parts.memory);
    this.#done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // A failure reaches whoever joined; when nobody has, it was reported by then.
    this.#done.catch(() => undefined);
    try {
      for (const unit of units) this.#takeSlots(unit);
    } catch (error) {
      this.#transaction.abort();
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
        try {
          this.#linkAll();
        } finally {
          this.#parts.linker.expectNothing();
        }
        this.#resolve();
      }
    } catch (error) {
      this.#transaction.abort();
      this.#reject(error);
    }
    await this.#done;
  }

  /** Synchronous: nothing else runs between the first block taken and the last slot stored. */
  #linkAll(): void {
    const { linker, publisher, codeCache, clock } = this.#parts;
    // In the order they were added, so that addresses don't depend on which compile was faster.
    const members = this.#units.flatMap((unit) => this.#arrived.filter((member) => member.unit === unit));
    const codeBytes = members.reduce((sum, { code }) => sum + code.blocks.code.size, 0);
    codeCache.makeRoom(codeBytes, members.map(({ unit }) => unit.module.name).join(', '));
    const placed = members.map((member) => {
      const data = member.data === undefined ? undefined : linker.place(this.#transaction, member.data);
      const code = linker.place(this.#transaction, member.code);
      linker.locate(this.#transaction, member.unit.module, data ?? code);
      linker.expect(member.unit, { symbols: code.prepared.symbols, placement: code.placement });
      return { member, data, code };
    });
    const linked: {
      readonly unit: Unit;
      readonly version: LinkedVersion;
      readonly data: LinkedImage | undefined;
    }[] = [];
    for (const { member, data, code } of placed) {
      const begin = clock.now();
      const { unit } = member;
      const variables = data === undefined ? undefined : linker.link(this.#transaction, unit, data);
      const image = linker.link(this.#transaction, unit, code);
      const linkUs = (clock.now() - begin) / 1e3;
      const version = linker.version(unit.module, image, code, { ...member, linkUs });
      linked.push({ unit, version, data: variables ?? (data === undefined ? image : undefined) });
    }
    this.#transaction.commit();
    for (const { unit, data } of linked) unit.data = data;
    publisher.publish(linked);
  }

  #takeSlots(unit: Unit): void {
    const { symbols, table, registry } = this.#parts;
    const slots = new Map<string, SlotIndex>();
    for (const definition of unit.module.definitions) {
      const chosen = symbols.lookup(definition.name) === definition;
      if (definition.kind !== 'function' || definition.alias !== undefined || !chosen) continue;
      const slot = table.allocate();
      definition.slot = slot;
      slots.set(definition.name, slot);
      registry.own(slot, unit.id);
      this.#transaction.onAbort(() => {
        definition.slot = undefined;
        registry.disown(slot);
        table.release(slot);
      });
    }
    unit.slots = slots;
  }
}
