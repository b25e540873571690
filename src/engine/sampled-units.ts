/** Attributes sampled program counters to units, by the function of their version that lies there. */
import { type Address, address } from '../core/ids.js';
import type { AddressMap } from '../registry/address-map.js';
import { partAt } from '../registry/code-parts.js';
import type { LinkedVersion, Unit } from './loaded-module.js';

/**
 * Counts samples by unit.
 *
 * @param versions - Which version an address belongs to.
 * @param counters - Sampled program counters, recent ones.
 * @returns Samples of each unit whose version in use they lie in.
 */
export function samplesByUnit(
  versions: AddressMap<LinkedVersion>,
  counters: BigUint64Array,
): Map<Unit, number> {
  const samples = new Map<Unit, number>();
  for (const counter of counters) {
    const code = address(Number(counter));
    const version = versions.find(code);
    const unit = version === undefined ? undefined : unitIn(version, code);
    if (unit?.version === version && unit !== undefined) samples.set(unit, (samples.get(unit) ?? 0) + 1);
  }
  return samples;
}

function unitIn(version: LinkedVersion, code: Address): Unit | undefined {
  const { home } = version;
  if (home.unitKind === 'module') return home.units.get(home.record.name);
  const name = partAt(version, code)?.function;
  return name === undefined ? undefined : home.units.get(name);
}
