/**
 * The default policy: call thresholds with queue feedback, in the manner of HotSpot's.
 *
 * A function asks when its counter has run down. With `calls` the calls it has counted in its tier, the unit
 * moves one tier up when
 *
 *   calls * weight >= threshold(next tier) * scale
 *   weight = 1 + turns / turnsOfCall,   scale = 1 + queueLength / (feedback * compileThreads)
 *
 * or, from the second rung on, as many tiers as it is expected to move within a second if it is called as often as so far,
 * and otherwise asks again after the calls that are missing. `turns` is how often its hottest loop turns in a call; so
 * a function that is called seldom and loops for long is hot, too. So a long queue raises the bar for everyone, and
 * what is hottest gets through. Source of the formula: HotSpot `compilationPolicy.cpp`, the comment on
 * `CompilationPolicy` (predicate i > TierXInvocationThreshold * s, s = queue_size_X / (TierXLoadFeedback *
 * compiler_count_X) + 1); its second predicate, of invocations and back-edges together, takes three times as many.
 */
import { TierlinkError } from '../../src/core/errors.js';
import type { Decision, Observation } from '../../src/core/decision.js';
import type { Policy } from '../policy.js';

/** Calls of one function that move its unit into the tier, by tier name. */
export type Thresholds = Readonly<Record<string, number>>;

/** Thresholds of the shipped ladder, in calls of one function. */
export const defaultThresholds: Thresholds = { quick: 500, optimized: 10_000, peak: 200_000 };

/** Queued jobs a compile thread that double the threshold. */
export const defaultFeedback = 20;

/** Turns of a loop that count as much as a call. */
const turnsOfCall = 10;
/** Above the lowest tier a function asks after this share of its threshold, and then it is known how long it loops. */
const firstShare = 1 / 50;
const leastCalls = 100;

/** What is expected to ask for the tier above the next within so many milliseconds goes there at once. */
const soonMs = 1000;
/** And so many more for each IR instruction: what takes long to compile is not compiled for each tier on the way. */
const soonMsEach = 1;

/** What the policy can be told. */
export interface CountersOptions {
  /** @defaultValue {@link defaultThresholds}, for what is not given */
  readonly thresholds?: Thresholds;
  /** @defaultValue {@link defaultFeedback} */
  readonly feedback?: number;
}

/** For a tier that nobody gave a threshold: ten times more with each rung. */
function thresholdOf(thresholds: Thresholds, target: number, ladder: readonly string[]): number {
  return thresholds[ladder[target] ?? ''] ?? 1_000 * 10 ** (target - 1);
}

/**
 * Makes the policy.
 *
 * @param options - Thresholds and feedback.
 * @returns The policy, named `counters`.
 * @throws TierlinkError OPTION_INVALID
 */
export function countersPolicy(options: CountersOptions = {}): Policy {
  const thresholds = { ...defaultThresholds, ...options.thresholds };
  const feedback = options.feedback ?? defaultFeedback;
  for (const [tier, calls] of Object.entries(thresholds)) positive(`thresholds.${tier}`, calls);
  positive('feedback', feedback);

  const decide = (seen: Observation): Decision => {
    const next = seen.tierIndex + 1;
    if (next >= seen.ladder.length) return { kind: 'wait', calls: Infinity };
    const scale = 1 + seen.queueLength / (feedback * seen.compileThreads);
    const weight = 1 + seen.turns / turnsOfCall;
    const neededFor = (target: number): number =>
      Math.ceil((thresholdOf(thresholds, target, seen.ladder) * scale) / weight);
    const needed = neededFor(next);
    if (seen.calls < needed) return { kind: 'wait', calls: needed - seen.calls };
    let target = next;
    const soon = seen.calls + seen.callsPerMs * (soonMs + soonMsEach * seen.instructions);
    // Not past the second rung, where what is compiled next learns what it is used for.
    if (seen.tierIndex > 0)
      while (target + 1 < seen.ladder.length && soon >= neededFor(target + 1)) target += 1;
    return {
      kind: 'promote',
      target,
      reason: `${String(seen.calls)} calls >= ${String(needed)}`,
      mode: 'background',
    };
  };
  return {
    name: 'counters',
    firstRequest: (tierIndex, ladder) => {
      if (tierIndex + 1 >= ladder.length) return Infinity;
      const threshold = thresholdOf(thresholds, tierIndex + 1, ladder);
      // The lowest tier counts no loops: it asks when calls alone are enough.
      if (tierIndex === 0) return threshold;
      return Math.ceil(Math.min(threshold, Math.max(threshold * firstShare, leastCalls)));
    },
    decide,
  };
}

function positive(option: string, value: number): void {
  if (!(value > 0) || !Number.isFinite(value) || value > 2 ** 30) {
    throw new TierlinkError('OPTION_INVALID', {
      option,
      value: String(value),
      expected: 'a number above 0 and up to 2^30',
    });
  }
}
