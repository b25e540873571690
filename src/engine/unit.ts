/** What the engine keeps about a unit while it lives: its lifecycle and the version that runs. */
import type { CompileTicket } from '../core/compile-ticket.js';
import type { PublishedEvent } from '../core/events.js';
import type { SlotIndex, UnitId } from '../core/ids.js';
import type { LinkedImage } from '../link/image.js';
import type { MemoryBlock } from '../memory/block.js';
import type { Retired } from '../memory/retirement.js';
import type { ModuleRecord, Version } from '../registry/records.js';
import type { LifecycleState } from '../../tiers/lifecycle.js';
import type { Linkage } from './options.js';

/** A version with what it was linked from: all that moving it, or patching its calls, takes. */
export interface LinkedVersion extends Version {
  readonly image: LinkedImage;
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

/** A unit: here, all functions of one module. */
export interface Unit {
  readonly id: UnitId;
  /** Replaced when the module gets new source. */
  module: ModuleRecord;
  /** New source that is being compiled: from now on all that is compiled for the unit comes from it. */
  replacement: { readonly module: ModuleRecord; readonly wantsData: boolean } | undefined;
  /** Where it stands; replaced by each step of the lifecycle. */
  state: LifecycleState;
  /** The version that its slots lead to. */
  version: LinkedVersion | undefined;
  /** Its linked variables: there once, whatever versions come (I2); with each new source, those that it added. */
  data: readonly LinkedData[];
  /** How its calls reach functions. */
  readonly linkage: Linkage;
  /** Versions before it that are not reclaimed yet, in the order in which they were retired. */
  readonly retired: Set<LinkedVersion>;
  /** What is to be cut off when the last thread has left the version that is retired next, and those before it. */
  cutOff: (() => void) | undefined;
  /** Slots of the functions that this unit's versions publish, by name. */
  slots: ReadonlyMap<string, SlotIndex>;
  /** The compile that is under way; settles when it is published or has failed, and never rejects. */
  work: Promise<void> | undefined;
  /** The hand on that compile while it waits for a thread. */
  ticket: CompileTicket | undefined;
  /** The event of its last publish. */
  published: PublishedEvent | undefined;
}

/**
 * Waits for the compile that is under way now, if there is one.
 *
 * @param unit - The unit.
 */
export async function settled(unit: Unit): Promise<void> {
  if (unit.work !== undefined) await unit.work;
}
