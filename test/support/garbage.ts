/** Collects garbage at a moment of the test's choosing, so that memory can be compared. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
// Safe because a context made after the flag is set has V8's function of this name.
const collect = runInNewContext('gc') as () => void;

/** Frees all that nobody refers to. */
export function collectGarbage(): void {
  // What the first pass finalizes is free after the second.
  collect();
  collect();
}
