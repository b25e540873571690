/** A policy that sends a unit to the top of the ladder at the first call of any of its functions. */
import type { Policy } from '../policy.js';

/** Promotes to the top at once. */
export const eagerPolicy: Policy = {
  name: 'eager',
  firstRequest: (tierIndex, ladder) => (tierIndex + 1 < ladder.length ? 1 : Infinity),
  decide: (seen) =>
    seen.tierIndex + 1 < seen.ladder.length
      ? { kind: 'promote', target: seen.ladder.length - 1, reason: 'first call', mode: 'background' }
      : { kind: 'wait', calls: Infinity },
};
