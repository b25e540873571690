/** The modules of an engine by name and number, and the units that their functions are compiled as. */
import { TierlinkError } from '../core/errors.js';
import {
  type ModuleId,
  moduleId,
  type SlotIndex,
  type UnitId,
  unitId,
  type VersionId,
  versionId,
} from '../core/ids.js';
import type { ModuleRecord } from './records.js';

/** All modules; hands out the numbers of modules, units and versions. */
export class Registry {
  readonly #modules = new Map<string, ModuleRecord>();
  readonly #unitOfSlot = new Map<SlotIndex, UnitId>();
  readonly #ids = new Map<string, ModuleId>();
  #nextUnit = 1;
  #nextVersion = 1;

  /** Registered modules in the order they were added. */
  modules(): IterableIterator<ModuleRecord> {
    return this.#modules.values();
  }

  /** True if a module of this name is registered. */
  has(name: string): boolean {
    return this.#modules.has(name);
  }

  /**
   * The module of this name.
   *
   * @throws TierlinkError MODULE_UNKNOWN
   */
  module(name: string): ModuleRecord {
    const found = this.#modules.get(name);
    if (found === undefined) throw new TierlinkError('MODULE_UNKNOWN', { module: name });
    return found;
  }

  /**
   * Numbers for a module that is about to be registered. A name keeps its number: the names that its internal symbols are
   * given contain it, so that what refers to them finds them again when a removed module comes back.
   */
  identityOf(name: string): { readonly id: ModuleId; readonly unit: UnitId } {
    const id = this.#ids.get(name) ?? moduleId(this.#ids.size + 1);
    this.#ids.set(name, id);
    const unit = unitId(this.#nextUnit);
    this.#nextUnit += 1;
    return { id, unit };
  }

  /** The highest number that a module was given. */
  get newest(): ModuleId {
    return moduleId(this.#ids.size);
  }

  /** The number of the next version. */
  nextVersion(): VersionId {
    const id = versionId(this.#nextVersion);
    this.#nextVersion += 1;
    return id;
  }

  /** Registers a module, or its new source, whose definitions are in the symbol table. */
  add(record: ModuleRecord): void {
    this.#modules.set(record.name, record);
  }

  /** Takes a module out. */
  remove(name: string): void {
    this.#modules.delete(name);
  }

  /** Notes which unit a slot's function belongs to. */
  own(slot: SlotIndex, unit: UnitId): void {
    this.#unitOfSlot.set(slot, unit);
  }

  /** Forgets a slot (a link was rolled back). */
  disown(slot: SlotIndex): void {
    this.#unitOfSlot.delete(slot);
  }

  /** Slots of functions that modules define. */
  get ownedSlots(): number {
    return this.#unitOfSlot.size;
  }

  /** The unit that a slot's function belongs to. */
  unitOf(slot: SlotIndex): UnitId | undefined {
    return this.#unitOfSlot.get(slot);
  }
}
