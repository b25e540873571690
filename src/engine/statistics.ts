/** Counts what an engine did, for snapshots and the statistics file. */

/** Microseconds of a repeated act. */
export interface Latencies {
  readonly count: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
}

/** Durations of publishes, in microseconds. */
export class LatencyRecorder {
  readonly #samples: number[] = [];

  /** Adds one duration in microseconds. */
  add(us: number): void {
    this.#samples.push(us);
  }

  /** Count and percentiles (nearest rank); zeros when nothing was recorded. */
  summary(): Latencies {
    const sorted = [...this.#samples].sort((a, b) => a - b);
    const rank = (share: number): number => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
    return { count: sorted.length, p50Us: rank(0.5), p99Us: rank(0.99), maxUs: sorted.at(-1) ?? 0 };
  }
}
