/**
 * How much a profile is trusted: as much as it has seen. A function of which little was seen is compiled as if there
 * were no profile. Of the others each branch is weighed as if each way had been gone {@link priorCount} times more: so
 * after 100 times in one direction the other one is still expected in 3 of 10 cases, after 10,000 in 1 of 150. However much
 * was seen, no way is expected in fewer than 1 of 16,384 cases.
 *
 * Without that a profile that was taken too early calls code cold that the program has merely not come to yet.
 */
import { type FunctionProfile, mostSeen } from './record.js';

/** A function whose every count is below this has been seen too little. */
const leastCount = 100n;

/** How often each way of a branch is taken to have been gone beside what was counted. */
export const priorCount = 64;

/** True if so much was seen of a function that it is compiled with its profile. */
export function isTrusted(profile: Pick<FunctionProfile, 'counts'>): boolean {
  return mostSeen(profile) >= leastCount;
}
