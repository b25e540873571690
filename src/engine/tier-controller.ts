/**
 * Drives tier-up while the program runs: takes requests from the ring, asks the policy, and has done what that decides.
 * Talks to running code through slots, counters and the request ring alone.
 */
import { present } from '../core/assert.js';
import { isOfPolicy } from '../core/compile-ticket.js';
import type { Compiler } from '../core/compiler.js';
import type { Observation, Promotion } from '../core/decision.js';
import type { Emit, PublishedEvent } from '../core/events.js';
import { address, type SlotIndex } from '../core/ids.js';
import type { TierRecipe } from '../core/tier.js';
import type { ModuleRecord } from '../registry/records.js';
import type { Registry } from '../registry/registry.js';
import { currentTier } from '../../tiers/lifecycle.js';
import type { Policy } from '../../tiers/policy.js';
import type { Comparison, RollbackRule } from '../../tiers/slowdown.js';
import type { OffsetTable } from '../../stubs/offset-table.js';
import { type CallCount, CallCounts } from './call-counts.js';
import { CandidateList } from './candidates.js';
import { CompileCosts } from './compile-costs.js';
import type { UnitBuilder } from './unit-builder.js';
import { Lifecycles } from './lifecycles.js';
import { type LoadedModule, slotsOf, type Unit } from './loaded-module.js';
import { type Candidate, PolicyDesk } from './policy-desk.js';
import { PromotionQueue } from './promotion-queue.js';
import { SpeedWatch } from './speed-watch.js';

/** What the controller works with. */
export interface TierControllerParts {
  readonly tiers: readonly TierRecipe[];
  readonly policy: Policy;
  readonly compiler: Pick<Compiler, 'pending' | 'threads'>;
  readonly registry: Registry;
  readonly table: OffsetTable;
  /** By name. */
  readonly modules: ReadonlyMap<string, LoadedModule>;
  readonly emit: Emit;
  /** Milliseconds since the engine was created. */
  readonly atMs: () => number;
  /** Compiles, links and publishes units; leaves no trace when it fails. */
  readonly builder: Pick<UnitBuilder, 'build' | 'buildNow'>;
  /** How much code there is, and may be. */
  readonly codeCache: () => Observation['codeCache'];
  /** The highest of what was counted of a function's edges; 0 where nothing was. */
  readonly mostSeen: (record: ModuleRecord, name: string) => number;
  /** When slower versions are rolled back; undefined: never, and nothing is measured. */
  readonly rollback: RollbackRule | undefined;
}

/** Milliseconds that a function has waited when its calls meanwhile say how hot it is. */
const leastWaitMs = 50;

/** A compile that the policy wanted. */
interface Chosen {
  readonly target: number;
  readonly instructions: number;
}

/** Decides when a unit moves. */
export class TierController {
  /** Sees to it. */
  readonly lifecycles: Lifecycles;
  /** Sees how fast units run, if slower versions are rolled back. */
  readonly watch: SpeedWatch | undefined;
  readonly #parts: TierControllerParts;
  readonly #ladder: readonly string[];
  readonly #counts: CallCounts;
  readonly #costs: CompileCosts;
  readonly #desk: PolicyDesk;
  readonly #queue: PromotionQueue;
  readonly #candidates: CandidateList;
  readonly #underWay = new Map<Unit, Chosen>();
  /** The publish whose costs were added last. */
  #noted: PublishedEvent | undefined;
  /** Of functions that were compiled with counters of edges, what these have told. */
  readonly #turns = new Map<SlotIndex, number>();
  #open = true;

  /** @param parts - Tables, policy, compiler and observers. */
  constructor(parts: TierControllerParts) {
    const { tiers, table, atMs, compiler, rollback, builder } = parts;
    this.#parts = parts;
    this.#ladder = tiers.map((tier) => tier.name);
    this.#counts = new CallCounts(table, atMs);
    this.#costs = new CompileCosts(tiers.length);
    this.#candidates = new CandidateList(() => {
      this.#choose();
    });
    this.lifecycles = new Lifecycles({
      ...parts,
      build: async (...order) => this.#build(...order),
      buildNow: (...order) => builder.buildNow(...order),
      listener: {
        ended: (unit) => {
          if (this.#underWay.delete(unit)) this.#candidates.soon();
        },
        published: (units, target, isChosen) => {
          this.#published(units, target, isChosen);
        },
        failed: (unit, how) => {
          // A counter that asked is all but silent until it is armed again, so that a later try can come.
          if (how === 'failed') this.#armAll(unit);
          this.watch?.failed(unit);
        },
      },
    });
    this.watch = rollback && this.#watch(rollback);
    const compileThreads = Math.max(1, compiler.threads - 1);
    this.#desk = new PolicyDesk({
      ...parts,
      ladder: this.#ladder,
      costs: this.#costs,
      queueLength: () => compiler.pending() + this.#queue.length,
      compileThreads,
      speeds: (unit) => this.watch?.speeds(unit) ?? this.#ladder.map(() => null),
    });
    this.#queue = new PromotionQueue({
      build: async (...order) => builder.build(...order),
      instructions: (unit) => this.#desk.instructions(unit),
      threads: compiler.threads,
      isTogether: rollback === undefined,
    });
  }

  /** Takes one request: a function's counter has run down. */
  request(counter: number): void {
    if (!this.#open) return;
    const slot = this.#parts.table.indexOfCounter(address(counter));
    const unit = slot === undefined ? undefined : this.lifecycles.unitAt(slot);
    // A request may outlive its unit (rolled back, removed): nobody is left to answer.
    if (slot === undefined || unit === undefined) return;
    this.#decide(unit, slot, this.#counts.asked(slot));
  }

  /**
   * Takes note of a function with a loop that turns often: it need not be called as often as its counter says.
   *
   * @param slot - Its slot.
   * @param turns - Turns of the loop for each call.
   */
  turning(slot: SlotIndex, turns: number): void {
    const unit = this.lifecycles.unitAt(slot);
    const count = this.#counts.read(slot);
    // What is being compiled has asked already.
    if (!this.#open || unit === undefined || unit.work !== undefined || count === undefined) return;
    this.#turns.set(slot, Math.max(turns, this.#turns.get(slot) ?? 0));
    this.#decide(unit, slot, count);
  }

  #decide(unit: Unit, slot: SlotIndex, count: CallCount): void {
    const decision = this.#desk.decide({ unit, count, turns: this.#turnsOf(slot, unit, count) });
    switch (decision.kind) {
      case 'wait':
        this.#counts.goOn(slot, decision.calls, count);
        return;
      case 'candidate':
        this.#counts.goOn(slot, Infinity, count);
        this.#candidates.add(unit, slot);
        return;
      case 'promote':
        if (this.#promote(unit, count, decision)) return;
        // Under way, waiting after a failure, or barred: ask again after as many calls as it took this time.
        this.#counts.goOn(slot, Math.max(1, count.calls), count);
    }
  }

  /**
   * Turns of the hottest loop for each call: at the lowest tier as far as a loop has asked, above it as its edges were counted.
   * An edge that is gone once a call is of no loop.
   */
  #turnsOf(slot: SlotIndex, unit: Unit, { calls }: CallCount): number {
    const definition = this.#parts.registry.functionAt(slot);
    if (unit.version?.tier.profile === 'collect' && definition !== undefined) {
      const seen = this.#parts.mostSeen(unit.home.record, definition.name);
      this.#turns.set(slot, Math.max(0, seen / Math.max(1, calls) - 1));
    }
    return this.#turns.get(slot) ?? 0;
  }

  /** What the policy wants is compiled, unless it is under way or closed. */
  #promote(
    unit: Unit,
    { calls, sinceMs }: CallCount,
    { target, reason }: Pick<Promotion, 'target' | 'reason'>,
  ): boolean {
    const { emit, atMs } = this.#parts;
    const priority = { kind: 'tier-up', heat: heatOf(calls, atMs() - sinceMs) } as const;
    if (!this.lifecycles.ask([unit], target, { reason, forced: false, priority })) {
      unit.ticket?.raise(priority);
      return false;
    }
    this.#underWay.set(unit, { target, instructions: this.#desk.instructions(unit) });
    this.#candidates.delete(unit);
    const tier = present(this.#ladder[target], 'a policy names a rung of the ladder');
    emit('requested', { module: unit.home.record.name, unit: unit.name, tier, reason, atMs: atMs() });
    return true;
  }

  #choose(): void {
    const known: (Candidate & { readonly slot: SlotIndex })[] = [];
    for (const [unit, slot] of this.#candidates.entries()) {
      const count = this.#counts.read(slot);
      if (count === undefined || this.lifecycles.unitAt(slot) !== unit) this.#candidates.delete(unit);
      else if (unit.work === undefined)
        known.push({ unit, slot, count, turns: this.#turnsOf(slot, unit, count) });
    }
    if (known.length === 0) return;
    const choice = this.#desk.choose(known, [...this.#underWay.values()]);
    for (const { candidate, target, reason } of choice.promotions) {
      const { unit, slot, count } = present(known[candidate], 'a choice names candidates');
      if (this.#promote(unit, count, { target, reason })) continue;
      // Closed after a failure: it asks again, and doesn't take part until then.
      this.#candidates.delete(unit);
      this.#counts.goOn(slot, Math.max(1, count.calls), count);
    }
    this.#candidates.later(choice);
  }

  /** Calls of a slot's function that were counted in its present version; undefined: its tier does not count. */
  callsAt(slot: SlotIndex): CallCount | undefined {
    return this.#counts.read(slot);
  }

  /** The tier that a slot's function runs at; undefined if it has no version. */
  tierAt(slot: SlotIndex): TierRecipe | undefined {
    return this.lifecycles.unitAt(slot)?.version?.tier;
  }

  /** True if functions of the unit were called, as far as its counters tell. */
  wasCalled(unit: Unit): boolean {
    if (unit.version?.tier.counters !== true) return unit.version !== undefined;
    return [...slotsOf(unit).values()].some((slot) => {
      const count = this.#counts.read(slot);
      return currentTier(unit.state) > 0 || count === undefined || count.calls > 0;
    });
  }

  /** Arms the counters of the version that runs, from zero. */
  #armAll(unit: Unit): void {
    if (unit.version?.tier.counters !== true) return;
    const calls = this.#desk.firstRequest(unit);
    for (const slot of slotsOf(unit).values()) {
      if (currentTier(unit.state) === 0) this.#turns.delete(slot);
      this.#counts.begin(slot, calls);
    }
  }

  /** Takes note of units whose versions are out of use, without others in their place. */
  fellBack(units: readonly Unit[]): void {
    for (const unit of units) {
      this.lifecycles.step(unit, { type: 'fellBack' });
      this.watch?.fellBack(unit);
    }
  }

  /** Answers no more requests, drops all waits, and reports no failure of what is cancelled. */
  stop(): void {
    this.#open = false;
    this.lifecycles.stop();
    this.#candidates.stop();
    this.#queue.stop();
  }

  #watch(rule: RollbackRule): SpeedWatch {
    return new SpeedWatch({
      rule,
      rungs: this.#ladder.length,
      tierOf: (unit) => currentTier(unit.state),
      callsOf: (unit) => {
        let calls = 0;
        for (const slot of slotsOf(unit).values()) calls += this.#counts.read(slot)?.calls ?? 0;
        return calls;
      },
      doubt: (unit, below) => this.lifecycles.doubt(unit, below),
      blame: (unit, tier, below, comparison) => {
        this.#rollBack(unit, tier, below, comparison);
      },
      clear: (unit, tier) => {
        this.lifecycles.step(unit, { type: 'cleared', tier });
        if (this.#open && currentTier(unit.state) < tier)
          this.lifecycles.ask([unit], tier, { reason: 'it was not slower', forced: false });
      },
    });
  }

  /** A unit runs at the tier below again: the one that was slower is closed to it. */
  #rollBack(unit: Unit, tier: number, below: number, { ratio, error }: Comparison): void {
    const { emit, atMs } = this.#parts;
    const retry = this.lifecycles.close(unit, tier);
    const margin = Math.exp(1.96 * error);
    emit('rolledBack', {
      module: unit.home.record.name,
      unit: unit.name,
      tier: this.#ladder[tier] ?? '',
      to: this.#ladder[below] ?? '',
      ratio,
      low: ratio / margin,
      high: ratio * margin,
      retry,
      atMs: atMs(),
    });
  }

  /** What a policy wants of a function waits for others of its module; what somebody waits for does not. */
  async #build(...order: Parameters<UnitBuilder['build']>): Promise<readonly Unit[]> {
    const [units, tier, reason, ticket] = order;
    const [unit] = units;
    const { priority } = ticket;
    const isOne = unit?.home.unitKind === 'function' && unit.home.record.whole === '';
    if (!isOne || !isOfPolicy(priority)) return this.#parts.builder.build(...order);
    return this.#queue.add({ unit, tier, reason, ticket, heat: this.#heatOf(unit, priority.heat) });
  }

  /** Calls per millisecond of a function since it has asked; at once, as many as before. */
  #heatOf(unit: Unit, atFirst: number): () => number {
    const { atMs } = this.#parts;
    const slot = unit.home.slots.get(unit.name);
    const read = (): CallCount | undefined => (slot === undefined ? undefined : this.#counts.read(slot));
    const [before, sinceMs] = [read(), atMs()];
    return () => {
      const [now, milliseconds] = [read(), atMs() - sinceMs];
      if (before === undefined || now?.sinceMs !== before.sinceMs || milliseconds < leastWaitMs)
        return atFirst;
      return Math.max(0, now.calls - before.calls) / milliseconds;
    };
  }

  #published(units: readonly Unit[], target: number, isChosen: boolean): void {
    this.#note(units, target, isChosen);
    for (const unit of units) {
      this.#armAll(unit);
      this.watch?.published(unit, target);
    }
  }

  /** Takes note of what a compile has cost. */
  #note(built: readonly Unit[], target: number, isChosen: boolean): void {
    const event = built[0]?.published;
    // Of one version units may be told one by one.
    if (event === undefined || event === this.#noted) return;
    this.#noted = event;
    const all = built[0]?.version?.users ?? built;
    const instructions = [...all].reduce((sum, unit) => sum + this.#desk.instructions(unit), 0);
    this.#costs.add({
      target,
      instructions,
      compileMs: event.compileMs,
      codeBytes: event.codeBytes,
      isChosen,
    });
    if (target === 0) this.#desk.noteFirst();
  }
}

/** Calls per millisecond; what was counted within one clock tick is as hot as it can be measured. */
function heatOf(calls: number, milliseconds: number): number {
  return calls / Math.max(milliseconds, 1e-3);
}
