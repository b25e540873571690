/**
 * Drives tier-up while the program runs: takes requests from the ring, asks the policy, steps the lifecycle
 * and performs its effects. Talks to running code through slots, counters and the request ring alone.
 */
import { present } from '../core/assert.js';
import { askedFor, type CompilePriority, CompileTicket } from '../core/compile-ticket.js';
import type { Compiler } from '../core/compiler.js';
import { TierlinkError } from '../core/errors.js';
import type { Emit } from '../core/events.js';
import { address, type SlotIndex } from '../core/ids.js';
import type { TierRecipe } from '../core/tier.js';
import type { Registry } from '../registry/registry.js';
import { advance, currentTier, type LifecycleEffect, type LifecycleEvent } from '../../tiers/lifecycle.js';
import type { Decision, Policy } from '../../tiers/policy.js';
import type { UnitBuilder } from './unit-builder.js';
import type { OffsetTable } from '../../stubs/offset-table.js';
import { type LoadedModule, slotsOf, type Unit, unitOf } from './loaded-module.js';

/** The longest count a counter can hold that no arithmetic overflows. */
const longestCount = 2 ** 30;

/** What the controller works with. */
export interface TierControllerParts {
  readonly tiers: readonly TierRecipe[];
  readonly policy: Policy;
  readonly compiler: Compiler;
  readonly registry: Registry;
  readonly table: OffsetTable;
  /** By name. */
  readonly modules: ReadonlyMap<string, LoadedModule>;
  readonly emit: Emit;
  /** Milliseconds since the engine was created. */
  readonly atMs: () => number;
  /** Compiles, links and publishes units; leaves no trace when it fails. */
  readonly builder: Pick<UnitBuilder, 'build' | 'buildNow'>;
}

/** Why a unit is wanted at a tier, and how urgently. */
export interface TierRequest {
  /** For events. */
  readonly reason: string;
  /** Passes over a bar and a wait after failures. */
  readonly forced: boolean;
  /** By default somebody asked for it by name. */
  readonly priority?: CompilePriority;
}

/** Calls that a counter was last armed with, those counted before in the same tier, and since when, in milliseconds. */
interface Count {
  readonly armed: number;
  readonly before: number;
  readonly sinceMs: number;
}

/** Decides when a unit moves, and sees to it. */
export class TierController {
  readonly #parts: TierControllerParts;
  readonly #ladder: readonly string[];
  readonly #counts = new Map<SlotIndex, Count>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #causes = new Map<Unit, Error>();
  #open = true;

  /** @param parts - Tables, policy, compiler and observers. */
  constructor(parts: TierControllerParts) {
    this.#parts = parts;
    this.#ladder = parts.tiers.map((tier) => tier.name);
  }

  /** Takes one request: a function's counter has run down. */
  request(counter: number): void {
    if (!this.#open) return;
    const { atMs } = this.#parts;
    const slot = this.#parts.table.indexOfCounter(address(counter));
    const unit = slot === undefined ? undefined : this.unitAt(slot);
    // A request may outlive its unit (rolled back, removed): nobody is left to answer.
    if (slot === undefined || unit === undefined) return;
    const count = this.#counts.get(slot) ?? { armed: 0, before: 0, sinceMs: atMs() };
    const calls = count.before + count.armed;
    const decision = this.#decide(unit, calls);
    if (decision.kind === 'wait') {
      this.#arm(slot, decision.calls, calls, count.sinceMs);
      return;
    }
    const { target, reason } = decision;
    const priority = { kind: 'tier-up', heat: heatOf(calls, atMs() - count.sinceMs) } as const;
    const asked = this.ask([unit], target, { reason, forced: false, priority });
    if (!asked) {
      // Under way, waiting after a failure, or barred: ask again after as many calls as it took this time.
      unit.ticket?.raise(priority);
      this.#arm(slot, Math.max(1, calls), calls, count.sinceMs);
    } else {
      const tier = present(this.#ladder[decision.target], 'a policy names a rung of the ladder');
      this.#parts.emit('requested', {
        module: unit.home.record.name,
        unit: unit.name,
        tier,
        reason: decision.reason,
        atMs: this.#parts.atMs(),
      });
    }
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

  /** Calls of a slot's function that were counted in the tier that it is at. */
  callsAt(slot: SlotIndex): number {
    const count = this.#counts.get(slot);
    if (count === undefined) return 0;
    return count.before + count.armed - Math.max(0, this.#parts.table.remaining(slot));
  }

  /** True if functions of the unit were called, as far as its counters tell. */
  wasCalled(unit: Unit): boolean {
    if (unit.version?.tier.counters !== true) return unit.version !== undefined;
    return [...slotsOf(unit).values()].some((slot) => {
      const count = this.#counts.get(slot);
      return (
        currentTier(unit.state) > 0 ||
        count === undefined ||
        count.before > 0 ||
        this.#parts.table.remaining(slot) < count.armed
      );
    });
  }

  /** Arms the counters of the version that runs, from zero. */
  #armAll(unit: Unit): void {
    if (unit.version?.tier.counters !== true) return;
    const calls = this.#parts.policy.firstRequest(currentTier(unit.state), this.#ladder);
    const now = this.#parts.atMs();
    for (const slot of slotsOf(unit).values()) this.#arm(slot, calls, 0, now);
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
    const { state, effects } = advance(unit.state, event);
    unit.state = state;
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
  }

  /** A policy may be the user's own: whatever it does wrong is reported and leaves the unit where it is. */
  #decide(unit: Unit, calls: number): Decision {
    const { policy, compiler, emit } = this.#parts;
    const module = unit.home.record.name;
    const wait: Decision = { kind: 'wait', calls: Infinity };
    const refuse = (reason: string, cause?: unknown): Decision => {
      const error = new TierlinkError('POLICY_FAILED', { policy: policy.name, module, reason }, { cause });
      emit('failed', { module, unit: unit.name, tier: '', error, retry: 'none' });
      return wait;
    };
    try {
      const decision = policy.decide({
        tierIndex: currentTier(unit.state),
        ladder: this.#ladder,
        calls,
        queueLength: compiler.pending(),
        compileThreads: Math.max(1, compiler.threads - 1),
        instructions: this.#instructions(unit),
      });
      if (decision.kind === 'wait') return decision.calls > 0 ? decision : refuse('it waits for no calls');
      if (this.#ladder[decision.target] !== undefined) return decision;
      return refuse(`there is no tier ${String(decision.target)} in the ladder`);
    } catch (cause) {
      return refuse(cause instanceof Error ? cause.message : String(cause), cause);
    }
  }

  #instructions({ home, name }: Unit): number {
    const slot = home.unitKind === 'module' ? undefined : home.slots.get(name);
    const definition = slot === undefined ? undefined : this.#parts.registry.functionAt(slot);
    return definition?.instructions ?? home.record.instructions;
  }

  #arm(slot: SlotIndex, calls: number, before: number, sinceMs: number): void {
    const armed = Math.min(calls, longestCount);
    this.#counts.set(slot, { armed, before, sinceMs });
    this.#parts.table.arm(slot, armed);
  }

  #perform(unit: Unit, effect: LifecycleEffect): void {
    switch (effect.type) {
      case 'compile':
        // Of requests only.
        return;
      case 'wait': {
        const timer = setTimeout(() => {
          this.#timers.delete(timer);
          this.step(unit, { type: 'waited', target: effect.target });
        }, effect.milliseconds);
        timer.unref();
        this.#timers.add(timer);
        this.#report(unit, effect.target, effect.milliseconds);
        return;
      }
      case 'bar':
        this.#report(unit, effect.target, 'barred');
        return;
    }
  }

  #start(units: readonly Unit[], target: number, { reason, priority = askedFor }: TierRequest): void {
    const tier = present(this.#parts.tiers[target], 'a request names a rung of the ladder');
    const ticket = new CompileTicket(priority);
    const work = this.#parts.builder.build(units, tier, reason, ticket).then(
      (built) => {
        for (const unit of units) {
          // What was overtaken by a compile at once has been told.
          if (unit.work !== work) continue;
          this.#ended(unit);
          this.step(unit, { type: built.includes(unit) ? 'published' : 'dropped' });
        }
        this.#include(built, target);
      },
      (error: unknown) => {
        for (const unit of units) {
          if (unit.work !== work) continue;
          this.#ended(unit);
          this.#causes.set(unit, error instanceof Error ? error : new Error(String(error)));
          const dropped = error instanceof TierlinkError && error.code === 'COMPILE_CANCELLED';
          this.step(unit, { type: dropped ? 'dropped' : 'failed' });
          // A counter that asked is all but silent until it is armed again, so that a later try can come.
          this.#armAll(unit);
        }
      },
    );
    for (const unit of units) {
      unit.work = work;
      unit.ticket = ticket;
      if (unit.version === undefined) unit.home.beginning.add(unit);
    }
  }

  #ended(unit: Unit): void {
    unit.work = undefined;
    unit.ticket = undefined;
    unit.home.beginning.delete(unit);
  }

  /** Takes note of units that have a version now. */
  #include(units: readonly Unit[], target: number): void {
    for (const unit of units) {
      this.step(unit, { type: 'included', target });
      this.#armAll(unit);
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
