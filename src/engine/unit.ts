/** What the engine keeps about a unit while it lives: its lifecycle and the version that runs. */
import type { PublishedEvent } from '../core/events.js';
import type { SlotIndex, UnitId } from '../core/ids.js';
import type { LinkedImage } from '../link/image.js';
import type { Retired } from '../memory/retirement.js';
import type { ModuleRecord, Version } from '../registry/records.js';
import type { LifecycleState } from '../../tiers/lifecycle.js';
import type { Linkage } from './options.js';

/** A version with what it was linked from: all that moving it, or patching its calls, takes. */
export interface LinkedVersion extends Version {
  readonly image: LinkedImage;
}

/** A version that no new call can reach. */
export interface RetiredVersion extends Retired {
  readonly version: LinkedVersion;
}

/** A unit: here, all functions of one module. */
export interface Unit {
  readonly id: UnitId;
  readonly module: ModuleRecord;
  /** Where it stands; replaced by each step of the lifecycle. */
  state: LifecycleState;
  /** The version that its slots lead to. */
  version: LinkedVersion | undefined;
  /** Its linked variables, if it has any (of an ELF object the whole image): there once, whatever versions come (I2). */
  data: LinkedImage | undefined;
  /** How its calls reach functions. */
  readonly linkage: Linkage;
  /** Slots of the functions that this unit's versions publish, by name. */
  slots: ReadonlyMap<string, SlotIndex>;
  /** The compile that is under way; settles when it is published or has failed, and never rejects. */
  work: Promise<void> | undefined;
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
