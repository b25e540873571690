/** How soon a compile is wanted, and the hand that its requester keeps on it while it waits. */

/**
 * `lazy`: the program waits for it. `ahead`: the program will wait for it, with this likelihood (0 to 1), if it isn't
 * there by then. `tier-up`: it replaces code that runs; the hotter the sooner. Heat is in calls per millisecond;
 * Infinity: somebody asked for it by name and waits. `isShort`: it takes so little time that any thread may compile it, also
 * the one that is kept for what the program waits for.
 */
export type CompilePriority =
  | { readonly kind: 'lazy' }
  | { readonly kind: 'ahead'; readonly likelihood: number }
  | { readonly kind: 'tier-up'; readonly heat: number; readonly isShort?: boolean };

/** Of what was asked for by name: before anything that a policy wants. */
export const askedFor: CompilePriority = { kind: 'tier-up', heat: Infinity };

/** True if a policy wants it, and nobody waits for it. */
export function isOfPolicy(
  priority: CompilePriority,
): priority is Extract<CompilePriority, { kind: 'tier-up' }> {
  return priority.kind === 'tier-up' && priority.heat < Infinity;
}

/** A job that a compiler has queued for a ticket. */
export interface TicketedJob {
  /** Drops it if it still waits; it then rejects with COMPILE_CANCELLED. */
  cancel(): void;
  /** Moves it if it still waits. */
  move(priority: CompilePriority): void;
}

/** Cancels or hurries the requests that it was given with. What runs already is not affected. */
export class CompileTicket {
  readonly #jobs = new Set<TicketedJob>();
  #priority: CompilePriority;
  #cancelled = false;

  /** @param priority - How soon. */
  constructor(priority: CompilePriority) {
    this.#priority = priority;
  }

  /** How soon the requests are wanted now. */
  get priority(): CompilePriority {
    return this.#priority;
  }

  /** True once nobody wants the requests any more. */
  get cancelled(): boolean {
    return this.#cancelled;
  }

  /** The requests are not wanted any more: those that wait are dropped, and none is begun. */
  cancel(): void {
    this.#cancelled = true;
    for (const job of this.#jobs) job.cancel();
  }

  /**
   * The requests are wanted sooner; never later.
   *
   * @param priority - How soon.
   */
  raise(priority: CompilePriority): void {
    if (!isSooner(priority, this.#priority)) return;
    this.#priority = priority;
    for (const job of this.#jobs) job.move(priority);
  }

  /**
   * For compilers: a job was queued.
   *
   * @param job - The job.
   * @returns To be called when the job is done.
   */
  attach(job: TicketedJob): () => void {
    this.#jobs.add(job);
    return () => this.#jobs.delete(job);
  }
}

function isSooner(one: CompilePriority, other: CompilePriority): boolean {
  if (one.kind === 'tier-up' && other.kind === 'tier-up') return one.heat > other.heat;
  if (one.kind === 'ahead' && other.kind === 'ahead') return one.likelihood > other.likelihood;
  return ranks[one.kind] < ranks[other.kind];
}

const ranks: Readonly<Record<CompilePriority['kind'], number>> = { lazy: 0, ahead: 1, 'tier-up': 2 };
