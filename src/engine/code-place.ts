/** Which function of which version an address of code belongs to. */
import type { CodePlace } from '../call/callable.js';
import type { Address } from '../core/ids.js';
import type { AddressMap } from '../registry/address-map.js';
import type { Version } from '../registry/records.js';

/**
 * Looks it up.
 *
 * @param versions - All versions that are not reclaimed.
 * @param at - The address.
 * @returns Undefined if no version lies there.
 */
export function codePlace(versions: AddressMap<Version>, at: Address): CodePlace | undefined {
  const version = versions.find(at);
  if (version === undefined) return undefined;
  let name = '';
  let start = 0;
  for (const [candidate, entry] of version.entries) {
    if (entry <= at && entry > start) [name, start] = [candidate, entry];
  }
  if (name === '') return undefined;
  return { function: name, module: version.module, tier: version.tier.name, offset: at - start };
}
