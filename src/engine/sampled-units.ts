/** Attributes sampled program counters to units, by the function of their version that lies there. */
import { type Address, address } from '../core/ids.js';
import type { AddressMap } from '../registry/address-map.js';
import type { LinkedVersion, Unit } from './loaded-module.js';

interface Entry {
  readonly start: Address;
  readonly name: string;
}

/** Entries of versions in the order of their addresses; made when a version is first sampled. */
const sorted = new WeakMap<LinkedVersion, readonly Entry[]>();

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
  const name = functionAt(version, code);
  return name === undefined ? undefined : home.units.get(name);
}

function functionAt(version: LinkedVersion, code: Address): string | undefined {
  let entries = sorted.get(version);
  if (entries === undefined) {
    entries = Array.from(version.entries, ([name, start]) => ({ name, start })).sort(
      (a, b) => a.start - b.start,
    );
    sorted.set(version, entries);
  }
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((entries[middle]?.start ?? Infinity) <= code) low = middle + 1;
    else high = middle;
  }
  return entries[low - 1]?.name;
}
