/** A policy that leaves every unit at the tier it started in. */
import type { Policy } from '../policy.js';

/** Never promotes. */
export const neverPolicy: Policy = {
  name: 'never',
  firstRequest: () => Infinity,
  decide: () => ({ kind: 'wait', calls: Infinity }),
};
