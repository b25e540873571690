/** Which modules use a name: what depends on a module is found by the names it defines. */
import type { ModuleRecord } from './records.js';

/** The users of every name. */
export class UseIndex {
  readonly #users = new Map<string, Set<string>>();

  /** Notes all that a module uses. */
  add(module: ModuleRecord): void {
    for (const { name } of module.uses) {
      const users = this.#users.get(name);
      if (users === undefined) this.#users.set(name, new Set([module.name]));
      else users.add(module.name);
    }
  }

  /** Forgets all that a module uses. */
  remove(module: ModuleRecord): void {
    for (const { name } of module.uses) {
      const users = this.#users.get(name);
      users?.delete(module.name);
      if (users?.size === 0) this.#users.delete(name);
    }
  }

  /** Names of the modules that use a name. */
  usersOf(name: string): ReadonlySet<string> {
    return this.#users.get(name) ?? none;
  }
}

const none: ReadonlySet<string> = new Set();
