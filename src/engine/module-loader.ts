/** Brings modules in: registers them, links them together, and recompiles them when asked. */
import { present } from '../core/assert.js';
import { TierlinkError } from '../core/errors.js';
import type { PublishedEvent, ReplacedEvent } from '../core/events.js';
import type { ModuleRecord } from '../registry/records.js';
import { ArchiveResolver } from '../resolve/archive-resolver.js';
import { declaredUnit, type LifecycleState } from '../../tiers/lifecycle.js';
import { type BatchHooks, buildTogether } from './batch-builder.js';
import type { Composition } from './compose.js';
import { isProvided, ModuleReader } from './module-reader.js';
import {
  allUnits,
  firstUnits,
  isCompiling,
  type LoadedModule,
  loadedModule,
  settled,
} from './loaded-module.js';
import { checkLinkage, type Linkage } from './options.js';
import { Remover } from './remover.js';
import { Replacer } from './replacer.js';
import { type ModuleSource, readSource, type SourceBytes } from './source.js';
import { Startup } from './startup.js';
import { queriedUse } from './symbol-chain.js';

/** One module of a group; see `Engine.recompileGroup`. */
export interface GroupMember {
  readonly module: string;
  /** Name of a tier of the engine's ladder. */
  readonly tier: string;
}

/** How a group is published. */
export interface GroupOptions {
  /**
   * True: at a moment at which no thread is inside compiled code, so that none ever runs code of some members from
   * before and of others from after. @defaultValue false
   */
  readonly atomic?: boolean;
  /** How long to wait for such a moment, in milliseconds. @defaultValue 1000 */
  readonly timeoutMs?: number;
}

/** A linked module, and the tier that all of it is to get, as a position in the ladder. */
interface Recompile {
  readonly home: LoadedModule;
  readonly target: number;
}

/** Options of `Engine.addModule`. */
export interface AddModuleOptions {
  /** How calls that leave this module's versions reach functions. @defaultValue the engine's */
  readonly linkage?: Linkage;
}

/** One module of `Engine.addModules`. */
export interface NamedSource extends AddModuleOptions {
  /** Its name, unique in the engine. */
  readonly name: string;
  readonly source: ModuleSource;
}

/** A module whose bytes were read. */
interface TakenModule {
  readonly name: string;
  readonly source: SourceBytes;
  readonly linkage: Linkage;
}

/** Modules up to the first that can't be taken, and why it can't. */
interface Taken {
  readonly taken: readonly TakenModule[];
  readonly failure: { readonly error: unknown } | undefined;
}

/** Registers and links the modules of one engine. */
export class ModuleLoader {
  readonly #parts: Composition;
  /** Names of archives that were added. */
  readonly #archives = new Set<string>();
  readonly #startup: Startup;
  readonly #reader: ModuleReader;
  readonly #remover: Remover;
  readonly #replacer: Replacer;
  /** In the order they were added: a link looks at these alone. */
  readonly #unlinked = new Set<LoadedModule>();
  readonly #declared: LifecycleState;

  /** @param parts - The engine's parts. */
  constructor(parts: Composition) {
    this.#parts = parts;
    this.#declared = declaredUnit(parts.settings.penalty);
    this.#startup = new Startup(parts);
    this.#reader = new ModuleReader(parts);
    this.#remover = new Remover(parts);
    this.#replacer = new Replacer(parts, this.#reader, this.#startup);
  }

  /** Registers modules, all or none; see `Engine.addModules`. */
  add(modules: readonly NamedSource[]): void {
    const { registry, chain } = this.#parts;
    const { taken, failure } = this.#take(modules);
    const incoming = taken
      .filter(({ source }) => source.format !== 'archive')
      .map(({ name, source }) => ({ identity: { id: registry.idOf(name), name }, source }));
    const records = this.#reader.readAll(incoming);
    const archives: ArchiveResolver[] = [];
    const homes: LoadedModule[] = [];
    try {
      for (const { name, source, linkage } of taken) {
        if (source.format === 'archive') archives.push(new ArchiveResolver(name, source.bytes));
        else homes.push(this.#register(present(records.next().value, 'each has a record'), linkage));
      }
      // What is wrong with a module before the first that can't be taken comes first.
      if (failure !== undefined) throw failure.error;
    } catch (error) {
      for (const { record } of homes.reverse()) this.#unregister(record.name);
      throw error;
    }
    for (const archive of archives) {
      chain.addArchive(archive);
      this.#archives.add(archive.name);
    }
    for (const home of homes) this.#announce(home);
  }

  /** Looks at options and names, and reads the bytes, until the first module with which something is wrong. */
  #take(modules: readonly NamedSource[]): Taken {
    const { settings, registry } = this.#parts;
    const taken = new Map<string, TakenModule>();
    try {
      for (const { name, source, linkage: wanted } of modules) {
        const linkage = checkLinkage(wanted ?? settings.linkage, settings);
        if (registry.has(name) || this.#archives.has(name) || taken.has(name)) {
          throw new TierlinkError('MODULE_DUPLICATE', { module: name });
        }
        taken.set(name, { name, source: readSource(name, source), linkage });
      }
    } catch (error) {
      return { taken: [...taken.values()], failure: { error } };
    }
    return { taken: [...taken.values()], failure: undefined };
  }

  /** Links all modules that are not linked yet; see `Engine.link`. */
  async link(): Promise<void> {
    const { chain, lookAhead, rememberedCalls } = this.#parts;
    const joined: string[] = [];
    let pending: readonly LoadedModule[] = [];
    let constructors: readonly string[];
    try {
      this.#join(joined);
      pending = [...this.#unlinked];
      if (pending.length === 0) return;
      chain.begin(pending.map(({ record }) => record.name));
      for (const { record } of pending) this.#reader.checkUses(record);
      const members = pending.map((home) => ({ home, units: firstUnits(home), target: 0 }));
      const recalled = rememberedCalls.recall(pending);
      const called = recalled instanceof Promise ? await recalled : recalled;
      constructors = pending.flatMap(({ record }) => record.constructors.map(({ name }) => name));
      const building = buildTogether(this.#parts, members, 'first version');
      // While variables are compiled. Constructors come first: this thread runs them, and waits for those that are not there.
      lookAhead.remember(called, [...constructors, 'main']);
      this.#compileAhead(constructors.length > 0 ? constructors : ['main']);
      await building;
    } catch (error) {
      chain.forget(pending.map(({ record }) => record.name));
      // Only who was asked for by name stays registered after a failure (I8).
      for (const name of joined) this.#unregister(name);
      throw error;
    }
    chain.keep();
    for (const home of pending) {
      this.#unlinked.delete(home);
      this.#parts.unitCompiler.dropObject(home.record.name);
    }
    this.#parts.sources.linked();
    this.#parts.lazyCalls.began();
    this.#parts.exportedSymbols.add(pending);
    if (constructors.length > 0) {
      await lookAhead.compiled(new Set(constructors));
      this.#compileAhead(['main']);
    }
    this.#startup.run(pending);
  }

  /** Compiles functions that are called for certain. */
  #compileAhead(names: readonly string[]): void {
    this.#parts.lookAhead.compile(
      names.map((name) => ({ name, likelihood: 1 })),
      1,
    );
  }

  /** Lets modules join that resolvers offer, until nothing that those define is missing. */
  #join(joined: string[]): void {
    const { chain, registry, settings } = this.#parts;
    let grown = true;
    while (grown) {
      grown = false;
      for (const { record } of this.#unlinked) {
        for (const use of record.uses) {
          if (use.weak || isProvided(use.name)) continue;
          const offered = chain.offer(use.name, queriedUse(use), record.name);
          if (offered === undefined) continue;
          const { name, bytes } = offered;
          const read = this.#reader.read({ id: registry.idOf(name), name }, readSource(name, bytes));
          const home = this.#register(read, settings.linkage);
          joined.push(name);
          this.#announce(home);
          grown = true;
        }
      }
    }
  }

  /** Compiles a module again; see `Engine.recompile`. */
  async recompile(module: string, tier: string): Promise<PublishedEvent> {
    const [published] = await this.#recompileAll([this.#recompilable(module, tier, 'recompile')]);
    return present(published, 'a compile that did not fail was published');
  }

  /** Takes a module out; see `Engine.removeModule`. */
  async remove(name: string, force: boolean): Promise<void> {
    const home = this.#parts.homeOf(name);
    if (!home.isLinked) {
      this.#unregister(name);
      this.#parts.emit('removed', { module: name });
      return;
    }
    await this.#remover.remove(home, force);
    this.#parts.exportedSymbols.refresh();
    this.#forget(home.record);
  }

  /** Gives a module new source; see `Engine.replaceModule`. */
  async replace(name: string, source: ModuleSource, state: 'keep' | 'reset'): Promise<ReplacedEvent> {
    const home = this.#parts.homeOf(name);
    if (!home.isLinked) throw new TierlinkError('NOT_LINKED', { operation: 'replaceModule', module: name });
    const replaced = await this.#replacer.replace(home, readSource(name, source), state);
    this.#parts.exportedSymbols.refresh();
    this.#parts.lazyCalls.began();
    return replaced;
  }

  /** Compiles modules again and publishes them together; see `Engine.recompileGroup`. */
  async recompileGroup(requests: readonly GroupMember[], options: GroupOptions): Promise<PublishedEvent[]> {
    const names = requests.map(({ module }) => module);
    const seen = new Set<string>();
    const twice = names.find((name) => seen.size === seen.add(name).size);
    if (twice !== undefined) {
      const expected = 'each module once';
      throw new TierlinkError('OPTION_INVALID', { option: 'group', value: `${twice}, twice`, expected });
    }
    const members = requests.map(({ module, tier }) => this.#recompilable(module, tier, 'recompileGroup'));
    const { timeoutMs = 1000 } = options;
    const whenQuiescent = async (commit: () => void): Promise<void> =>
      this.#parts.quiescence.run(names, timeoutMs, commit);
    return this.#recompileAll(members, options.atomic === true ? { whenQuiescent } : {});
  }

  #recompilable(module: string, tier: string, operation: string): Recompile {
    const { settings, homeOf } = this.#parts;
    const home = homeOf(module);
    const target = settings.tiers.findIndex((recipe) => recipe.name === tier);
    if (target < 0) {
      throw new TierlinkError('TIER_UNKNOWN', { tier, known: settings.tiers.map((recipe) => recipe.name) });
    }
    if (home.record.pinned !== '') {
      throw new TierlinkError('UNIT_PINNED', { module, reason: home.record.pinned });
    }
    if (!home.isLinked) throw new TierlinkError('NOT_LINKED', { operation, module });
    return { home, target };
  }

  async #recompileAll(requests: readonly Recompile[], hooks: BatchHooks = {}): Promise<PublishedEvent[]> {
    while (requests.some(({ home }) => isCompiling(home))) {
      for (const { home } of requests) this.#parts.lifecycles.supersede(home);
      await Promise.all(requests.map(async ({ home }) => settled(home)));
    }
    const members = requests.map(({ home, target }) => ({ home, target, units: allUnits(home) }));
    await buildTogether(this.#parts, members, 'asked for', hooks);
    this.#parts.reclaimer.soon();
    return members.map(({ units: [unit] }) =>
      present(unit?.published, 'a group that did not fail was published'),
    );
  }

  #register(record: ModuleRecord, linkage: Linkage): LoadedModule {
    const { symbols, registry, uses, modules, settings } = this.#parts;
    symbols.add(record.definitions);
    registry.add(record);
    uses.add(record);
    const home = loadedModule(record, linkage, settings.unit, this.#declared);
    modules.set(record.name, home);
    this.#unlinked.add(home);
    return home;
  }

  /** Tells observers of a module that stays. */
  #announce({ record: { name, definitions } }: LoadedModule): void {
    const functions = definitions.filter(({ kind }) => kind === 'function').length;
    this.#parts.emit('module', { module: name, functions, variables: definitions.length - functions });
  }

  /** Takes out a module that was never linked. */
  #unregister(name: string): void {
    const { memory, registry, symbols, uses, modules, homeOf } = this.#parts;
    const home = homeOf(name);
    modules.delete(name);
    this.#unlinked.delete(home);
    symbols.remove(home.record.definitions);
    registry.remove(name);
    uses.remove(home.record);
    memory.releaseModule(name);
    this.#forget(home.record);
  }

  /** Forgets what is kept for a module. */
  #forget(record: ModuleRecord): void {
    this.#reader.forget(record.name);
    this.#parts.unitCompiler.forget(record);
  }
}
