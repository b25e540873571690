/**
 * Versions that come into use together: of modules that are linked for the first time, or of a group that is
 * recompiled. Each waits until all are compiled, then all are placed, linked and published in one go, or none is (I8).
 */
import { present } from '../core/assert.js';
import type { Clock } from '../core/clock.js';
import type { LinkedImage } from '../link/image.js';
import { wantedSymbols } from '../link/wanted.js';
import type { SectionMemory } from '../memory/section-memory.js';
import { Transaction } from '../memory/transaction.js';
import type { CodeCache } from './code-cache.js';
import { type ImportSources, importTries } from './import-sources.js';
import type { Publisher } from './publisher.js';
import { type LinkedData, type LinkedVersion, type LoadedModule, type Unit } from './loaded-module.js';
import { type SlotParts, takeSlots } from './slots.js';
import type { CompiledOrder, CompileOrder, UnitCompiler } from './unit-compiler.js';
import type { UnitLinker } from './unit-linker.js';

/** What a batch works with. */
export interface LinkBatchParts extends SlotParts {
  readonly unitCompiler: UnitCompiler;
  readonly sources: Pick<ImportSources, 'areCurrent'>;
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
export interface Linked {
  readonly home: LoadedModule;
  readonly units: readonly Unit[];
  /** Its code, unless none was wanted. */
  readonly version: LinkedVersion | undefined;
  /** Its variables, when they were linked too. */
  readonly data: LinkedData | undefined;
}

/** One batch; used once. */
export class LinkBatch {
  readonly #parts: LinkBatchParts;
  readonly #members: readonly CompileOrder[];
  readonly #units: ReadonlySet<Unit>;
  /** Slots of modules that had none; kept or given back with the whole batch. */
  readonly #slots: Transaction;
  readonly #done: Promise<void>;
  #resolve: () => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;

  /**
   * Takes slots for all functions of modules that have none yet, so that they can refer to each other.
   *
   * @param members - What is to be compiled, each module once.
   * @param parts - Compiler, linker, memory, tables.
   * @throws TierlinkError MEMORY_EXHAUSTED, RESOLVER_FAILED
   */
  constructor(members: readonly CompileOrder[], parts: LinkBatchParts) {
    this.#parts = parts;
    this.#members = members;
    this.#units = new Set(members.flatMap(({ units }) => units));
    this.#slots = new Transaction(parts.memory);
    this.#done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // A failure reaches whoever waits; when nobody does, it was reported by then.
    this.#done.catch(() => undefined);
    try {
      for (const { home } of members) if (!home.isLinked) takeSlots(parts, this.#slots, home);
    } catch (error) {
      this.#slots.abort();
      throw error;
    }
  }

  /** True if the unit is built with this batch. */
  has(unit: Unit): boolean {
    return this.#units.has(unit);
  }

  /** True if the module's variables come with this batch. */
  links(home: LoadedModule): boolean {
    return !home.isLinked && this.#members.some((member) => member.home === home);
  }

  /** Settles when the whole batch is published, or has failed; with whatever failed first. */
  get done(): Promise<void> {
    return this.#done;
  }

  /** Compiles all members, then links and publishes them. */
  async run(): Promise<void> {
    try {
      let isLinked = false;
      for (let tries = importTries; !isLinked; tries -= 1) isLinked = await this.#build(tries === 0);
      this.#resolve();
    } catch (error) {
      this.#slots.abort();
      this.#reject(error);
    }
  }

  /** False if modules that bodies were taken from changed meanwhile: nothing was linked then. */
  async #build(alone: boolean): Promise<boolean> {
    const { unitCompiler, sources, whenQuiescent } = this.#parts;
    // In the order they were added, so that addresses don't depend on which compile was faster.
    const compiled = await Promise.all(
      this.#members.map(async (member) => unitCompiler.compile({ ...member, alone })),
    );
    let isCurrent = false;
    const linkAll = (): void => {
      isCurrent = sources.areCurrent(compiled.flatMap(({ relies }) => relies));
      if (isCurrent) this.#linkAll(compiled);
    };
    if (whenQuiescent === undefined) linkAll();
    else await whenQuiescent(linkAll);
    return isCurrent;
  }

  /** Synchronous: nothing else runs between the first block taken and the last slot stored. */
  #linkAll(members: readonly CompiledOrder[]): void {
    const { linker, publisher, chain, codeCache, memory } = this.#parts;
    const codeBytes = members.reduce((sum, { code }) => sum + (code?.blocks.code.size ?? 0), 0);
    codeCache.makeRoom(codeBytes, members.map(({ home }) => home.record.name).join(', '));
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
    // Optimisation may have brought in new ones, such as memset.
    for (const { code } of members)
      if (code !== undefined) chain.keep(wantedSymbols(code).map(({ name }) => name));
    for (const { home, data } of linked) {
      if (data !== undefined) home.data = [...home.data, data];
      if (home.unitKind === 'function' && !home.isLinked) publisher.startOver(home);
      home.isLinked = true;
    }
    publisher.publish(
      linked.flatMap(({ units, version }) => (version === undefined ? [] : [{ units, version }])),
    );
  }

  #link(transaction: Transaction, members: readonly CompiledOrder[]): Linked[] {
    const { linker, clock } = this.#parts;
    const placed = members.map((member) => {
      const { home, units } = member;
      const data = member.data && linker.place(transaction, member.data);
      const code = member.code && linker.place(transaction, member.code);
      const variables = data ?? code;
      if (variables !== undefined && (!home.isLinked || data !== undefined))
        linker.locate(transaction, home.record, variables);
      if (code !== undefined)
        linker.expect(units, { symbols: code.prepared.symbols, placement: code.placement });
      return { member, data, code };
    });
    const written: LinkedImage[] = [];
    const linked = placed.map(({ member, data, code }) => {
      const begin = clock.now();
      const { home, units } = member;
      const images = linker.link(transaction, home, ...[data, code].filter((image) => image !== undefined));
      written.push(...images);
      const variables = data && { image: present(images[0], 'variables come first'), blocks: data.blocks };
      if (code === undefined) return { home, units, version: undefined, data: variables };
      const image = present(images.at(-1), 'code that was placed is linked');
      const whole = home.record.canonical.kind === 'object' ? { image, blocks: [] } : undefined;
      const linkUs = (clock.now() - begin) / 1e3;
      const version = linker.version(home, image, code, { ...member, linkUs });
      return { home, units, version, data: variables ?? whole };
    });
    linker.seal(transaction, written);
    return linked;
  }
}
