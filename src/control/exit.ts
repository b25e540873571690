/** Lets the process end although control, or a worker that attached, is in compiled code that does not return. */
import { isMainThread } from 'node:worker_threads';
import type { NativeAddon } from '../native/contract.js';

/** How long compiled code has to come back when the process exits, in milliseconds. */
const patienceMs = 1000;

let watching = false;

/**
 * Watches the end of the process. Node waits for its workers there, and can't stop one that is in compiled code.
 *
 * @param addon - The addon.
 */
export function watchExit(addon: NativeAddon): void {
  if (watching || !isMainThread) return;
  watching = true;
  process.on('exit', (status) => {
    addon.exitIfStuck(status, patienceMs);
  });
}
