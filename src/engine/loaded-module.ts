/** What the engine keeps about a module while it is there: its variables, and the units its functions are compiled as. */
import { present } from '../core/assert.js';
import type { CompileTicket } from '../core/compile-ticket.js';
import type { PublishedEvent } from '../core/events.js';
import type { LoopId } from '../core/compiler.js';
import type { LoopCell, SlotIndex } from '../core/ids.js';
import type { LinkedImage } from '../link/image.js';
import type { MemoryBlock } from '../memory/block.js';
import type { Retired } from '../memory/retirement.js';
import type { ModuleRecord, Version } from '../registry/records.js';
import { type LifecycleState, stageOf } from '../../tiers/lifecycle.js';
import type { Linkage, UnitKind } from './options.js';
import type { FunctionCells } from './profile-cells.js';

/** A module as it was when bodies were taken from it. */
export interface Reliance {
  readonly home: LoadedModule;
  readonly record: ModuleRecord;
}

/** A version with what it was linked from: all that moving it, or patching its calls, takes. */
export interface LinkedVersion extends Version {
  readonly home: LoadedModule;
  readonly image: LinkedImage;
  /** Units whose slots lead to it; it is retired when none does any more. */
  readonly users: Set<Unit>;
  /** Where its code counts, if it does. */
  readonly cells: readonly FunctionCells[];
  /** Loops at which its code can be left. */
  readonly polls: readonly Loop[];
  /** The loop whose continuation it is: then no slot leads to it, but the loop's cell. */
  readonly continues: Loop | undefined;
  /** Other modules that bodies were taken from to be inlined: it is right only as long as they are what they were. */
  readonly relies: readonly Reliance[];
}

/** A loop that code polls at. */
export interface Loop {
  readonly home: LoadedModule;
  /** The source that it is a loop of. */
  readonly record: ModuleRecord;
  /** Linker name of the function that it is in. */
  readonly function: string;
  readonly id: LoopId;
  /** 1 for an outermost loop. */
  readonly depth: number;
  /** Of what polls, as it stands in the name. */
  readonly tier: string;
  readonly cell: LoopCell;
  /** Versions that poll it and are not reclaimed. */
  users: number;
  /** True: its module has other source, or is gone; it is never left again. */
  isClosed: boolean;
  /** Where it is left to. */
  continuation: LinkedVersion | undefined;
}

/** Linked variables. The image of an ELF object is that of its version, which holds the memory. */
export interface LinkedData {
  readonly image: LinkedImage;
  readonly blocks: readonly MemoryBlock[];
}

/** A version that no new call can reach. */
export interface RetiredVersion extends Retired {
  readonly version: LinkedVersion;
  /** The memory it holds; the variables of a removed module go with its last version. */
  readonly blocks: readonly MemoryBlock[];
}

/** A unit: all functions of a module, or one of them. */
export interface Unit {
  /** The module's name, or the function's. */
  readonly name: string;
  readonly home: LoadedModule;
  /** Where it stands; replaced by each step of the lifecycle. */
  state: LifecycleState;
  /** The version that its slots lead to. */
  version: LinkedVersion | undefined;
  /** The compile that is under way; settles when it is published or has failed, and never rejects. */
  work: Promise<void> | undefined;
  /** The hand on that compile while it waits for a thread. */
  ticket: CompileTicket | undefined;
  /** The event of its last publish. */
  published: PublishedEvent | undefined;
}

/** A module in an engine. */
export interface LoadedModule {
  /** Replaced when the module gets new source. */
  record: ModuleRecord;
  /** Of how many sources that is the last. */
  generation: number;
  /** True once its variables are there and its functions can be called. */
  isLinked: boolean;
  /** How its calls reach functions. */
  readonly linkage: Linkage;
  /** What is compiled at once. */
  readonly unitKind: UnitKind;
  /** Units by name; of functions, those that were ever asked for. */
  readonly units: Map<string, Unit>;
  /** Slots of the functions that it publishes, by name. */
  slots: ReadonlyMap<string, SlotIndex>;
  /** Positions of these functions among those that its code defines, by name: of those that can be compiled. */
  indexes: ReadonlyMap<string, number>;
  /** In units of one function: a bit for each position whose function has no version. */
  uncompiled: Uint8Array;
  /** Units whose first version is being compiled. */
  readonly beginning: Set<Unit>;
  /** Its linked variables: there once, whatever versions come (I2); with each new source, those that it added. */
  data: readonly LinkedData[];
  /** Loops at which its code, also retired code, can be left. */
  readonly loops: Set<Loop>;
  /** Versions in use of other modules that rely on it. */
  readonly dependents: Set<LinkedVersion>;
  /**
   * Versions before those in use that are not reclaimed yet, in the order in which they were retired; also those of other
   * modules that relied on it.
   */
  readonly retired: Set<LinkedVersion>;
  /** What is to be cut off when the last thread has left the version that is retired next, and those before it. */
  cutOff: (() => void) | undefined;
  /** What is to go when none of its retired versions is left: it had no other one that it could go with. */
  readonly leftovers: (() => void)[];
  /** Where its units begin. */
  readonly declared: LifecycleState;
}

/**
 * A module that was just registered.
 *
 * @param record - The module.
 * @param linkage - How its calls reach functions.
 * @param unitKind - What is compiled at once; a module that can't be taken apart, or has nothing to take apart, is
 *   compiled as a whole all the same.
 * @param declared - Where its units begin.
 * @returns The module, not linked.
 */
export function loadedModule(
  record: ModuleRecord,
  linkage: Linkage,
  unitKind: UnitKind,
  declared: LifecycleState,
): LoadedModule {
  const isDivisible = record.pinned === '' && record.definitions.some(({ kind }) => kind === 'function');
  return {
    record,
    generation: 1,
    isLinked: false,
    linkage,
    unitKind: isDivisible ? unitKind : 'module',
    units: new Map(),
    slots: new Map(),
    indexes: new Map(),
    uncompiled: new Uint8Array(),
    beginning: new Set(),
    data: [],
    loops: new Set(),
    dependents: new Set(),
    retired: new Set(),
    cutOff: undefined,
    leftovers: [],
    declared,
  };
}

/**
 * The unit that a function belongs to; made when it is first asked for, so that a cold function costs nothing.
 *
 * @param home - The module.
 * @param name - Linker name of a function that it publishes.
 * @returns The unit.
 */
export function unitOf(home: LoadedModule, name: string): Unit {
  const unitName = home.unitKind === 'module' ? home.record.name : name;
  const known = home.units.get(unitName);
  if (known !== undefined) return known;
  const made: Unit = {
    name: unitName,
    home,
    state: home.declared,
    version: undefined,
    work: undefined,
    ticket: undefined,
    published: undefined,
  };
  home.units.set(unitName, made);
  return made;
}

/** All units of a module. */
export function allUnits(home: LoadedModule): Unit[] {
  if (home.unitKind === 'module') return [unitOf(home, home.record.name)];
  return Array.from(home.indexes.keys(), (name) => unitOf(home, name));
}

/** What is compiled before anything is called: all of a module, or nothing of it but its variables. */
export function firstUnits(home: LoadedModule): readonly Unit[] {
  return home.unitKind === 'module' ? allUnits(home) : [];
}

/** Slots of the functions of a unit, by name. */
export function slotsOf({ home, name }: Unit): ReadonlyMap<string, SlotIndex> {
  if (home.unitKind === 'module') return home.slots;
  return new Map([[name, present(home.slots.get(name), 'the function of a unit has a slot')]]);
}

/** Versions of a module that are in use, continuations included. */
export function versionsOf(home: LoadedModule): Set<LinkedVersion> {
  const versions = new Set<LinkedVersion>();
  for (const { version } of home.units.values()) if (version !== undefined) versions.add(version);
  for (const { continuation } of home.loops) if (continuation !== undefined) versions.add(continuation);
  return versions;
}

/** True while units of a module are being compiled. */
export function isCompiling(home: LoadedModule): boolean {
  return [...home.units.values()].some(({ work }) => work !== undefined);
}

/**
 * Waits for the compiles of a module that are under way now.
 *
 * @param home - The module.
 */
export async function settled(home: LoadedModule): Promise<void> {
  await Promise.all(Array.from(home.units.values(), async ({ work }) => work));
}

/** Where a module stands: as its unit, or, of many, linked or not. */
export function stageOfModule(home: LoadedModule): string {
  if (home.unitKind === 'module') return stageOf(unitOf(home, home.record.name).state);
  return home.isLinked ? 'executable' : 'declared';
}
