/** The modules of an engine by name and number, and whose function each slot is. */
import { TierlinkError } from '../core/errors.js';
import { type ModuleId, moduleId, type SlotIndex, type VersionId, versionId } from '../core/ids.js';
import type { Definition } from './definition.js';
import type { ModuleRecord } from './records.js';

/** All modules; hands out the numbers of modules and versions. */
export class Registry {
  readonly #modules = new Map<string, ModuleRecord>();
  readonly #functionOfSlot = new Map<SlotIndex, Definition>();
  readonly #ids = new Map<string, ModuleId>();
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
   * The number of a module that is about to be registered. A name keeps its number: the names that its internal symbols
   * are given contain it, so that what refers to them finds them again when a removed module comes back.
   */
  idOf(name: string): ModuleId {
    const id = this.#ids.get(name) ?? moduleId(this.#ids.size + 1);
    this.#ids.set(name, id);
    return id;
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

  /** Notes whose slot it is. */
  own(slot: SlotIndex, definition: Definition): void {
    this.#functionOfSlot.set(slot, definition);
  }

  /** Forgets a slot (a link was rolled back). */
  disown(slot: SlotIndex): void {
    this.#functionOfSlot.delete(slot);
  }

  /** Slots of functions that modules define. */
  get ownedSlots(): number {
    return this.#functionOfSlot.size;
  }

  /** The function whose slot it is. */
  functionAt(slot: SlotIndex): Definition | undefined {
    return this.#functionOfSlot.get(slot);
  }
}
