/**
 * Steps units through their lifecycle and carries out what that asks for: compiles, waits, bars. Whether a unit should
 * move is decided elsewhere (tier-controller.ts, lazy-calls.ts, look-ahead.ts).
 */
import { present } from '../core/assert.js';
import { askedFor, type CompilePriority, CompileTicket, isOfPolicy } from '../core/compile-ticket.js';
import { isCancelled } from '../core/errors.js';
import type { Emit } from '../core/events.js';
import type { SlotIndex } from '../core/ids.js';
import type { TierRecipe } from '../core/tier.js';
import type { Registry } from '../registry/registry.js';
import {
  advance,
  contextOf,
  type LifecycleEffect,
  type LifecycleEvent,
  stageOf,
} from '../../tiers/lifecycle.js';
import type { UnitBuilder } from './unit-builder.js';
import { type LoadedModule, type Unit, unitOf } from './loaded-module.js';

/** Hears what becomes of units. */
export interface LifecycleListener {
  /** The compile of a unit is over, whatever came of it. */
  readonly ended: (unit: Unit) => void;
  /** Units have a version at a tier. If the policy wanted it, `isChosen`. */
  readonly published: (units: readonly Unit[], target: number, isChosen: boolean) => void;
  /** A compile of a unit came to nothing: it was overtaken, or it failed. */
  readonly failed: (unit: Unit, how: 'overtaken' | 'failed') => void;
}

/** What it works with. */
export interface LifecyclesParts {
  readonly tiers: readonly TierRecipe[];
  readonly registry: Registry;
  /** By name. */
  readonly modules: ReadonlyMap<string, LoadedModule>;
  readonly emit: Emit;
  /** Milliseconds since the engine was created. */
  readonly atMs: () => number;
  /** Compiles, links and publishes units; leaves no trace when it fails. */
  readonly build: UnitBuilder['build'];
  readonly buildNow: UnitBuilder['buildNow'];
  readonly listener: LifecycleListener;
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

/** The lifecycles of one engine's units. */
export class Lifecycles {
  readonly #parts: LifecyclesParts;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #causes = new Map<Unit, Error>();
  #open = true;

  /** @param parts - Who builds, and who listens. */
  constructor(parts: LifecyclesParts) {
    this.#parts = parts;
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
   * Compiles a unit at a tier below, to see whether it is faster there.
   *
   * @param unit - The unit.
   * @param below - The tier.
   * @returns True if a compile was started by this.
   */
  doubt(unit: Unit, below: number): boolean {
    const begun = this.#advance(unit, { type: 'doubted', target: below }).length > 0;
    if (begun) this.#start([unit], below, { reason: 'a higher tier may be slower', forced: false });
    return begun;
  }

  /**
   * Closes a tier to a unit that is slower there.
   *
   * @param unit - The unit.
   * @param tier - The tier.
   * @returns Milliseconds until it is open again, if ever.
   */
  close(unit: Unit, tier: number): number | 'barred' {
    let retry: number | 'barred' = 'barred';
    for (const effect of this.#advance(unit, { type: 'slower', tier })) {
      if (effect.type !== 'wait') continue;
      this.#wait(unit, effect);
      retry = effect.milliseconds;
    }
    return retry;
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

  /**
   * Compiles and publishes the first version of units before it returns: the thread that waits for it is this one.
   *
   * @param home - A module.
   * @param units - Units of it without a version; one may be being compiled, too, which comes to nothing then.
   * @throws TierlinkError as {@link UnitBuilder.buildNow}
   */
  compileNow(home: LoadedModule, units: readonly Unit[]): void {
    const { buildNow, tiers } = this.#parts;
    const built = buildNow(home, units, present(tiers[0], 'a ladder has rungs'));
    for (const unit of built) this.#ended(unit);
    this.#include(built, 0, false);
  }

  /** Drops the compiles of a module's units that nobody asked for, if they wait: something else is to become of them. */
  supersede(home: LoadedModule): void {
    for (const { ticket } of home.units.values())
      if (ticket !== undefined && (ticket.priority.kind === 'ahead' || isOfPolicy(ticket.priority)))
        ticket.cancel();
  }

  /** The error of the unit's last failed compile, taken away. */
  takeFailure(unit: Unit): Error | undefined {
    const cause = this.#causes.get(unit);
    this.#causes.delete(unit);
    return cause;
  }

  /** Drops all waits, and reports no failure of what is cancelled. */
  stop(): void {
    this.#open = false;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
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

  #wait(unit: Unit, { target, milliseconds }: Extract<LifecycleEffect, { type: 'wait' }>): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.step(unit, { type: 'waited', target });
    }, milliseconds);
    timer.unref();
    this.#timers.add(timer);
  }

  #report(unit: Unit, target: number, retry: number | 'barred'): void {
    if (!this.#open) return;
    const error = this.#causes.get(unit) ?? new Error('unknown');
    const tier = this.#parts.tiers[target]?.name ?? '';
    this.#parts.emit('failed', { module: unit.home.record.name, unit: unit.name, tier, error, retry });
  }

  #start(units: readonly Unit[], target: number, { reason, priority = askedFor }: TierRequest): void {
    const { tiers, build, listener } = this.#parts;
    const tier = present(tiers[target], 'a request names a rung of the ladder');
    const ticket = new CompileTicket(priority);
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
    const work = build(units, tier, reason, ticket, join).then(
      (built) => {
        leave();
        for (const unit of units) {
          // What was overtaken by a compile at once has been told.
          if (unit.work !== work) continue;
          this.#ended(unit);
          const isBuilt = built.includes(unit);
          this.step(unit, { type: isBuilt ? 'published' : 'dropped' });
          if (!isBuilt) listener.failed(unit, 'overtaken');
        }
        this.#include(built, target, isOfPolicy(priority));
      },
      (error: unknown) => {
        leave();
        for (const unit of units) {
          if (unit.work !== work) continue;
          this.#ended(unit);
          this.#causes.set(unit, error instanceof Error ? error : new Error(String(error)));
          this.step(unit, { type: isCancelled(error) ? 'dropped' : 'failed' });
          listener.failed(unit, 'failed');
        }
      },
    );
    for (const unit of units) begin(unit);
  }

  #ended(unit: Unit): void {
    unit.work = undefined;
    unit.ticket = undefined;
    unit.home.beginning.delete(unit);
    this.#parts.listener.ended(unit);
  }

  /** Takes note of units that have a version now. */
  #include(units: readonly Unit[], target: number, isChosen: boolean): void {
    for (const unit of units) this.step(unit, { type: 'included', target });
    this.#parts.listener.published(units, target, isChosen);
  }
}
