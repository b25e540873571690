/** Brings a linked version into use and retires the one before it (I4). */
import { present } from '../core/assert.js';
import { bitsOf, clearBit, countBits, setBit } from '../core/bits.js';
import type { Clock } from '../core/clock.js';
import type { ContinuedEvent, Emit, PublishedEvent } from '../core/events.js';
import type { SlotIndex } from '../core/ids.js';
import type { MemoryBlock } from '../memory/block.js';
import type { SectionMemory } from '../memory/section-memory.js';
import type { Retirement } from '../memory/retirement.js';
import type { AddressMap } from '../registry/address-map.js';
import type { Version } from '../registry/records.js';
import type { LazyEntries } from '../../stubs/lazy-entries.js';
import type { LoopCells } from '../../stubs/loop-cells.js';
import type { OffsetTable } from '../../stubs/offset-table.js';
import type { DirectCalls } from './direct-calls.js';
import {
  type LinkedVersion,
  type LoadedModule,
  type Loop,
  type RetiredVersion,
  slotsOf,
  type Unit,
  versionsOf,
} from './loaded-module.js';
import type { LoopTable } from './loops.js';
import type { ProfileCells } from './profile-cells.js';
import { LatencyRecorder } from './statistics.js';

/** A version, and the units that come to it: of one module. */
export interface Publication {
  readonly units: readonly Unit[];
  readonly version: LinkedVersion;
}

/** What fell back: functions that are compiled anew when they are called, and loops that go on. */
export interface Fallen {
  readonly units: readonly Unit[];
  readonly loops: readonly Loop[];
}

/** What the publisher works with. */
export interface PublisherParts {
  readonly table: OffsetTable;
  readonly lazyEntries: LazyEntries;
  readonly memory: SectionMemory;
  readonly retirement: Retirement<RetiredVersion>;
  readonly versions: AddressMap<LinkedVersion>;
  readonly directCalls: DirectCalls;
  readonly loops: LoopTable;
  readonly loopCells: LoopCells;
  /** Hears of code that is about to come into use, and of code that has. */
  readonly onLoops: {
    /** May give loops their continuations before any of them runs. */
    readonly coming: (loops: readonly Loop[]) => void;
    /** How many arrivals a loop waits for until it is left to its new continuation. */
    readonly arrivals: () => number;
    readonly inUse: (version: LinkedVersion) => void;
  };
  readonly cells: Pick<ProfileCells, 'retain' | 'release'>;
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
  #uncompiled = 0;

  /** @param parts - Tables, memory and observers. */
  constructor(parts: PublisherParts) {
    this.#parts = parts;
  }

  /** Functions whose slots lead to lazy entries. */
  get uncompiled(): number {
    return this.#uncompiled;
  }

  /**
   * Publishes versions that are complete: relocated, protected, unwind-registered. Cannot fail. First who observes code
   * is told, then all slots are stored, then direct calls are turned; then the versions before them are retired.
   *
   * @param members - New versions with their units; they come into use together.
   */
  publish(members: readonly Publication[]): void {
    const { clock, emit, onLoops } = this.#parts;
    for (const { version } of members) onLoops.coming(version.polls);
    this.#announce(members);
    const begin = clock.now();
    const functions = this.#switch(members);
    const publishUs = (clock.now() - begin) / 1e3;
    this.latencies.add(publishUs);
    const replaced = this.#adopt(members);
    for (const [index, { units, version }] of members.entries()) {
      if (version.continues !== undefined) {
        emit('continued', continuedEvent(version, version.continues));
        continue;
      }
      const event: PublishedEvent = {
        module: version.module,
        unit: units[0]?.name ?? version.module,
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
      for (const unit of units) unit.published = event;
      emit('published', event);
    }
    for (const { version } of members) onLoops.inUse(version);
    this.#tellRetired(replaced);
  }

  #tellRetired(versions: Iterable<LinkedVersion>): void {
    for (const { module, tier, id } of versions)
      this.#parts.emit('retired', { module, tier: tier.name, version: id });
  }

  /**
   * Publishes versions that are in use already at their new places. Cannot fail.
   *
   * @param members - The versions at their new places, with all their units.
   */
  relocate(members: readonly Publication[]): void {
    this.#announce(members);
    this.#switch(members);
    this.#adopt(members);
  }

  /**
   * Takes the versions of a module out of use: it is removed.
   *
   * @param home - The module; its `cutOff` makes its slots lead elsewhere.
   * @param withData - Whether its variables go as well: no other code refers to them.
   * @returns Memory that stays.
   */
  withdraw(home: LoadedModule, withData: boolean): readonly MemoryBlock[] {
    const { data, record } = home;
    const versions = [...versionsOf(home)];
    const variables = data.flatMap(({ blocks }) => blocks);
    for (const unit of home.units.values()) unit.version = undefined;
    this.#parts.loops.close(home, undefined);
    this.#uncompiled -= countBits(home.uncompiled);
    home.uncompiled = new Uint8Array();
    this.#tellRetired(versions);
    // The version of an ELF object holds its variables.
    if (!withData && record.canonical.kind === 'object') return versions.flatMap(({ blocks }) => blocks);
    this.#retireAll(home, versions, withData ? variables : []);
    return withData ? [] : variables;
  }

  /**
   * Makes a module begin again: its functions are compiled anew when they are called. Versions in use are retired.
   *
   * @param home - A module in units of one function, which has new source.
   */
  startOver(home: LoadedModule): void {
    const { table, lazyEntries, directCalls } = this.#parts;
    const slots = [...home.slots.values()];
    const versions = [...versionsOf(home)];
    this.#parts.loops.close(home, home.record);
    for (const slot of slots) table.publish(slot, lazyEntries.entry(slot));
    directCalls.repoint(slots);
    // Of a module that is just being linked, some may be on their way already.
    if (home.isLinked) home.units.clear();
    this.#uncompiled -= countBits(home.uncompiled);
    home.uncompiled = bitsOf(home.indexes.values());
    this.#uncompiled += home.indexes.size;
    this.#retireAll(home, versions);
    this.#tellRetired(versions);
  }

  /**
   * Takes versions of other modules out of use that bodies of a module were taken for: it is about to be another one, or to
   * be gone. Cannot fail.
   *
   * @param source - The module.
   * @returns What they were of. Nothing is compiled for these until they are called or reached.
   */
  fallBack(source: LoadedModule): Fallen {
    const { table, lazyEntries, directCalls, loopCells } = this.#parts;
    const versions = [...source.dependents];
    const units = versions.flatMap(({ users }) => [...users]);
    const loops = versions.flatMap(({ continues }) => continues ?? []);
    // What takes bodies is compiled without the rest of its module, so its slots have lazy entries.
    const slots = units.flatMap((unit) => [...slotsOf(unit).values()]);
    for (const slot of slots) table.publish(slot, lazyEntries.entry(slot));
    for (const { cell } of loops) loopCells.stay(cell);
    directCalls.repoint(slots);
    for (const unit of units) {
      unit.version?.users.delete(unit);
      unit.version = undefined;
      if (setBit(unit.home.uncompiled, unit.home.indexes.get(unit.name))) this.#uncompiled += 1;
    }
    for (const loop of loops) loop.continuation = undefined;
    for (const version of versions) this.#retire(version.home, version, [], undefined);
    this.#tellRetired(versions);
    return { units, loops };
  }

  /** Before any of it can run: what a thread is in, observers have heard of. */
  #announce(members: readonly Publication[]): void {
    for (const { version } of members) {
      const code = version.blocks.find((block) => block.region === 'code');
      if (code !== undefined) this.#parts.versions.add(code.address, code.size, version);
    }
  }

  /** The commit point (I4): first all slots, then direct calls. Returns the functions of each member. */
  #switch(members: readonly Publication[]): number[] {
    const { table, directCalls } = this.#parts;
    const stored: SlotIndex[] = [];
    const store = (isNew: boolean): number[] =>
      members.map(({ units, version }) => {
        const before = stored.length;
        for (const unit of units) {
          for (const [name, slot] of slotsOf(unit)) {
            const entry = version.entries.get(name);
            if (entry === undefined || (unit.version?.entries.has(name) !== true) !== isNew) continue;
            table.publish(slot, entry);
            stored.push(slot);
          }
        }
        return stored.length - before;
      });
    // What new source adds comes first: a thread may call it as soon as it reaches a function that was there before.
    const added = store(true);
    for (const { version } of members) this.#lead(version);
    const functions = store(false).map((count, index) => count + (added[index] ?? 0));
    directCalls.repoint(stored);
    return functions;
  }

  /** Leads a loop to its continuation. */
  #lead({ continues: loop, entries }: LinkedVersion): void {
    if (loop === undefined) return;
    const { loopCells, onLoops } = this.#parts;
    const code = present(entries.get(loop.function), 'a continuation has its entry');
    if (loop.continuation === undefined) loopCells.leave(loop.cell, code, onLoops.arrivals());
    else loopCells.redirect(loop.cell, code);
  }

  /** Makes them the versions of their units, and retires those that no unit has any more; returns these. */
  #adopt(members: readonly Publication[]): LinkedVersion[] {
    const { directCalls, loops } = this.#parts;
    const replaced = new Map<LoadedModule, Set<LinkedVersion>>();
    const retire = (before: LinkedVersion): void => {
      const ofModule = replaced.get(before.home) ?? new Set();
      replaced.set(before.home, ofModule.add(before));
    };
    for (const { units, version } of members) {
      this.#parts.cells.retain(version.cells);
      for (const unit of units) {
        const before = unit.version;
        unit.version = version;
        if (clearBit(unit.home.uncompiled, unit.home.indexes.get(unit.name))) this.#uncompiled -= 1;
        version.users.add(unit);
        before?.users.delete(unit);
        if (before?.users.size === 0) retire(before);
      }
      loops.retain(version);
      for (const { home } of version.relies) home.dependents.add(version);
      const { continues: loop } = version;
      if (loop !== undefined) {
        if (loop.continuation !== undefined) retire(loop.continuation);
        loop.continuation = version;
      }
      if (version.home.linkage === 'direct') directCalls.add(version.image);
    }
    // Of a module that got new source, loops of the one before are left no more.
    for (const { version } of members) loops.close(version.home, version.home.record).forEach(retire);
    for (const [home, versions] of replaced) this.#retireAll(home, [...versions]);
    return [...replaced.values()].flatMap((versions) => [...versions]);
  }

  /** Variables, and what is to be cut off, go with the last one. */
  #retireAll(
    home: LoadedModule,
    versions: readonly LinkedVersion[],
    variables: readonly MemoryBlock[] = [],
  ): void {
    const last = versions.at(-1);
    if (last === undefined) {
      const { cutOff } = home;
      home.leftovers.push(() => {
        cutOff?.();
        for (const block of variables) this.#parts.memory.release(block);
      });
      // Unless a thread may be in older code, of source that was replaced, it is in none of the module.
      if (home.retired.size === 0) dropLeftovers(home);
    }
    for (const version of versions) {
      if (version === last) this.#retire(home, version, variables, home.cutOff);
      else this.#retire(home, version, [], undefined);
    }
    home.cutOff = undefined;
  }

  #retire(
    home: LoadedModule,
    version: LinkedVersion,
    variables: readonly MemoryBlock[],
    cutOff: (() => void) | undefined,
  ): void {
    const { memory, retirement, versions, deregisterFrames, directCalls, loops } = this.#parts;
    // What bodies were taken from stays as long as these: they refer to its variables and functions.
    const homes = [home, ...version.relies.map((reliance) => reliance.home)];
    for (const one of homes) {
      one.dependents.delete(version);
      one.retired.add(version);
    }
    const blocks = [...version.blocks, ...variables];
    retirement.retire({
      version,
      blocks,
      name: `${version.module} at ${version.tier.name}, version ${String(version.id)}`,
      ranges: blocks.map(({ address, size }) => ({ start: address, end: address + size })),
      bytes: blocks.reduce((sum, block) => sum + block.size, 0),
      // What is cut off may be called by versions before it, too.
      ...(cutOff && { cutOff, ready: () => home.retired.values().next().value === version }),
      reclaim: () => {
        for (const one of homes) one.retired.delete(version);
        directCalls.remove(version.image);
        deregisterFrames(version);
        this.#parts.cells.release(version.cells);
        for (const block of blocks) {
          if (block.region === 'code') versions.remove(block.address);
          memory.release(block);
        }
        const unreachable = loops.release(version);
        for (const continuation of unreachable) this.#retire(home, continuation, [], undefined);
        for (const one of homes) if (one.retired.size === 0) dropLeftovers(one);
        this.#tellRetired(unreachable);
      },
    });
  }
}

function continuedEvent(version: LinkedVersion, loop: Loop): ContinuedEvent {
  return {
    module: version.module,
    function: loop.function,
    loop: loop.id.loop,
    from: loop.tier,
    tier: version.tier.name,
    version: version.id,
    reason: version.reason,
    compileMs: version.compileMs,
    linkUs: version.linkUs,
    codeBytes: version.codeBytes,
    atMs: version.atMs,
  };
}

function dropLeftovers(home: LoadedModule): void {
  for (const drop of home.leftovers.splice(0)) drop();
}
