/** Brings a linked version into use and retires the one before it (I4). */
import type { Clock } from '../core/clock.js';
import type { Emit, PublishedEvent } from '../core/events.js';
import type { SlotIndex } from '../core/ids.js';
import type { MemoryBlock } from '../memory/block.js';
import type { SectionMemory } from '../memory/section-memory.js';
import type { Retirement } from '../memory/retirement.js';
import type { AddressMap } from '../registry/address-map.js';
import type { Version } from '../registry/records.js';
import type { OffsetTable } from '../../stubs/offset-table.js';
import type { DirectCalls } from './direct-calls.js';
import { LatencyRecorder } from './statistics.js';
import type { LinkedVersion, RetiredVersion, Unit } from './unit.js';

/** A unit and the version that it comes to. */
export interface Publication {
  readonly unit: Unit;
  readonly version: LinkedVersion;
}

/** What the publisher works with. */
export interface PublisherParts {
  readonly table: OffsetTable;
  readonly memory: SectionMemory;
  readonly retirement: Retirement<RetiredVersion>;
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

  /**
   * Takes a unit's version out of use: its module is removed.
   *
   * @param unit - The unit; its `cutOff` makes its slots lead elsewhere.
   * @param withData - Whether its variables go as well: no other code refers to them.
   * @returns Memory that stays.
   */
  withdraw(unit: Unit, withData: boolean): readonly MemoryBlock[] {
    const { version, data, module } = unit;
    if (version === undefined) return [];
    const variables = data.flatMap(({ blocks }) => blocks);
    unit.version = undefined;
    this.#parts.emit('retired', { module: version.module, tier: version.tier.name, version: version.id });
    if (withData) this.#retire(unit, version, variables);
    // The version of an ELF object holds its variables.
    else if (module.canonical.kind === 'object') return version.blocks;
    else this.#retire(unit, version);
    return withData ? [] : variables;
  }

  /** The commit point (I4): first all slots, then direct calls. Returns the functions of each member. */
  #switch(members: readonly Publication[]): number[] {
    const { table, directCalls } = this.#parts;
    const stored: SlotIndex[] = [];
    const store = (isNew: boolean): number[] =>
      members.map(({ unit, version }) => {
        const before = stored.length;
        for (const [name, slot] of unit.slots) {
          const entry = version.entries.get(name);
          if (entry === undefined || (unit.version?.entries.has(name) !== true) !== isNew) continue;
          table.publish(slot, entry);
          stored.push(slot);
        }
        return stored.length - before;
      });
    // What new source adds comes first: a thread may call it as soon as it reaches a function that was there before.
    const added = store(true);
    const functions = store(false).map((count, index) => count + (added[index] ?? 0));
    directCalls.repoint(stored);
    return functions;
  }

  /** Makes them the versions of their units, and retires those before; returns these. */
  #adopt(members: readonly Publication[]): LinkedVersion[] {
    const { versions, directCalls } = this.#parts;
    const replaced: (readonly [Unit, LinkedVersion])[] = [];
    for (const { unit, version } of members) {
      const code = version.blocks.find((block) => block.region === 'code');
      if (code !== undefined) versions.add(code.address, code.size, version);
      if (unit.linkage === 'direct') directCalls.add(version.image);
      if (unit.version !== undefined) replaced.push([unit, unit.version]);
      unit.version = version;
    }
    for (const [unit, version] of replaced) this.#retire(unit, version);
    return replaced.map(([, version]) => version);
  }

  #retire(unit: Unit, version: LinkedVersion, variables: readonly MemoryBlock[] = []): void {
    const { memory, retirement, versions, deregisterFrames, directCalls } = this.#parts;
    const { cutOff } = unit;
    unit.cutOff = undefined;
    unit.retired.add(version);
    const blocks = [...version.blocks, ...variables];
    retirement.retire({
      version,
      blocks,
      name: `${version.module} at ${version.tier.name}, version ${String(version.id)}`,
      ranges: blocks.map(({ address, size }) => ({ start: address, end: address + size })),
      bytes: blocks.reduce((sum, block) => sum + block.size, 0),
      // What is cut off may be called by versions before it, too.
      ...(cutOff && { cutOff, ready: () => unit.retired.values().next().value === version }),
      reclaim: () => {
        unit.retired.delete(version);
        directCalls.remove(version.image);
        deregisterFrames(version);
        for (const block of blocks) {
          if (block.region === 'code') versions.remove(block.address);
          memory.release(block);
        }
      },
    });
  }
}
