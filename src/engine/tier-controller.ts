/**
 * Drives tier-up while the program runs: takes requests from the ring, asks the policy, steps the lifecycle
 * and performs its effects. Talks to running code through slots, counters and the request ring alone.
 */
import { present } from '../core/assert.js';
import { askedFor, type CompilePriority, CompileTicket } from '../core/compile-ticket.js';
import type { Compiler } from '../core/compiler.js';
import type { Observation, Promotion } from '../core/decision.js';
import { isCancelled } from '../core/errors.js';
import type { Emit, PublishedEvent } from '../core/events.js';
import { address, type SlotIndex } from '../core/ids.js';
import type { TierRecipe } from '../core/tier.js';
import type { ModuleRecord } from '../registry/records.js';
import type { Registry } from '../registry/registry.js';
import {
  advance,
  contextOf,
  currentTier,
  type LifecycleEffect,
  type LifecycleEvent,
  stageOf,
} from '../../tiers/lifecycle.js';
import type { Policy } from '../../tiers/policy.js';
import type { Comparison, RollbackRule } from '../../tiers/slowdown.js';
import type { OffsetTable } from '../../stubs/offset-table.js';
import { type CallCount, CallCounts } from './call-counts.js';
import { CandidateList } from './candidates.js';
import { CompileCosts } from './compile-costs.js';
import type { UnitBuilder } from './unit-builder.js';
import { type LoadedModule, slotsOf, type Unit, unitOf } from './loaded-module.js';
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

/** Why a unit is wanted at a tier, and how urgently. */
export interface TierRequest {
  /** For events. */
  readonly reason: string;
  /** Passes over a bar and a wait after failures. */
  readonly forced: boolean;
  /** By default somebody asked for it by name. */
  readonly priority?: CompilePriority;
}

/** A compile that the policy wanted. */
interface Chosen {
  readonly target: number;
  readonly instructions: number;
}

/** Decides when a unit moves, and sees to it. */
export class TierController {
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
  readonly #timers = new Set<NodeJS.Timeout>();
  /** Of functions that were compiled with counters of edges, what these have told. */
  readonly #turns = new Map<SlotIndex, number>();
  readonly #causes = new Map<Unit, Error>();
  #open = true;

  /** @param parts - Tables, policy, compiler and observers. */
  constructor(parts: TierControllerParts) {
    const { tiers, table, atMs, compiler, rollback } = parts;
    this.#parts = parts;
    this.#ladder = tiers.map((tier) => tier.name);
    this.#counts = new CallCounts(table, atMs);
    this.#costs = new CompileCosts(tiers.length);
    this.#candidates = new CandidateList(() => {
      this.#choose();
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
      build: async (...order) => parts.builder.build(...order),
      instructions: (unit) => this.#desk.instructions(unit),
      threads: compiler.threads,
      isTogether: rollback === undefined,
    });
  }

  /** Takes one request: a function's counter has run down. */
  request(counter: number): void {
    if (!this.#open) return;
    const slot = this.#parts.table.indexOfCounter(address(counter));
    const unit = slot === undefined ? undefined : this.unitAt(slot);
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
    const unit = this.unitAt(slot);
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
    if (!this.ask([unit], target, { reason, forced: false, priority })) {
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
      if (count === undefined || this.unitAt(slot) !== unit) this.#candidates.delete(unit);
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

  /**
   * The unit of a slot's function.
   *
   * @param slot - The slot.
   * @returns The unit; undefined if no module has the function any more.
   */
  unitAt(slot: SlotIndex): Unit | undefined {
    const { registry, modules } = this.#parts;
    const definition = registry.functionAt(slot);
    const home = definition === undefined ? undefined : modules.get(definition.module);
    if (definition === undefined || home?.slots.get(definition.name) !== slot) return undefined;
    return unitOf(home, definition.name);
  }

  /** Calls of a slot's function that were counted in its present version; undefined: its tier does not count. */
  callsAt(slot: SlotIndex): CallCount | undefined {
    return this.#counts.read(slot);
  }

  /** The tier that a slot's function runs at; undefined if it has no version. */
  tierAt(slot: SlotIndex): TierRecipe | undefined {
    return this.unitAt(slot)?.version?.tier;
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

  /**
   * Wants units at a tier; those that it compiles are compiled together.
   *
   * @param units - Units of one module.
   * @param target - The tier.
   * @param request - Why, and how urgently.
   * @returns True if a compile was started by this.
   */
  ask(units: readonly Unit[], target: number, request: TierRequest): boolean {
    const { forced } = request;
    // A request has no other effect than a compile.
    const started = units.filter(
      (unit) => this.#advance(unit, { type: 'request', target, forced }).length > 0,
    );
    if (started.length > 0) this.#start(started, target, request);
    return started.length > 0;
  }

  /**
   * Steps the lifecycle of a unit and performs the effects.
   *
   * @param unit - The unit.
   * @param event - What happened.
   */
  step(unit: Unit, event: Exclude<LifecycleEvent, { type: 'request' }>): void {
    for (const effect of this.#advance(unit, event)) this.#perform(unit, effect);
  }

  #advance(unit: Unit, event: LifecycleEvent): readonly LifecycleEffect[] {
    const { emit, atMs } = this.#parts;
    const from = stageOf(unit.state);
    const { state, effects } = advance(unit.state, event);
    unit.state = state;
    const module = unit.home.record.name;
    const [to, context] = [stageOf(state), contextOf(state)];
    emit('lifecycle', { module, unit: unit.name, event, from, to, context, atMs: atMs() });
    return effects;
  }

  /**
   * Compiles and publishes the first version of units before it returns: the thread that waits for it is this one.
   *
   * @param home - A module.
   * @param units - Units of it without a version; one may be being compiled, too, which comes to nothing then.
   * @throws TierlinkError as {@link UnitBuilder.buildNow}
   */
  compileNow(home: LoadedModule, units: readonly Unit[]): void {
    const { builder, tiers } = this.#parts;
    const built = builder.buildNow(home, units, present(tiers[0], 'a ladder has rungs'));
    for (const unit of built) this.#ended(unit);
    this.#note(built, 0, false);
    this.#include(built, 0);
  }

  /** Drops the compiles of a module's units that nobody asked for, if they wait: something else is to become of them. */
  supersede(home: LoadedModule): void {
    for (const { ticket } of home.units.values())
      if (
        ticket?.priority.kind === 'ahead' ||
        (ticket?.priority.kind === 'tier-up' && ticket.priority.heat < Infinity)
      )
        ticket.cancel();
  }

  /** Takes note of units whose versions are out of use, without others in their place. */
  fellBack(units: readonly Unit[]): void {
    for (const unit of units) {
      this.step(unit, { type: 'fellBack' });
      this.watch?.fellBack(unit);
    }
  }

  /** The error of the unit's last failed compile, taken away. */
  takeFailure(unit: Unit): Error | undefined {
    const cause = this.#causes.get(unit);
    this.#causes.delete(unit);
    return cause;
  }

  /** Answers no more requests, drops all waits, and reports no failure of what is cancelled. */
  stop(): void {
    this.#open = false;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
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
      doubt: (unit, below) => {
        const begun = this.#advance(unit, { type: 'doubted', target: below }).length > 0;
        if (begun) this.#start([unit], below, { reason: 'a higher tier may be slower', forced: false });
        return begun;
      },
      blame: (unit, tier, below, comparison) => {
        this.#rollBack(unit, tier, below, comparison);
      },
      clear: (unit, tier) => {
        this.step(unit, { type: 'cleared', tier });
        if (this.#open && currentTier(unit.state) < tier)
          this.ask([unit], tier, { reason: 'it was not slower', forced: false });
      },
    });
  }

  /** A unit runs at the tier below again: the one that was slower is closed to it. */
  #rollBack(unit: Unit, tier: number, below: number, { ratio, error }: Comparison): void {
    const { emit, atMs } = this.#parts;
    let retry: number | 'barred' = 'barred';
    for (const effect of this.#advance(unit, { type: 'slower', tier })) {
      if (effect.type !== 'wait') continue;
      this.#wait(unit, effect);
      retry = effect.milliseconds;
    }
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

  #wait(unit: Unit, { target, milliseconds }: Extract<LifecycleEffect, { type: 'wait' }>): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.step(unit, { type: 'waited', target });
    }, milliseconds);
    timer.unref();
    this.#timers.add(timer);
  }

  #perform(unit: Unit, effect: LifecycleEffect): void {
    switch (effect.type) {
      case 'compile':
        // Of requests only.
        return;
      case 'wait':
        this.#wait(unit, effect);
        this.#report(unit, effect.target, effect.milliseconds);
        return;
      case 'bar':
        this.#report(unit, effect.target, 'barred');
        return;
    }
  }

  #start(units: readonly Unit[], target: number, { reason, priority = askedFor }: TierRequest): void {
    const tier = present(this.#parts.tiers[target], 'a request names a rung of the ladder');
    const ticket = new CompileTicket(priority);
    const isChosen = priority.kind === 'tier-up' && priority.heat < Infinity;
    const joined: Unit[] = [];
    const begin = (unit: Unit): void => {
      unit.work = work;
      unit.ticket = ticket;
      if (unit.version === undefined) unit.home.beginning.add(unit);
    };
    // Who calls it meanwhile waits for this compile, and starts none.
    const join = (unit: Unit): void => {
      if (unit.work !== undefined) return;
      joined.push(unit);
      begin(unit);
    };
    const leave = (): void => {
      for (const unit of joined) if (unit.work === work) this.#ended(unit);
    };
    const work = this.#build(units, tier, reason, ticket, join).then(
      (built) => {
        leave();
        for (const unit of units) {
          // What was overtaken by a compile at once has been told.
          if (unit.work !== work) continue;
          this.#ended(unit);
          const isBuilt = built.includes(unit);
          this.step(unit, { type: isBuilt ? 'published' : 'dropped' });
          if (!isBuilt) this.watch?.failed(unit);
        }
        this.#note(built, target, isChosen);
        this.#include(built, target);
      },
      (error: unknown) => {
        leave();
        for (const unit of units) {
          if (unit.work !== work) continue;
          this.#ended(unit);
          this.#causes.set(unit, error instanceof Error ? error : new Error(String(error)));
          this.step(unit, { type: isCancelled(error) ? 'dropped' : 'failed' });
          // A counter that asked is all but silent until it is armed again, so that a later try can come.
          this.#armAll(unit);
          this.watch?.failed(unit);
        }
      },
    );
    for (const unit of units) begin(unit);
  }

  /** What a policy wants of a function waits for others of its module; what somebody waits for does not. */
  async #build(
    units: readonly Unit[],
    tier: TierRecipe,
    reason: string,
    ticket: CompileTicket,
    join: (unit: Unit) => void,
  ): Promise<readonly Unit[]> {
    const [unit] = units;
    const { priority } = ticket;
    const isWanted = priority.kind === 'tier-up' && priority.heat < Infinity;
    if (!isWanted || unit === undefined || unit.home.unitKind === 'module' || unit.home.record.whole !== '')
      return this.#parts.builder.build(units, tier, reason, ticket, join);
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

  #ended(unit: Unit): void {
    unit.work = undefined;
    unit.ticket = undefined;
    unit.home.beginning.delete(unit);
    if (this.#underWay.delete(unit)) this.#candidates.soon();
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

  /** Takes note of units that have a version now. */
  #include(units: readonly Unit[], target: number): void {
    for (const unit of units) {
      this.step(unit, { type: 'included', target });
      this.#armAll(unit);
      this.watch?.published(unit, target);
    }
  }

  #report(unit: Unit, target: number, retry: number | 'barred'): void {
    if (!this.#open) return;
    const error = this.#causes.get(unit) ?? new Error('unknown');
    const tier = this.#ladder[target] ?? '';
    this.#parts.emit('failed', { module: unit.home.record.name, unit: unit.name, tier, error, retry });
  }
}

/** Calls per millisecond; what was counted within one clock tick is as hot as it can be measured. */
function heatOf(calls: number, milliseconds: number): number {
  return calls / Math.max(milliseconds, 1e-3);
}
