/** Refuses a part that was written for another version of its interface, before it is called for the first time. */
import { TierlinkError } from './errors.js';

/**
 * Checks the version of a part that the user gave.
 *
 * @param part - The part.
 * @param name - Name of its interface.
 * @param expected - The version that this library calls.
 * @throws TierlinkError API_VERSION_MISMATCH
 */
export function checkApiVersion(part: { readonly apiVersion: number }, name: string, expected: number): void {
  // What comes from JavaScript may have none.
  const found: unknown = part.apiVersion;
  if (found !== expected) {
    throw new TierlinkError('API_VERSION_MISMATCH', { interface: name, found: String(found), expected });
  }
}
