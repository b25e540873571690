/** Brings a linked version into use and retires the one before it (I4). */
import type { Clock } from '../core/clock.js';
import type { Emit, PublishedEvent } from '../core/events.js';
import type { SlotIndex } from '../core/ids.js';
import type { SectionMemory } from '../memory/section-memory.js';
import type { Retirement } from '../memory/retirement.js';
import type { AddressMap } from '../registry/address-map.js';
import type { Version } from '../registry/records.js';
import type { OffsetTable } from '../../stubs/offset-table.js';
import type { DirectCalls } from './direct-calls.js';
import { LatencyRecorder } from './statistics.js';
import type { LinkedVersion, Unit } from './unit.js';

/** A unit and the version that it comes to. */
export interface Publication {
  readonly unit: Unit;
  readonly version: LinkedVersion;
}

/** What the publisher works with. */
export interface PublisherParts {
  readonly table: OffsetTable;
  readonly memory: SectionMemory;
  readonly retirement: Retirement;
  readonly versions: AddressMap<Version>;
  readonly directCalls: DirectCalls;
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
   * Publishes versions that are complete: relocated, protected, unwind-registered. Cannot fail. First all slots are
   * stored, then direct calls are turned; then the versions before them are retired, and who observes is told.
   *
   * @param members - Units with their new versions; they come into use together.
   */
  publish(members: readonly Publication[]): void {
    const { clock, emit } = this.#parts;
    const begin = clock.now();
    const functions = this.#switch(members);
    const publishUs = (clock.now() - begin) / 1e3;
    this.latencies.add(publishUs);
    const replaced = this.#adopt(members);
    for (const [index, { unit, version }] of members.entries()) {
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
        functions: functions[index] ?? 0,
        atMs: version.atMs,
      };
      unit.published = event;
      emit('published', event);
    }
    for (const { module, tier, id } of replaced) emit('retired', { module, tier: tier.name, version: id });
  }

  /**
   * Publishes versions that are in use already at their new places. Cannot fail.
   *
   * @param members - Units, with their versions at the new places.
   */
  relocate(members: readonly Publication[]): void {
    this.#switch(members);
    this.#adopt(members);
  }

  /** The commit point (I4): first all slots, then direct calls. Returns the functions of each member. */
  #switch(members: readonly Publication[]): number[] {
    const { table, directCalls } = this.#parts;
    const stored: SlotIndex[] = [];
    const functions = members.map(({ unit, version }) => {
      const before = stored.length;
      for (const [name, slot] of unit.slots) {
        const entry = version.entries.get(name);
        if (entry === undefined) continue;
        table.publish(slot, entry);
        stored.push(slot);
      }
      return stored.length - before;
    });
    directCalls.repoint(stored);
    return functions;
  }

  /** Makes them the versions of their units, and retires those before; returns these. */
  #adopt(members: readonly Publication[]): LinkedVersion[] {
    const { versions, directCalls } = this.#parts;
    const replaced: LinkedVersion[] = [];
    for (const { unit, version } of members) {
      const code = version.blocks.find((block) => block.region === 'code');
      if (code !== undefined) versions.add(code.address, code.size, version);
      if (unit.linkage === 'direct') directCalls.add(version.image);
      if (unit.version !== undefined) replaced.push(unit.version);
      unit.version = version;
    }
    for (const version of replaced) this.#retire(version);
    return replaced;
  }

  #retire(version: LinkedVersion): void {
    const { memory, retirement, versions, deregisterFrames, directCalls } = this.#parts;
    retirement.retire({
      name: `${version.module} at ${version.tier.name}, version ${String(version.id)}`,
      ranges: version.blocks.map(({ address, size }) => ({ start: address, end: address + size })),
      bytes: version.blocks.reduce((sum, block) => sum + block.size, 0),
      reclaim: () => {
        directCalls.remove(version.image);
        deregisterFrames(version);
        for (const block of version.blocks) {
          if (block.region === 'code') versions.remove(block.address);
          memory.release(block);
        }
      },
    });
  }
}
