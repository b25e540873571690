/**
 * Whether a version is slower than the one before it. Pure: windows of a running program in, a verdict out.
 *
 * The measure is CPU time of the whole program for each call of the unit. Time inside the version alone would not do: what
 * is inlined into a better version moves there. A window is a few milliseconds of the program; with n calls and t
 * milliseconds in each of m windows,
 *
 *   cost = sum t / sum n,   variance of ln cost = m / (m - 1) * sum (t - cost * n)^2 / (sum t)^2
 *
 * (the ratio estimator of survey sampling: Cochran, Sampling Techniques, chapter 6). Two versions compare by the difference
 * of ln cost against its standard error. How far windows differ is measured, not assumed, so that an uneven program needs
 * more of them.
 *
 * That alone would blame a version for a processor that got slower, or busier, meanwhile. So the version must also have
 * taken a larger share of the time: the share of all the rest, as sampled, must have been smaller by as much. A slower
 * processor leaves shares as they are; and inlining moves them, but leaves the cost. Only a slower version does both.
 */

/** What was seen of a unit during some milliseconds of a running program. */
export interface Window {
  /** Calls of the unit's functions; above 0. */
  readonly calls: number;
  /** Milliseconds of CPU time of the program. */
  readonly cpuMs: number;
  /** Samples that were taken. */
  readonly samples: number;
  /** Those inside the unit's version. */
  readonly own: number;
}

/** When a slower version is rolled back. */
export interface RollbackRule {
  /** Microseconds of CPU time between samples. The kernel takes them at its ticks: every 4 ms with 250 of them a second. */
  readonly sampleUs: number;
  /** Share of the program's CPU time that a version must have to be looked at. */
  readonly leastShare: number;
  /** Windows of each of two versions before they are compared; a window is 20 ms or longer. */
  readonly leastWindows: number;
  /** Windows after which a version that is not shown to be slower is cleared. */
  readonly mostWindows: number;
  /** How much slower the program must be with it, as a share. */
  readonly leastHarm: number;
  /** Standard errors by which the harm in CPU time must be exceeded. */
  readonly certainty: number;
  /**
   * Share of the program's CPU time that may be spent in older versions only to compare them with versions that nothing
   * speaks against.
   */
  readonly explore: number;
}

/** Slow to blame, and only what is worth it. */
export const defaultRollback: RollbackRule = {
  sampleUs: 1000,
  leastShare: 0.05,
  leastWindows: 50,
  mostWindows: 250,
  leastHarm: 0.03,
  certainty: 4,
  explore: 0.03,
};

/** Standard errors that are enough to clear a version: nothing is lost by it but a chance. */
const enoughToClear = 2;

/** Standard errors of the share of the rest that are enough: it only has to tell a version from a processor. */
const enoughForShare = 2.5;

/** The program's cost with one version against that with another. */
export interface Comparison {
  /** CPU time for each call of the unit, now by before. */
  readonly ratio: number;
  /** Standard error of the ratio's logarithm. */
  readonly error: number;
  /** Share of the time outside the unit's version, before by now: above 1 if the version takes a larger share now. */
  readonly restRatio: number;
  /** Standard error of the logarithm of that. */
  readonly restError: number;
}

/** A figure, and the variance of its logarithm. */
interface Estimate {
  readonly value: number;
  readonly variance: number;
}

/** Share of the CPU time that a unit's version had. */
export function shareOf(windows: readonly Window[]): number {
  const samples = sum(windows, (window) => window.samples);
  return samples > 0 ? sum(windows, (window) => window.own) / samples : 0;
}

/**
 * Compares two versions of a unit.
 *
 * @param now - Windows with the one, at least two.
 * @param before - Windows with the other, at least two.
 * @returns How much more the program takes with the one.
 */
export function compare(now: readonly Window[], before: readonly Window[]): Comparison {
  const cost = { now: costOf(now), before: costOf(before) };
  const rest = { now: restOf(now), before: restOf(before) };
  return {
    ratio: cost.now.value / cost.before.value,
    error: Math.sqrt(cost.now.variance + cost.before.variance),
    restRatio: rest.before.value / rest.now.value,
    restError: Math.sqrt(rest.now.variance + rest.before.variance),
  };
}

/**
 * Judges a version that was doubted, after the one below it has run again.
 *
 * @param rule - The rule.
 * @param doubted - Windows with the doubted version.
 * @param below - Windows with the lower one, after it.
 * @returns `slower`: it is rolled back; `cleared`; `unknown`: more windows are needed; or `undecided`: there were enough,
 *   and it cost more, but whether because of the version or of the processor can't be told.
 */
export function judge(
  rule: RollbackRule,
  doubted: readonly Window[],
  below: readonly Window[],
): 'slower' | 'cleared' | 'unknown' | 'undecided' {
  if (Math.min(doubted.length, below.length) < rule.leastWindows) return 'unknown';
  const { ratio, error, restRatio, restError } = compare(doubted, below);
  const least = Math.log(1 + rule.leastHarm);
  const harm = Math.log(ratio) - least;
  const shift = Math.log(restRatio) - least;
  const costsMore = harm > rule.certainty * error;
  if (costsMore && shift > enoughForShare * restError) return 'slower';
  if (harm < -enoughToClear * error || shift < -enoughToClear * restError) return 'cleared';
  if (below.length < rule.mostWindows) return 'unknown';
  return costsMore ? 'undecided' : 'cleared';
}

/**
 * What speaks against a version, from windows before it came into use.
 *
 * @param rule - The rule.
 * @param now - Windows with it.
 * @param before - Windows with the one before it; may be few or none.
 * @returns `suspected`: it looks slower; `cleared`: it is faster beyond doubt; or `unknown`.
 */
export function suspect(
  rule: RollbackRule,
  now: readonly Window[],
  before: readonly Window[],
): 'suspected' | 'cleared' | 'unknown' {
  if (before.length < 2) return 'unknown';
  const { ratio, error, restRatio, restError } = compare(now, before);
  if (ratio > 1 + rule.leastHarm) return 'suspected';
  const isFaster =
    Math.log(ratio) < -rule.certainty * error && Math.log(restRatio) < -enoughForShare * restError;
  return isFaster && before.length >= rule.leastWindows ? 'cleared' : 'unknown';
}

/** CPU time for each call. */
function costOf(windows: readonly Window[]): Estimate {
  const calls = sum(windows, (window) => window.calls);
  const cpuMs = sum(windows, (window) => window.cpuMs);
  const value = cpuMs / calls;
  const squares = sum(windows, (window) => (window.cpuMs - value * window.calls) ** 2);
  return { value, variance: ((windows.length / (windows.length - 1)) * squares) / cpuMs ** 2 };
}

/** Share of samples outside the version; half a sample more of each kind, so that none is not nothing. */
function restOf(windows: readonly Window[]): Estimate {
  const samples = sum(windows, (window) => window.samples);
  const own = sum(windows, (window) => window.own);
  const value = (samples - own + 0.5) / (samples + 1);
  const squares = sum(windows, (window) => (window.samples - window.own - value * window.samples) ** 2);
  const between = ((windows.length / (windows.length - 1)) * squares) / (samples * value) ** 2;
  // Windows may look more alike than so few samples can make them.
  return { value, variance: Math.max(between, (1 - value) / (value * (samples + 1))) };
}

function sum(windows: readonly Window[], pick: (window: Window) => number): number {
  return windows.reduce((total, window) => total + pick(window), 0);
}
