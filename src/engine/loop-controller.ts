/**
 * Finds loops that running code stays in, and has them left for continuations at the highest tier. Talks to running code
 * through cells and the request ring alone; what is decided is in tiers/loops.ts.
 */
import { CompileTicket } from '../core/compile-ticket.js';
import { isCancelled } from '../core/errors.js';
import type { Emit, FailedEvent } from '../core/events.js';
import type { Address } from '../core/ids.js';
import { present } from '../core/assert.js';
import type { TierRecipe } from '../core/tier.js';
import type { LoopCells } from '../../stubs/loop-cells.js';
import { burst, decideLoop } from '../../tiers/loops.js';
import type { CallCount } from './call-counts.js';
import type { LinkedVersion, Loop } from './loaded-module.js';
import type { LoopTable } from './loops.js';
import type { UnitBuilder } from './unit-builder.js';

/** How long it is seen whether a loop around one that is to be left is reached, too, in milliseconds. */
const choiceMs = 10;
/** After how long loops beside one that has a continuation are counted again, in milliseconds. */
const besideMs = 100;
/** Arrivals at a loop around it that show that it is reached. */
const arrivalsAround = 2;

/** What the controller works with. */
export interface LoopControllerParts {
  readonly tiers: readonly TierRecipe[];
  readonly loops: LoopTable;
  readonly cells: LoopCells;
  readonly builder: Pick<UnitBuilder, 'buildContinuation' | 'buildContinuationNow'>;
  readonly emit: Emit;
  /** Calls of a loop's function in its present version; undefined: nothing counts them. */
  readonly calls: (loop: Loop) => CallCount | undefined;
  /** Milliseconds since the engine was created. */
  readonly atMs: () => number;
  /** IR instructions of a loop's function. */
  readonly instructions: (loop: Loop) => number;
  /** Hears of a function whose loop turns so often in each call, and is not left for that. */
  readonly turns: (loop: Loop, turns: number) => void;
  /** Whether code of this tier is ever to become better. */
  readonly isWatched: (tier: TierRecipe) => boolean;
  /** For tests: every loop is left at this arrival. */
  readonly forcedAt: number | undefined;
}

/** What was counted at a loop. */
interface Watch {
  bursts: number;
  /** Calls when the burst before ended. */
  before: CallCount | undefined;
  /** Calls when the burst began. */
  count: CallCount | undefined;
  /** When it began. */
  atMs: number;
  waitedMs: number;
}

/** Which of several loops of a function is left. */
interface Choice {
  best: Loop;
  readonly reason: string;
  readonly around: ReadonlySet<Loop>;
}

/** Decides when loops are left, and sees to it. */
export class LoopController {
  readonly #parts: LoopControllerParts;
  readonly #watches = new WeakMap<Loop, Watch>();
  /** By function and tier; undefined: its continuation is being compiled. */
  readonly #choices = new Map<string, Choice | undefined>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #open = true;

  /** @param parts - Loops, compiler and observers. */
  constructor(parts: LoopControllerParts) {
    this.#parts = parts;
  }

  /** Gives the loops of code that is about to come into use their continuations at once, if that is forced. */
  coming(loops: readonly Loop[]): void {
    const { builder, forcedAt, emit } = this.#parts;
    if (forcedAt === undefined) return;
    for (const loop of loops) {
      if (loop.continuation !== undefined) continue;
      try {
        builder.buildContinuationNow(loop, this.#order('forced', Infinity));
      } catch (error) {
        emit('failed', failure(loop, this.#top.name, error));
      }
    }
  }

  /** Watches the loops of code that came into use. */
  inUse({ polls, tier }: LinkedVersion): void {
    if (this.#parts.forcedAt !== undefined || !this.#parts.isWatched(tier)) return;
    for (const loop of polls) {
      if (this.#watches.has(loop)) continue;
      this.#watches.set(loop, { bursts: 0, before: undefined, count: undefined, atMs: 0, waitedMs: 0 });
      this.#parts.cells.ask(loop.cell, burst);
    }
  }

  /**
   * Takes a request: the cell of a loop has run down.
   *
   * @param cell - Its address.
   * @returns False if there is no cell at this address.
   */
  request(cell: Address): boolean {
    const loop = this.#parts.loops.at(cell);
    if (loop === undefined) return false;
    if (!this.#isWanted(loop)) return true;
    const key = keyOf(loop);
    const choice = this.#choices.get(key);
    if (choice?.around.has(loop) === true) {
      if (rank(loop) < rank(choice.best)) choice.best = loop;
    } else if (this.#choices.has(key)) this.#countLater(loop, besideMs);
    else this.#decide(loop, key);
    return true;
  }

  /** Loops have no continuations any more: they are found, or left at once, as at first. */
  countAgain(loops: readonly Loop[]): void {
    if (this.#parts.forcedAt !== undefined) this.coming(loops);
    else for (const loop of loops) this.#countLater(loop, besideMs);
  }

  /** Counts and compiles nothing any more. */
  stop(): void {
    this.#open = false;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  get #top(): TierRecipe {
    return present(this.#parts.tiers.at(-1), 'a ladder has rungs');
  }

  #isWanted(loop: Loop): boolean {
    return this.#open && !loop.isClosed && loop.continuation === undefined;
  }

  #decide(loop: Loop, key: string): void {
    const watch = this.#watches.get(loop);
    if (watch === undefined) return;
    const { calls, instructions, turns, atMs } = this.#parts;
    const { bursts, waitedMs } = watch;
    const now = calls(loop);
    const decision = decideLoop({
      bursts,
      calls: callsSince(watch.count, now),
      callsBetween: callsSince(watch.before, now),
      burstMs: atMs() - watch.atMs,
      waitedMs,
      instructions: instructions(loop),
    });
    watch.bursts += 1;
    if (decision.turns > 0) turns(loop, decision.turns);
    if (decision.kind === 'leave') this.#choose(loop, key, decision.reason);
    else this.#countLater(loop, decision.milliseconds);
  }

  /** Code that is begun at an inner loop is optimised less well than what is begun at the loop around it. */
  #choose(loop: Loop, key: string, reason: string): void {
    const { loops, cells } = this.#parts;
    const around = loops.beside(loop).filter((other) => rank(other) < rank(loop) && this.#isWanted(other));
    if (around.length === 0) {
      this.#compile(loop, key, reason);
      return;
    }
    const choice: Choice = { best: loop, reason, around: new Set(around) };
    this.#choices.set(key, choice);
    for (const other of around) cells.ask(other.cell, arrivalsAround);
    this.#after(choiceMs, () => {
      for (const other of [loop, ...around]) if (other !== choice.best) this.#countLater(other, besideMs);
      this.#compile(choice.best, key, reason);
    });
  }

  #compile(loop: Loop, key: string, reason: string): void {
    if (!this.#isWanted(loop)) {
      this.#choices.delete(key);
      return;
    }
    this.#choices.set(key, undefined);
    const { builder, emit } = this.#parts;
    const done = (): void => {
      this.#choices.delete(key);
    };
    const built = (isLeft: boolean): void => {
      done();
      if (!isLeft) this.#countLater(loop, besideMs);
    };
    builder.buildContinuation(loop, this.#order(reason, burst)).then(built, (error: unknown) => {
      done();
      if (!this.#open || loop.isClosed) return;
      if (isCancelled(error)) this.#countLater(loop, besideMs);
      else emit('failed', failure(loop, this.#top.name, error));
    });
  }

  #order(reason: string, heat: number): Parameters<UnitBuilder['buildContinuation']>[1] {
    return { tier: this.#top, reason, ticket: new CompileTicket({ kind: 'tier-up', heat }) };
  }

  #countLater(loop: Loop, milliseconds: number): void {
    const watch = this.#watches.get(loop);
    if (watch === undefined) return;
    watch.before = this.#parts.calls(loop);
    this.#after(milliseconds, () => {
      if (!this.#isWanted(loop)) return;
      watch.count = this.#parts.calls(loop);
      watch.atMs = this.#parts.atMs();
      watch.waitedMs = milliseconds;
      this.#parts.cells.ask(loop.cell, burst);
    });
  }

  #after(milliseconds: number, act: () => void): void {
    if (!this.#open) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, milliseconds);
    // A loop that is watched keeps no process alive.
    timer.unref();
    this.#timers.add(timer);
  }
}

/**
 * Calls in between. Of a function that got another version meanwhile it is not known how many there were, nor where counting
 * was lost: what has asked for a better version and waits long for it is called often.
 */
function callsSince(before: CallCount | undefined, now: CallCount | undefined): number {
  const [from, to] = [before?.calls ?? 0, now?.calls ?? 0];
  return before?.sinceMs === now?.sinceMs && to >= from ? to - from : Infinity;
}

function keyOf({ home, tier, function: name }: Loop): string {
  return `${home.record.name}\0${tier}\0${name}`;
}

/** The outermost first; a cycle that is no natural loop has nothing around it that is known. */
function rank({ depth }: Loop): number {
  return Math.max(1, depth);
}

function failure(loop: Loop, tier: string, error: unknown): FailedEvent {
  return {
    module: loop.record.name,
    unit: loop.function,
    tier,
    error: error instanceof Error ? error : new Error(String(error)),
    retry: 'none',
  };
}
