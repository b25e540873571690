/**
 * Compiles, links and publishes units. Whatever fails leaves no trace (I8): memory and unwind tables go back, the
 * version before it goes on running.
 */
import type { CompileTicket } from '../core/compile-ticket.js';
import type { Clock } from '../core/clock.js';
import { present } from '../core/assert.js';
import type { TierRecipe } from '../core/tier.js';
import type { SectionMemory } from '../memory/section-memory.js';
import { Transaction } from '../memory/transaction.js';
import type { CodeCache } from './code-cache.js';
import type { LinkBatch } from './link-batch.js';
import type { LinkedVersion, Unit } from './loaded-module.js';
import type { Publisher } from './publisher.js';
import type { SymbolChain } from './symbol-chain.js';
import type { CompiledOrder, UnitCompiler } from './unit-compiler.js';
import type { UnitLinker } from './unit-linker.js';

/** What the builder works with. */
export interface UnitBuilderParts {
  readonly compiler: UnitCompiler;
  readonly linker: UnitLinker;
  readonly chain: SymbolChain;
  readonly memory: SectionMemory;
  readonly publisher: Publisher;
  readonly codeCache: CodeCache;
  readonly clock: Clock;
  /** Reclaims what can be reclaimed. */
  readonly reclaim: () => void;
}

/** Builds versions of units. */
export class UnitBuilder {
  readonly #parts: UnitBuilderParts;
  readonly #batches = new Set<LinkBatch>();

  /** @param parts - Compiler, linker, memory, publisher. */
  constructor(parts: UnitBuilderParts) {
    this.#parts = parts;
  }

  /** From now on members of this batch are built with it. */
  addBatch(batch: LinkBatch): void {
    this.#batches.add(batch);
  }

  /** The batch is done. */
  removeBatch(batch: LinkBatch): void {
    this.#batches.delete(batch);
  }

  /**
   * Compiles a unit at a tier, links it, publishes it.
   *
   * @param unit - The unit.
   * @param tier - The tier.
   * @param reason - Why, for events.
   * @param ticket - How soon, until it begins.
   * @throws TierlinkError COMPILE_FAILED, COMPILE_CRASHED, COMPILE_CANCELLED, LLVM_MISSING, CODE_CACHE_FULL and the
   *   linker's codes (as rejections)
   */
  async build(unit: Unit, tier: TierRecipe, reason: string, ticket: CompileTicket): Promise<void> {
    for (const batch of this.#batches) {
      if (!batch.has(unit)) continue;
      await batch.done;
      return;
    }
    const order = { home: unit.home, units: [unit], tier, reason, ticket };
    const compiled = await this.#parts.compiler.compile(order);
    const version = this.#link(compiled);
    this.#parts.publisher.publish([{ units: compiled.units, version }]);
    this.#parts.reclaim();
  }

  #link(compiled: CompiledOrder): LinkedVersion {
    const { linker, chain, memory, clock } = this.#parts;
    const { home, units } = compiled;
    const code = present(compiled.code, 'a unit has code');
    this.#parts.codeCache.makeRoom(code.blocks.code.size, home.record.name);
    const transaction = new Transaction(memory);
    try {
      const begin = clock.now();
      const placed = linker.place(transaction, code);
      linker.expect(units, { symbols: placed.prepared.symbols, placement: placed.placement });
      const image = present(linker.link(transaction, home, placed)[0], 'code that was placed is linked');
      const linkUs = (clock.now() - begin) / 1e3;
      const version = linker.version(home, image, placed, { ...compiled, linkUs });
      transaction.commit();
      // Optimisation may have brought in new ones, such as memset.
      chain.keep(code.wanted.map(({ name }) => name));
      return version;
    } catch (error) {
      transaction.abort();
      throw error;
    } finally {
      linker.expectNothing();
    }
  }
}
