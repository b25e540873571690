/** Counts what an engine did, for snapshots and the statistics file. */

/** Microseconds of a repeated act. */
export interface Latencies {
  readonly count: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
}

/** Samples kept for percentiles; enough for a p99, few enough for an engine that runs for weeks. */
const window = 4096;

/** Durations of one repeated act, in microseconds: how many there were, and how long the latest took. */
export class LatencyRecorder {
  readonly #samples = new Float64Array(window);
  #count = 0;
  #max = 0;

  /** Adds one duration in microseconds. */
  add(us: number): void {
    this.#samples[this.#count % window] = us;
    this.#count += 1;
    this.#max = Math.max(this.#max, us);
  }

  /** Count and maximum of all, percentiles (nearest rank) of the latest; zeros when nothing was recorded. */
  summary(): Latencies {
    const sorted = this.#samples.slice(0, Math.min(this.#count, window)).sort();
    const rank = (share: number): number => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
    return { count: this.#count, p50Us: rank(0.5), p99Us: rank(0.99), maxUs: this.#max };
  }
}
