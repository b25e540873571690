/** Reads an engine's parts into a snapshot. */
import { stageOf } from '../../tiers/lifecycle.js';
import type { PlacedBlock } from '../link/context.js';
import type { Composition } from './compose.js';
import { type ReadProcessMap, readProcessMap } from '../memory/process-map.js';
import { takeLedger } from './take-ledger.js';
import type { EngineSnapshot, ModuleSnapshot } from './snapshot.js';
import type { Unit } from './unit.js';

/**
 * Takes a snapshot.
 *
 * @param parts - The engine's parts.
 * @param read - Gives the process's map.
 * @returns Plain data.
 */
export function takeSnapshot(parts: Composition, read: ReadProcessMap = readProcessMap): EngineSnapshot {
  const units = [...parts.units.values()];
  const versionsByTier: Record<string, number> = {};
  for (const { version } of units) {
    if (version !== undefined)
      versionsByTier[version.tier.name] = (versionsByTier[version.tier.name] ?? 0) + 1;
  }
  const preserved = units.flatMap(({ version, data }) => [
    ...(version === undefined ? [] : [version.relocations]),
    // The image of an ELF object is its version and its data in one.
    ...data.flatMap(({ image }) => (image === version?.image ? [] : [image.preserved])),
  ]);
  return {
    modules: units.map(moduleSnapshot),
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

function moduleSnapshot(unit: Unit): ModuleSnapshot {
  const { module, version, data } = unit;
  const code = version?.image.placement.code;
  const functions = module.definitions.filter((definition) => definition.kind === 'function').length;
  return {
    name: module.name,
    stage: stageOf(unit.state),
    tier: version?.tier.name ?? null,
    version: version?.id ?? null,
    functions,
    variables: module.definitions.length - functions,
    codeBytes: version?.codeBytes ?? 0,
    codeAddress: code === undefined ? null : BigInt(code.address),
    dataBytes: data.reduce(
      (sum, { image: { placement } }) => sum + bytesOf(placement.data) + bytesOf(placement.readonly),
      0,
    ),
    pinned: module.pinned,
  };
}

function bytesOf(block: PlacedBlock | undefined): number {
  return block?.bytes.length ?? 0;
}
