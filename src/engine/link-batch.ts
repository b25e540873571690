/**
 * Versions that come into use together: of modules that are linked for the first time, or of a group that is
 * recompiled. Each waits until all are compiled, then all are placed, linked and published in one go, or none is (I8).
 */
import { present } from '../core/assert.js';
import type { Clock } from '../core/clock.js';
import type { SectionMemory } from '../memory/section-memory.js';
import { Transaction } from '../memory/transaction.js';
import type { CodeCache } from './code-cache.js';
import type { Publication, Publisher } from './publisher.js';
import { type SlotParts, takeSlots } from './slots.js';
import type { LinkedData, Unit } from './unit.js';
import type { CompiledUnit } from './unit-compiler.js';
import type { UnitLinker } from './unit-linker.js';

/** What a batch works with. */
export interface LinkBatchParts extends SlotParts {
  readonly linker: UnitLinker;
  readonly memory: SectionMemory;
  readonly publisher: Publisher;
  readonly codeCache: CodeCache;
  readonly clock: Clock;
  /**
   * Runs `commit` at a moment at which it may publish; by default at once.
   *
   * @throws TierlinkError GROUP_NOT_QUIESCENT (as a rejection); `commit` was not run then.
   */
  readonly whenQuiescent?: ((commit: () => void) => Promise<void>) | undefined;
  /** The last thing that may fail: all is linked, nothing is in use yet. */
  readonly beforePublish?: ((linked: readonly Linked[]) => void) | undefined;
}

/** A member that is linked and not published yet. */
export interface Linked extends Publication {
  /** Its variables, when they were linked too. */
  readonly data: LinkedData | undefined;
}

/** One batch; used once. */
export class LinkBatch {
  readonly #parts: LinkBatchParts;
  readonly #units: ReadonlySet<Unit>;
  readonly #arrived = new Map<Unit, CompiledUnit>();
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
    this.#units = new Set(units);
    this.#slots = new Transaction(parts.memory);
    this.#done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // A failure reaches whoever joined; when nobody has, it was reported by then.
    this.#done.catch(() => undefined);
    try {
      for (const unit of units) if (unit.version === undefined) takeSlots(parts, this.#slots, unit);
    } catch (error) {
      this.#slots.abort();
      throw error;
    }
  }

  /** True if the unit is linked with this batch. */
  has(unit: Unit): boolean {
    return this.#units.has(unit);
  }

  /**
   * Brings a member's objects, or the failure to make them; settles when the whole batch has.
   *
   * @param compiling - The member's compile.
   * @throws whatever failed first, for every member (as a rejection)
   */
  async join(compiling: Promise<CompiledUnit>): Promise<void> {
    try {
      const compiled = await compiling;
      this.#arrived.set(compiled.unit, compiled);
      if (this.#arrived.size === this.#units.size) {
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
    const members = Array.from(this.#units, (unit) =>
      present(this.#arrived.get(unit), 'all members have arrived'),
    );
    const codeBytes = members.reduce((sum, { code }) => sum + code.blocks.code.size, 0);
    codeCache.makeRoom(codeBytes, members.map(({ unit }) => unit.module.name).join(', '));
    const transaction = new Transaction(memory);
    let linked: readonly Linked[];
    try {
      linked = this.#link(transaction, members);
      this.#parts.beforePublish?.(linked);
    } catch (error) {
      transaction.abort();
      throw error;
    } finally {
      linker.expectNothing();
    }
    transaction.commit();
    this.#slots.commit();
    for (const { unit, data } of linked) if (data !== undefined) unit.data = [...unit.data, data];
    publisher.publish(linked);
  }

  #link(transaction: Transaction, members: readonly CompiledUnit[]): Linked[] {
    const { linker, clock } = this.#parts;
    const placed = members.map((member) => {
      const { unit } = member;
      const data = member.data === undefined ? undefined : linker.place(transaction, member.data);
      const code = linker.place(transaction, member.code);
      if (unit.version === undefined || data !== undefined)
        linker.locate(transaction, unit.module, data ?? code);
      linker.expect(unit, { symbols: code.prepared.symbols, placement: code.placement });
      return { member, data, code };
    });
    return placed.map(({ member, data, code }) => {
      const begin = clock.now();
      const { unit } = member;
      const images = linker.link(transaction, unit, ...(data === undefined ? [] : [data]), code);
      const image = present(images.at(-1), 'code that was placed is linked');
      const variables = data && { image: present(images[0], 'variables come first'), blocks: data.blocks };
      const whole = unit.module.canonical.kind === 'object' ? { image, blocks: [] } : undefined;
      const linkUs = (clock.now() - begin) / 1e3;
      const version = linker.version(unit.module, image, code, { ...member, linkUs });
      return { unit, version, data: variables ?? whole };
    });
  }
}
