/**
 * What repeated failure costs: after the nth failure of a unit at a tier the next try waits
 * `base * 2^(n-1)` milliseconds; after `limit` failures the tier is barred for the unit.
 */

/** How failures are punished. */
export interface PenaltyRule {
  /** Milliseconds before the second try. */
  readonly baseMs: number;
  /** Failures after which the tier is barred. */
  readonly limit: number;
}

/** Three tries, a second apart and then two. */
export const defaultPenalty: PenaltyRule = { baseMs: 1_000, limit: 3 };

/**
 * The penalty for a number of failures.
 *
 * @param rule - The rule.
 * @param failures - Failures so far, at least 1.
 * @returns Milliseconds to wait, or `barred`.
 */
export function penalty(rule: PenaltyRule, failures: number): number | 'barred' {
  return failures >= rule.limit ? 'barred' : rule.baseMs * 2 ** (failures - 1);
}
