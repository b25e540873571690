/**
 * Compiles, links and publishes units. Whatever fails leaves no trace (I8): memory and unwind tables go back, the
 * version before it goes on running.
 */
import { CompileTicket } from '../core/compile-ticket.js';
import type { CompileChoice, LikelyCall } from '../core/compiler.js';
import type { Clock } from '../core/clock.js';
import { present } from '../core/assert.js';
import type { TierRecipe } from '../core/tier.js';
import { wantedSymbols } from '../link/wanted.js';
import type { SectionMemory } from '../memory/section-memory.js';
import { Transaction } from '../memory/transaction.js';
import type { CodeCache } from './code-cache.js';
import { type ImportSources, importTries } from './import-sources.js';
import type { LinkBatch } from './link-batch.js';
import {
  allUnits,
  type LinkedVersion,
  type LoadedModule,
  type Loop,
  type Unit,
  unitOf,
} from './loaded-module.js';
import type { Publisher } from './publisher.js';
import type { SymbolChain } from './symbol-chain.js';
import { Turns } from './turns.js';
import type { CompiledOrder, CompileOrder, UnitCompiler } from './unit-compiler.js';
import type { UnitLinker } from './unit-linker.js';

/** What the builder works with. */
export interface UnitBuilderParts {
  readonly compiler: UnitCompiler;
  readonly sources: Pick<ImportSources, 'areCurrent'>;
  readonly linker: UnitLinker;
  readonly chain: SymbolChain;
  readonly memory: SectionMemory;
  readonly publisher: Publisher;
  readonly codeCache: CodeCache;
  readonly clock: Clock;
  /** Reclaims what can be reclaimed. */
  readonly reclaim: () => void;
  /** Hears of functions that what was just compiled may call soon, and how likely it is called itself. */
  readonly lookAhead: (calls: readonly LikelyCall[], likelihood: number) => void;
}

/** Why a function is compiled for the first time. */
export const firstCall = 'first call';

/** Builds versions of units. */
export class UnitBuilder {
  readonly #parts: UnitBuilderParts;
  readonly #batches = new Set<LinkBatch>();
  readonly #turns = new Turns();

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
   * Compiles units at a tier, links them, publishes them; a function's first version together with functions that it is
   * likely to call.
   *
   * @param units - Units of one module.
   * @param tier - The tier.
   * @param reason - Why, for events.
   * @param ticket - How soon, until it begins.
   * @param join - Is told of units without a version that are compiled with these, before they are.
   * @returns The units that came to a new version; none if it was overtaken: by a compile at once, or by new source.
   * @throws TierlinkError COMPILE_FAILED, COMPILE_CRASHED, COMPILE_CANCELLED, LLVM_MISSING, CODE_CACHE_FULL and the linker's codes (as rejections)
   */
  async build(
    units: readonly Unit[],
    tier: TierRecipe,
    reason: string,
    ticket: CompileTicket,
    join?: (unit: Unit) => void,
  ): Promise<readonly Unit[]> {
    const { home } = present(units[0], 'somebody wants something');
    for (const batch of this.#batches) {
      if (!units.some((unit) => batch.has(unit))) continue;
      await batch.done;
      return units;
    }
    const wanted = orderOf(home, units, { tier, reason, ticket });
    const first = wanted.units.filter(({ version }) => version === undefined);
    const chosen = ({ functions, likely }: CompileChoice): void => {
      if (home.record !== wanted.record) return;
      for (const name of functions) {
        const unit = unitOf(home, name);
        if (unit.version === undefined) join?.(unit);
      }
      const { priority } = ticket;
      this.#parts.lookAhead(likely, priority.kind === 'ahead' ? priority.likelihood : 1);
    };
    const arrived = async (): Promise<void> => this.#turns.take(ticket);
    const order = { ...wanted, chosen: first.length === 0 ? undefined : chosen, arrived };
    for (let tries = importTries; ; tries -= 1) {
      const compiled = await this.#parts.compiler.compile({ ...order, alone: tries === 0 });
      // What was compiled ahead may be there before the variables are.
      for (const batch of this.#batches) if (batch.links(home)) await batch.done;
      if (home.record !== order.record || !home.isLinked) return [];
      if (!this.#parts.sources.areCurrent(compiled.relies)) continue;
      const left = order.units.filter((unit) => unit.version === undefined || !first.includes(unit));
      return left.length === 0 ? [] : this.#publish({ ...compiled, units: left });
    }
  }

  /**
   * The same for the first version of functions, before it returns.
   *
   * @param home - Their module.
   * @param units - The units.
   * @param tier - The lowest tier.
   * @returns The units that came to a version.
   * @throws TierlinkError COMPILE_FAILED, COMPILE_CRASHED, CODE_CACHE_FULL and the linker's codes
   */
  buildNow(home: LoadedModule, units: readonly Unit[], tier: TierRecipe): readonly Unit[] {
    const ticket = new CompileTicket({ kind: 'lazy' });
    return this.#publish(
      this.#parts.compiler.compileNow(orderOf(home, units, { tier, reason: firstCall, ticket })),
    );
  }

  /**
   * Compiles the continuation of a loop, and has the loop left to it.
   *
   * @param loop - The loop.
   * @param how - Tier, reason, and how soon.
   * @returns False if it was overtaken: the loop is left no more, or not to this.
   * @throws TierlinkError COMPILE_FAILED, COMPILE_CRASHED, COMPILE_CANCELLED, LLVM_MISSING, CODE_CACHE_FULL and the linker's codes (as rejections)
   */
  async buildContinuation(
    loop: Loop,
    how: Pick<CompileOrder, 'tier' | 'reason' | 'ticket'>,
  ): Promise<boolean> {
    const arrived = async (): Promise<void> => {
      await this.#turns.take(how.ticket);
    };
    const compiled = await this.#parts.compiler.compile({ ...continuationOf(loop, how), arrived });
    if (loop.isClosed || !this.#parts.sources.areCurrent(compiled.relies)) return false;
    this.#publish(compiled);
    return true;
  }

  /**
   * The same before it returns.
   *
   * @param loop - The loop.
   * @param how - Tier and reason.
   * @throws TierlinkError COMPILE_FAILED, COMPILE_CRASHED, CODE_CACHE_FULL and the linker's codes
   */
  buildContinuationNow(loop: Loop, how: Pick<CompileOrder, 'tier' | 'reason' | 'ticket'>): void {
    this.#publish(this.#parts.compiler.compileNow(continuationOf(loop, how)));
  }

  #publish(compiled: CompiledOrder): readonly Unit[] {
    const units = [...compiled.units, ...broughtAlong(compiled)];
    const version = this.#link({ ...compiled, units });
    this.#parts.publisher.publish([{ units, version }]);
    this.#parts.reclaim();
    return units;
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
      linker.seal(transaction, [image]);
      const linkUs = (clock.now() - begin) / 1e3;
      const version = linker.version(home, image, placed, { ...compiled, linkUs });
      transaction.commit();
      // Optimisation may have brought in new ones, such as memset.
      chain.keep(wantedSymbols(code).map(({ name }) => name));
      return version;
    } catch (error) {
      transaction.abort();
      throw error;
    } finally {
      linker.expectNothing();
    }
  }
}

function continuationOf(loop: Loop, how: Pick<CompileOrder, 'tier' | 'reason' | 'ticket'>): CompileOrder {
  const { home, record } = loop;
  return { home, record, wantsData: false, units: [], continues: loop, ...how };
}

function orderOf(
  home: LoadedModule,
  wanted: readonly Unit[],
  how: Pick<CompileOrder, 'tier' | 'reason' | 'ticket'>,
): CompileOrder {
  // Functions that are tied to each other are compiled together.
  const units = home.unitKind === 'module' || home.record.whole === '' ? wanted : allUnits(home);
  return { home, record: home.record, wantsData: false, units, ...how };
}

/** Units of one function whose code the compiler added; what got a version meanwhile keeps it. */
function broughtAlong({ home, units, code }: CompiledOrder): Unit[] {
  if (home.unitKind === 'module' || code === undefined) return [];
  const wanted = new Set(units);
  const brought: Unit[] = [];
  for (let index = 0; index < code.symbols.size; index += 1) {
    const name = code.symbols.name(index);
    if (!home.indexes.has(name)) continue;
    const unit = unitOf(home, name);
    if (!wanted.has(unit) && unit.version === undefined) brought.push(unit);
  }
  return brought;
}
