/** Which function of which version an address of code belongs to, and which line it comes from. */
import type { CodePlace } from '../call/callable.js';
import type { Address } from '../core/ids.js';
import { lineAt } from '../observe/source-line.js';
import type { AddressMap } from '../registry/address-map.js';
import { partAt } from '../registry/code-parts.js';
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
  const part = partAt(version, at);
  if (part === undefined) return undefined;
  const { function: name, name: partName, start } = part;
  const { file, line } = lineAt(lines.of(version, partName), at - start) ?? {};
  const offset = at - (version.entries.get(name) ?? start);
  return { function: name, module: version.module, tier: version.tier.name, offset, file, line };
}
