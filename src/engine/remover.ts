/** Takes modules out while the program runs. */
import { TierlinkError } from '../core/errors.js';
import type { Definition } from '../registry/definition.js';
import type { Composition } from './compose.js';
import { isCompiling, type LoadedModule, settled, type Unit, versionsOf } from './loaded-module.js';
import { reachedUnits } from './reached-units.js';

/** The runtime function by which destructors of thread-locals are registered. */
const threadDestructors = '__cxa_thread_atexit';

/** Takes modules of one engine out. */
export class Remover {
  readonly #parts: Composition;

  /** @param parts - The engine's parts. */
  constructor(parts: Composition) {
    this.#parts = parts;
  }

  /**
   * Takes a module out that is linked.
   *
   * @param home - The module.
   * @param force - Also when other modules refer to it.
   * @throws TierlinkError MODULE_IN_USE, MEMORY_EXHAUSTED, EXCEPTION_UNCAUGHT (as rejections); it stays then.
   */
  async remove(home: LoadedModule, force: boolean): Promise<void> {
    const module = home.record;
    const { withdrawal, publisher, dependents, lifecycles, symbols, registry, uses, modules, targets } =
      this.#parts;
    const { lazyCalls, reclaimer, emit } = this.#parts;
    lifecycles.supersede(home);
    while (isCompiling(home)) await settled(home);
    this.#mayGo(home, force);
    await this.#completeReached(home);
    const users = this.#mayGo(home, force);
    const leaving = module.definitions.filter((definition) => this.#stands(definition));
    const withdrawn = withdrawal.prepare(
      module.name,
      leaving.filter(({ kind }) => kind === 'function'),
      ({ name }) => usedAny(users, name),
    );
    try {
      runExitHandlers(this.#parts, home);
    } catch (error) {
      withdrawn.abort();
      throw error;
    }
    // From here on nothing fails.
    const comeBack = dependents.fallBack(home);
    withdrawn.commit();
    for (const unit of home.units.values()) lifecycles.step(unit, { type: 'remove' });
    symbols.remove(module.definitions);
    registry.remove(module.name);
    uses.remove(module);
    modules.delete(module.name);
    // Code of others holds the addresses of variables: as long as there is such code, they stay.
    const referred = leaving.filter(({ name, placed }) => placed !== undefined && usedAny(users, name));
    for (const definition of referred) withdrawal.keepVariable(definition);
    const threadLocal = module.definitions.some(({ kind }) => kind === 'thread-local');
    home.cutOff = () => {
      withdrawn.cutOff();
    };
    withdrawal.leave(module.name, publisher.withdraw(home, referred.length === 0 && !threadLocal));
    targets.setThreadLocals(module.name, undefined);
    this.#parts.profiles.removed(module);
    comeBack();
    lazyCalls.began();
    emit('removed', { module: module.name });
    reclaimer.soon();
  }

  /** Who refers to the module all the same, which is refused unless it is forced. */
  #mayGo(home: LoadedModule, force: boolean): Map<string, Set<string>> {
    const users = this.#users(home);
    if (!force && users.size > 0) {
      const named = [...users].map(([name, used]) => `${name} (${[...used].join(', ')})`);
      throw new TierlinkError('MODULE_IN_USE', { module: home.record.name, users: named });
    }
    this.#refuseThreadDestructors(home);
    return users;
  }

  /** While threads run, they may be in code of the module, and go on to functions of it that were never called. */
  async #completeReached(home: LoadedModule): Promise<void> {
    const { addon, engine, lifecycles, settings } = this.#parts;
    const failed = new Set<Unit>();
    while (addon.engineMutatorsInside(engine) > 0) {
      const reached = reachedUnits(home, settings.relocations === 'preserve');
      const left = reached.filter((unit) => !failed.has(unit));
      if (left.length === 0) return;
      lifecycles.ask(left, 0, {
        reason: 'its module is to be removed',
        forced: true,
        priority: { kind: 'lazy' },
      });
      await settled(home);
      // A call of it is told so.
      for (const unit of left) if (lifecycles.takeFailure(unit) !== undefined) failed.add(unit);
    }
  }

  /** True if a name stands for this definition, so that code was linked against it. */
  #stands(definition: Definition): boolean {
    return this.#parts.symbols.lookup(definition.name) === definition;
  }

  /** Which linked modules refer to what only this one defines, and the names. */
  #users({ record }: LoadedModule): Map<string, Set<string>> {
    const users = new Map<string, Set<string>>();
    for (const definition of record.definitions) {
      for (const user of this.#parts.withdrawal.usersOf(definition)) {
        const names = users.get(user) ?? new Set();
        users.set(user, names.add(definition.name));
      }
    }
    return users;
  }

  /** Threads that used thread-locals will call their destructors when they end: nothing can stand in for these. */
  #refuseThreadDestructors({ record }: LoadedModule): void {
    if (!record.uses.some(({ name }) => name === threadDestructors)) return;
    const users = ['threads: they run the destructors of its thread-locals when they end'];
    throw new TierlinkError('MODULE_IN_USE', { module: record.name, users });
  }
}

/**
 * Runs the exit handlers of a module, last first: those whose function it defines, or that are given its data.
 *
 * @param parts - The engine's parts.
 * @param home - The module.
 * @throws TierlinkError EXCEPTION_UNCAUGHT
 */
export function runExitHandlers(parts: Composition, home: LoadedModule): void {
  const { addon, engine, table } = parts;
  const stubs = [...home.slots.values()].map((slot) => table.stubAddress(slot));
  const blocks = [...home.data, ...versionsOf(home)].flatMap(({ blocks: taken }) => taken);
  const ranges = [
    ...stubs.map((stub) => ({ start: stub, end: stub + 1 })),
    ...blocks.map(({ address, size }) => ({ start: address, end: address + size })),
  ];
  try {
    addon.engineRunExitHandlersWithin(
      engine,
      BigUint64Array.from(ranges.flatMap(({ start, end }) => [BigInt(start), BigInt(end)])),
    );
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TierlinkError(
      'EXCEPTION_UNCAUGHT',
      { symbol: `an exit handler of module ${home.record.name}`, reason },
      { cause },
    );
  }
}

function usedAny(users: ReadonlyMap<string, ReadonlySet<string>>, name: string): boolean {
  return [...users.values()].some((names) => names.has(name));
}
