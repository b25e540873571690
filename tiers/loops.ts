/**
 * What becomes of loops that turn often. A full counter at a loop costs 10% of the lowest tier's speed, so arrivals are
 * counted in bursts: of `burst` arrivals, then not at all for a while. Entry counters say what happened meanwhile.
 *
 *   arrivals of the burst >= hot * (calls of the function during it + 1)
 *
 * within a time that is not mostly spent in what the loop calls, means that the function is hot for its loop, however seldom
 * it is called: its policy hears of it, also when the loop is left, since later calls find the loop in the old version. With
 * `stay` the time of each call since the burst before,
 *
 *   stay = time waited / (calls since the burst before + 1) >= leastStay + compile time of a continuation * payShare
 *
 * means that whoever is in the loop stays there, long enough to be worth a continuation: better versions that calls reach
 * don't help. As with skis that are rented until that has cost as much as buying, what was stayed is a guess of what will
 * be. Otherwise the next burst comes after twice the wait.
 */

/** Arrivals that are counted at a stretch. Each costs some 5 ns. */
export const burst = 1000;
/** Arrivals of a burst for each call from which on a loop is hot. */
const hot = 100;
/** Milliseconds of a burst up to which it is the loop that takes the time, and not what it calls. */
const longestBurstMs = 50;
/** Milliseconds between bursts, at first and at most. */
const firstWaitMs = 5;
const longestWaitMs = 1000;
/** Milliseconds that a continuation takes to compile for each IR instruction of its function, roughly. */
const compileMsEach = 0.1;
/** Milliseconds that are stayed at least: what is shorter is called again soon, and reaches better versions then. */
const leastStayMs = 4;
/** Share of its compile time that a continuation must be stayed away for. */
const payShare = 1 / 10;

/** What is known when a loop asked. */
export interface LoopObservation {
  /** Bursts of the loop before this one. */
  readonly bursts: number;
  /** Calls of its function during this burst. */
  readonly calls: number;
  /** Calls since the burst before, this one included. */
  readonly callsBetween: number;
  /** Milliseconds that this burst took. */
  readonly burstMs: number;
  /** Milliseconds waited before this burst. */
  readonly waitedMs: number;
  /** IR instructions of the function. */
  readonly instructions: number;
}

/** What becomes of the loop. */
export type LoopDecision = {
  /** Turns for each call, if the function is hot for them; else 0. */
  readonly turns: number;
} & (
  | { readonly kind: 'leave'; readonly reason: string }
  | {
      /** Count again after so many milliseconds. */
      readonly kind: 'wait';
      readonly milliseconds: number;
    }
);

/**
 * Decides about one loop; pure.
 *
 * @param seen - What is known.
 * @returns What becomes of it.
 */
export function decideLoop(seen: LoopObservation): LoopDecision {
  const { bursts, calls, callsBetween, burstMs, waitedMs, instructions } = seen;
  // The first burst is from the first arrival on, over any number of calls, so it only says that there is a loop.
  if (bursts === 0) return { kind: 'wait', milliseconds: firstWaitMs, turns: 0 };
  const milliseconds = Math.min(Math.max(waitedMs, firstWaitMs) * 2, longestWaitMs);
  if (burst < hot * (calls + 1) || burstMs > longestBurstMs) return { kind: 'wait', milliseconds, turns: 0 };
  const turns = burst / (calls + 1);
  const stayMs = waitedMs / (callsBetween + 1);
  const enoughMs = Math.min(leastStayMs + instructions * compileMsEach * payShare, longestWaitMs);
  if (stayMs < enoughMs) return { kind: 'wait', milliseconds, turns };
  return { kind: 'leave', turns, reason: `${String(burst)} arrivals in ${String(calls)} calls` };
}
