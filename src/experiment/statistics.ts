/**
 * Means with confidence intervals by the bootstrap: the percentile method of Efron (Bootstrap Methods: Another Look at the
 * Jackknife, Annals of Statistics 7, 1979). It supposes no distribution. Of very few repetitions it makes intervals that are
 * somewhat too narrow.
 */

/** A mean and its confidence interval of 95%; of one value alone the interval is that value. */
export interface Estimate {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  /** Values. */
  readonly count: number;
}

const resamples = 1000;

/**
 * Estimates a mean. The same values give the same interval.
 *
 * @param values - One or more.
 * @returns The mean with its interval.
 */
export function estimate(values: readonly number[]): Estimate {
  const count = values.length;
  const mean = meanOf(values);
  if (count < 2) return { mean, low: mean, high: mean, count };
  const next = mulberry32(count);
  const means = Array.from({ length: resamples }, () => {
    let sum = 0;
    for (let n = 0; n < count; n += 1) sum += values[Math.floor(next() * count)] ?? 0;
    return sum / count;
  }).sort((one, other) => one - other);
  return { mean, low: quantile(means, 0.025), high: quantile(means, 0.975), count };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Of sorted values. */
function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.round(share * (sorted.length - 1))] ?? Number.NaN;
}

/** Numbers between 0 and 1 that look random, the same for the same seed: Tommy Ettinger's mulberry32. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
