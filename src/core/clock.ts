/** Time, injected, so that policies and lifecycles can be tested without waiting. */

/** A monotonic clock. */
export interface Clock {
  /** Nanoseconds since an arbitrary start, as a float (exact below 104 days). */
  now(): number;
}

/** The process's own monotonic clock. */
export const monotonicClock: Clock = {
  now: () => performance.now() * 1e6,
};
