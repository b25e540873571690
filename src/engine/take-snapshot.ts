/** Reads an engine's parts into a snapshot. */
import type { TierRecipe } from '../core/tier.js';
import type { PlacedBlock } from '../link/context.js';
import type { Composition } from './compose.js';
import { type ReadProcessMap, readProcessMap } from '../memory/process-map.js';
import { type LoadedModule, slotsOf, stageOfModule, versionsOf } from './loaded-module.js';
import { takeLedger } from './take-ledger.js';
import type { EngineSnapshot, ModuleSnapshot } from './snapshot.js';

/**
 * Takes a snapshot.
 *
 * @param parts - The engine's parts.
 * @param read - Gives the process's map.
 * @returns Plain data.
 */
export function takeSnapshot(parts: Composition, read: ReadProcessMap = readProcessMap): EngineSnapshot {
  const homes = [...parts.modules.values()];
  const versions = homes.flatMap((home) => [...versionsOf(home)]);
  const versionsByTier: Record<string, number> = {};
  for (const { tier } of versions) versionsByTier[tier.name] = (versionsByTier[tier.name] ?? 0) + 1;
  // The image of an ELF object is its version and its data in one.
  const images = new Set([...versions, ...homes.flatMap(({ data }) => data)].map(({ image }) => image));
  const preserved = Array.from(images, (image) => image.preserved);
  return {
    control: parts.settings.control,
    modules: homes.map((home) => moduleSnapshot(home, parts.settings.tiers)),
    versionsByTier,
    slots: parts.registry.ownedSlots,
    relocations: {
      count: preserved.reduce((sum, item) => sum + item.count, 0),
      bytes: preserved.reduce((sum, item) => sum + item.bytes, 0),
    },
    publishes: parts.publisher.latencies.summary(),
    memory: {
      code: parts.memory.used('code'),
      readonly: parts.memory.used('readonly'),
      data: parts.memory.used('data'),
      retired: parts.retirement.retiredBytes,
      reclaimed: parts.retirement.reclaimedBytes,
    },
    retired: parts.retirement.held(),
    ledger: takeLedger(parts, read),
    pauses: parts.pauses.summary(),
    moves: parts.mover.latencies.summary(),
    codeCache: {
      start: BigInt(parts.memory.start),
      capacity: parts.memory.limit('code') ?? parts.codeCacheBytes,
      span: parts.memory.span,
    },
    cache: parts.cache?.statistics ?? null,
    compiling: parts.compiler.pending(),
    mutatorsInside: parts.addon.engineMutatorsInside(parts.engine),
    wallMs: parts.atMs(),
  };
}

function moduleSnapshot(home: LoadedModule, ladder: readonly TierRecipe[]): ModuleSnapshot {
  const { record, data } = home;
  const versions = [...versionsOf(home)];
  const rung = Math.max(...versions.map(({ tier }) => ladder.indexOf(tier)));
  const starts = versions.flatMap(({ image: { placement } }) => placement.code?.address ?? []);
  const reliedOn = new Set(versions.flatMap(({ relies }) => relies.map((reliance) => reliance.home)));
  const functions = record.definitions.filter((definition) => definition.kind === 'function').length;
  return {
    name: record.name,
    stage: stageOfModule(home),
    tier: ladder[rung]?.name ?? null,
    version: versions.reduce<number | null>((newest, { id }) => Math.max(newest ?? 0, id), null),
    compiled: compiledByTier(home),
    functions,
    variables: record.definitions.length - functions,
    codeBytes: versions.reduce((sum, { codeBytes }) => sum + codeBytes, 0),
    codeAddress: starts.length === 0 ? null : BigInt(Math.min(...starts)),
    dataBytes: data.reduce(
      (sum, { image: { placement } }) => sum + bytesOf(placement.data) + bytesOf(placement.readonly),
      0,
    ),
    generation: home.generation,
    reliesOn: Array.from(reliedOn, ({ record: { name }, generation }) => ({ module: name, generation })),
    pinned: record.pinned,
  };
}

/** Functions by the tier that they run at. */
function compiledByTier(home: LoadedModule): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const unit of home.units.values()) {
    if (unit.version === undefined) continue;
    const { name } = unit.version.tier;
    counts[name] = (counts[name] ?? 0) + slotsOf(unit).size;
  }
  return counts;
}

function bytesOf(block: PlacedBlock | undefined): number {
  return block?.bytes.length ?? 0;
}
