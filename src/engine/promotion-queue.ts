/**
 * What policies want waits here until a thread can compile it. Functions of one module that wait for the same tier become one
 * compile: what they inline is then read and optimised once. The hottest goes first, by how often it is called while it waits.
 */
import { present } from '../core/assert.js';
import { CompileTicket } from '../core/compile-ticket.js';
import { isCancelled, TierlinkError } from '../core/errors.js';
import type { TierRecipe } from '../core/tier.js';
import type { Unit } from './loaded-module.js';
import type { UnitBuilder } from './unit-builder.js';

/** What one compile takes together, in instructions without others to be inlined: enough to share these among several. */
const mostInstructions = 6000;
const mostUnits = 32;
/** What is not longer than this may take the thread that is kept for first calls: one that comes meanwhile waits for it. */
const mostInstructionsOfShort = 1500;
/** As many instructions as one takes as long as, where others come along to be inlined. */
const importFactor = 4;
/** What is called less often than this share of the hottest would be compiled as cold beside it. */
const leastShare = 1 / 64;
/** What may wait, for each compile that may be under way. */
const mostWaiting = 512;

/** What a queue works with. */
export interface PromotionQueueParts {
  /** Compiles units of one module. */
  readonly build: UnitBuilder['build'];
  /** IR instructions of a unit. */
  readonly instructions: (unit: Unit) => number;
  /** Threads that compile. All but one take what is long; with two or more, that one takes what is short. */
  readonly threads: number;
  /** False: each function is compiled alone, as where versions are compared one by one. */
  readonly isTogether: boolean;
}

/** How one promotion is ordered. */
export interface PromotionOrder {
  readonly unit: Unit;
  readonly tier: TierRecipe;
  readonly reason: string;
  readonly ticket: CompileTicket;
  /** Calls per millisecond as of now. */
  readonly heat: () => number;
}

interface Waiting extends PromotionOrder {
  readonly resolve: (built: readonly Unit[]) => void;
  readonly reject: (error: unknown) => void;
  /** It takes no more part in what is compiled together: something failed that it was part of. */
  readonly isAlone: boolean;
  /** No more than a key. */
  readonly group: string;
}

interface Warm {
  readonly one: Waiting;
  readonly heat: number;
}

/** Promotions of one engine that wait. */
export class PromotionQueue {
  readonly #parts: PromotionQueueParts;
  readonly #waiting = new Set<Waiting>();
  #longUnderWay = 0;
  #isShortUnderWay = false;

  /** @param parts - What compiles. */
  constructor(parts: PromotionQueueParts) {
    this.#parts = parts;
  }

  /** Compiles that what waits will be, as far as is known now. */
  get length(): number {
    const groups = new Map<string, number>();
    for (const one of this.#waiting) groups.set(one.group, (groups.get(one.group) ?? 0) + this.#effort(one));
    let jobs = 0;
    for (const effort of groups.values()) jobs += Math.max(1, Math.ceil(effort / mostInstructions));
    return jobs;
  }

  /**
   * Compiles and publishes a function's version when its turn comes.
   *
   * @param order - The function, which is compiled without the rest of its module, and the tier.
   * @returns The unit, if it came to a new version.
   * @throws TierlinkError as {@link UnitBuilder.build} (as a rejection); COMPILE_CANCELLED, too, if it is cancelled while it waits
   */
  async add(order: PromotionOrder): Promise<readonly Unit[]> {
    const { unit, tier } = order;
    return new Promise((resolve, reject) => {
      const group = `${String(unit.home.record.id)}\0${tier.name}\0${unit.home.record.name}`;
      this.#enter({ ...order, resolve, reject, isAlone: false, group });
      this.#dropColdest();
      this.#next();
    });
  }

  /** Drops all that waits. */
  stop(): void {
    for (const one of this.#waiting) this.#drop(one, 'the engine ends');
  }

  #enter(one: Waiting): void {
    this.#waiting.add(one);
    const detach = one.ticket.attach({
      cancel: () => {
        detach();
        this.#drop(one, 'it is not wanted any more');
      },
      move: ({ kind }) => {
        if (kind === 'tier-up' || !this.#waiting.has(one)) return;
        // A thread waits for it.
        this.#start([one], false);
      },
    });
  }

  #drop(one: Waiting, reason: string): void {
    if (!this.#waiting.delete(one)) return;
    const module = one.unit.home.record.name;
    one.reject(new TierlinkError('COMPILE_CANCELLED', { module, tier: one.tier.name, reason }));
  }

  #dropColdest(): void {
    if (this.#waiting.size <= mostWaiting * this.#parts.threads) return;
    const coldest = this.#hottestFirst().at(-1);
    if (coldest !== undefined) this.#drop(coldest.one, 'the queue is full');
  }

  #hottestFirst(): readonly Warm[] {
    const heats = [...this.#waiting].map((one) => ({ one, heat: one.heat() }));
    return heats.sort((left, right) => right.heat - left.heat);
  }

  #next(): void {
    const { threads } = this.#parts;
    while (this.#waiting.size > 0 && this.#longUnderWay < Math.max(1, threads - 1))
      this.#start(this.#choose(this.#hottestFirst(), mostInstructions), false);
    if (this.#waiting.size === 0 || this.#isShortUnderWay || threads < 2) return;
    const short = this.#hottestFirst().filter(({ one }) => this.#effort(one) <= mostInstructionsOfShort);
    if (short.length > 0) this.#start(this.#choose(short, mostInstructionsOfShort), true);
  }

  #effort({ unit, tier }: Waiting): number {
    return this.#parts.instructions(unit) * (tier.importBudget === undefined ? 1 : importFactor);
  }

  /** The hottest, and what goes along with it. */
  #choose(all: readonly Warm[], mostEffort: number): readonly Waiting[] {
    const { one: first, heat: most } = present(all[0], 'something waits');
    const chosen = [first];
    if (!this.#parts.isTogether || first.isAlone) return chosen;
    let left = mostEffort - this.#effort(first);
    for (const { one, heat } of all) {
      if (heat < most * leastShare || chosen.length >= mostUnits) break;
      if (one === first || one.group !== first.group || one.isAlone) continue;
      const effort = this.#effort(one);
      if (effort > left) continue;
      left -= effort;
      chosen.push(one);
    }
    return chosen;
  }

  #start(chosen: readonly Waiting[], isShort: boolean): void {
    const first = present(chosen[0], 'somebody is chosen');
    for (const one of chosen) this.#waiting.delete(one);
    if (isShort) this.#isShortUnderWay = true;
    else this.#longUnderWay += 1;
    const ticket = together(chosen, isShort);
    const units = chosen.map(({ unit }) => unit);
    const reason =
      chosen.length === 1 ? first.reason : `${first.reason}, and ${String(chosen.length - 1)} more`;
    this.#parts
      .build(units, first.tier, reason, ticket)
      .then(
        (built) => {
          for (const one of chosen) one.resolve(built.filter((unit) => unit === one.unit));
        },
        (error: unknown) => {
          for (const one of chosen) {
            if (chosen.length === 1 || isCancelled(error)) one.reject(error);
            // Whose fault it is shows when each is compiled alone.
            else if (one.ticket.cancelled) one.reject(error);
            else this.#enter({ ...one, isAlone: true });
          }
        },
      )
      .finally(() => {
        if (isShort) this.#isShortUnderWay = false;
        else this.#longUnderWay -= 1;
        this.#next();
      });
  }
}

/** A hand on what is compiled together: it is dropped when nobody wants any of it, and hurried when a thread waits for one. */
function together(chosen: readonly Waiting[], isShort: boolean): CompileTicket {
  const { priority } = present(chosen[0], 'somebody is chosen').ticket;
  const ticket = new CompileTicket(
    isShort && priority.kind === 'tier-up' ? { ...priority, isShort } : priority,
  );
  for (const one of chosen) {
    one.ticket.attach({
      cancel: () => {
        if (chosen.every((other) => other.ticket.cancelled)) ticket.cancel();
      },
      move: (sooner) => {
        ticket.raise(isShort && sooner.kind === 'tier-up' ? { ...sooner, isShort } : sooner);
      },
    });
  }
  return ticket;
}
