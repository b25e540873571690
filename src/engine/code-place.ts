/** Which function of which version an address of code belongs to, and which line it comes from. */
import type { CodePlace } from '../call/callable.js';
import type { Address } from '../core/ids.js';
import { lineAt } from '../observe/source-line.js';
import type { AddressMap } from '../registry/address-map.js';
import type { Version } from '../registry/records.js';
import type { SourceLines } from './source-lines.js';

/**
 * Looks it up.
 *
 * @param versions - All versions that are not reclaimed.
 * @param lines - Reads debug info.
 * @param at - The address.
 * @returns Undefined if no version lies there.
 */
export function codePlace(
  versions: AddressMap<Version>,
  lines: SourceLines,
  at: Address,
): CodePlace | undefined {
  const version = versions.find(at);
  if (version === undefined) return undefined;
  let name = '';
  let start = 0;
  for (const [candidate, entry] of version.entries) {
    if (entry <= at && entry > start) [name, start] = [candidate, entry];
  }
  if (name === '') return undefined;
  const offset = at - start;
  const { file, line } = lineAt(lines.of(version, name), offset) ?? {};
  return { function: name, module: version.module, tier: version.tier.name, offset, file, line };
}
