/** Brings a linked version into use and retires the one before it (I4). */
import type { Clock } from '../core/clock.js';
import type { Emit, PublishedEvent } from '../core/events.js';
import type { MemoryManager } from '../memory/memory-manager.js';
import type { Retirement } from '../memory/retirement.js';
import type { AddressMap } from '../registry/address-map.js';
import type { Version } from '../registry/records.js';
import type { OffsetTable } from '../../stubs/offset-table.js';
import { LatencyRecorder } from './statistics.js';
import type { Unit } from './unit.js';

/** What the publisher works with. */
export interface PublisherParts {
  readonly table: OffsetTable;
  readonly memory: MemoryManager;
  readonly retirement: Retirement;
  readonly versions: AddressMap<Version>;
  readonly clock: Clock;
  readonly emit: Emit;
  /** Takes a version's unwind tables out again. */
  readonly deregisterFrames: (version: Version) => void;
}

/** Publishes and retires. */
export class Publisher {
  /** Durations of publishes. */
  readonly latencies: LatencyRecorder = new LatencyRecorder();
  readonly #parts: PublisherParts;

  /** @param parts - Tables, memory and observers. */
  constructor(parts: PublisherParts) {
    this.#parts = parts;
  }

  /**
   * Stores the slots of a version that is complete: relocated, protected, unwind-registered. Cannot fail.
   * The old version is retired; who observes is told only after the last store.
   *
   * @param unit - The unit.
   * @param version - Its new version.
   */
  publish(unit: Unit, version: Version): void {
    const { table, clock, emit, versions } = this.#parts;
    const code = version.blocks.find((block) => block.region === 'code');
    if (code !== undefined) versions.add(code.address, code.size, version);
    const begin = clock.now();
    let functions = 0;
    for (const [name, slot] of unit.slots) {
      const entry = version.entries.get(name);
      if (entry === undefined) continue;
      table.publish(slot, entry);
      functions += 1;
    }
    const publishUs = (clock.now() - begin) / 1e3;
    this.latencies.add(publishUs);
    const old = unit.version;
    unit.version = version;
    const event: PublishedEvent = {
      module: version.module,
      unit: version.module,
      tier: version.tier.name,
      version: version.id,
      reason: version.reason,
      compileMs: version.compileMs,
      linkUs: version.linkUs,
      publishUs,
      codeBytes: version.codeBytes,
      relocations: version.relocations.count,
      functions,
      atMs: version.atMs,
    };
    unit.published = event;
    emit('published', event);
    if (old !== undefined) this.#retire(old);
  }

  #retire(version: Version): void {
    const { memory, retirement, versions, emit, deregisterFrames } = this.#parts;
    retirement.retire({
      name: `${version.module} at ${version.tier.name}, version ${String(version.id)}`,
      ranges: version.blocks.map(({ address, size }) => ({ start: address, end: address + size })),
      bytes: version.blocks.reduce((sum, block) => sum + block.size, 0),
      reclaim: () => {
        deregisterFrames(version);
        for (const block of version.blocks) {
          if (block.region === 'code') versions.remove(block.address);
          memory.release(block);
        }
      },
    });
    emit('retired', { module: version.module, tier: version.tier.name, version: version.id });
  }
}
