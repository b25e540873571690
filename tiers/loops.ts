/**
 * When a loop is left for a continuation. A full counter at a loop costs 10% of the lowest tier's speed, so arrivals are
 * counted in bursts: of `burst` arrivals, then not at all for a while. Entry counters say what happened meanwhile:
 *
 *   arrivals of the burst >= staying * (calls of the function during it + 1)
 *
 * means that the loop was not begun anew, or seldom: whoever is in it stays there, and better versions that calls reach
 * don't help. Otherwise calls are what counts, and the next burst comes after twice the wait.
 */

/** Arrivals that are counted at a stretch. Each costs some 5 ns. */
export const burst = 1000;
/** Arrivals of a burst for each call from which on a loop stays. */
const staying = 100;
/** Milliseconds between bursts, at first and at most. */
const firstWaitMs = 5;
const longestWaitMs = 1000;

/** What is known when a loop asked. */
export interface LoopObservation {
  /** Bursts of the loop before this one. */
  readonly bursts: number;
  /** Calls of its function during this burst. */
  readonly calls: number;
  /** Milliseconds waited before this burst. */
  readonly waitedMs: number;
}

/** What becomes of the loop. */
export type LoopDecision =
  | { readonly kind: 'leave'; readonly reason: string }
  /** Count again after so many milliseconds. */
  | { readonly kind: 'wait'; readonly milliseconds: number };

/**
 * Decides about one loop; pure.
 *
 * @param seen - What is known.
 * @returns What becomes of it.
 */
export function decideLoop({ bursts, calls, waitedMs }: LoopObservation): LoopDecision {
  // The first burst is from the first arrival on, over any number of calls, so it only says that there is a loop.
  if (bursts === 0) return { kind: 'wait', milliseconds: firstWaitMs };
  if (burst >= staying * (calls + 1))
    return { kind: 'leave', reason: `${String(burst)} arrivals in ${String(calls)} calls` };
  return { kind: 'wait', milliseconds: Math.min(Math.max(waitedMs, firstWaitMs) * 2, longestWaitMs) };
}
