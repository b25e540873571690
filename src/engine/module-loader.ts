/** Brings modules in: registers them, links them together, and recompiles them when asked. */
import { present } from '../core/assert.js';
import { TierlinkError } from '../core/errors.js';
import type { PublishedEvent, ReplacedEvent } from '../core/events.js';
import type { ModuleRecord } from '../registry/records.js';
import { ArchiveResolver } from '../resolve/archive-resolver.js';
import { declaredUnit, stageOf } from '../../tiers/lifecycle.js';
import { buildTogether } from './batch-builder.js';
import type { Composition } from './compose.js';
import { isProvided, ModuleReader } from './module-reader.js';
import type { Linkage } from './options.js';
import { Remover } from './remover.js';
import { Replacer } from './replacer.js';
import { type ModuleSource, readSource, type SourceBytes } from './source.js';
import { Startup } from './startup.js';
import { queriedUse } from './symbol-chain.js';
import { settled, type Unit } from './unit.js';

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

/** Registers and links the modules of one engine. */
export class ModuleLoader {
  readonly #parts: Composition;
  /** Names of archives that were added. */
  readonly #archives = new Set<string>();
  readonly #startup: Startup;
  readonly #reader: ModuleReader;
  readonly #remover: Remover;
  readonly #replacer: Replacer;
  /** Units without a version, in the order they were added: a link looks at these alone. */
  readonly #unlinked = new Set<Unit>();

  /** @param parts - The engine's parts. */
  constructor(parts: Composition) {
    this.#parts = parts;
    this.#startup = new Startup(parts);
    this.#reader = new ModuleReader(parts);
    this.#remover = new Remover(parts);
    this.#replacer = new Replacer(parts, this.#reader, this.#startup);
  }

  /** Registers a module; see `Engine.addModule`. */
  add(name: string, source: ModuleSource, linkage: Linkage): void {
    if (this.#parts.registry.has(name) || this.#archives.has(name)) {
      throw new TierlinkError('MODULE_DUPLICATE', { module: name });
    }
    const read = readSource(name, source);
    if (read.format !== 'archive') {
      this.#register(name, read, linkage);
      return;
    }
    this.#parts.chain.addArchive(new ArchiveResolver(name, read.bytes));
    this.#archives.add(name);
  }

  /** Links all modules that are not linked yet; see `Engine.link`. */
  async link(): Promise<void> {
    const { chain } = this.#parts;
    const joined: string[] = [];
    let pending: readonly Unit[] = [];
    try {
      this.#join(joined);
      pending = this.#pending();
      if (pending.length === 0) return;
      chain.begin(pending.map((unit) => unit.module.name));
      for (const unit of pending) this.#reader.checkUses(unit.module);
      const members = pending.map((unit) => ({ unit, target: 0 }));
      await buildTogether(this.#parts, members, 'first version');
    } catch (error) {
      chain.forget(pending.map((unit) => unit.module.name));
      // Only who was asked for by name stays registered after a failure (I8).
      for (const name of joined) this.#unregister(name);
      throw error;
    }
    chain.keep();
    for (const unit of pending) {
      this.#unlinked.delete(unit);
      this.#parts.unitCompiler.dropObject(unit.module.name);
    }
    this.#startup.run(pending);
  }

  /** Lets modules join that resolvers offer, until nothing that those define is missing. */
  #join(joined: string[]): void {
    const { chain, settings } = this.#parts;
    let grown = true;
    while (grown) {
      grown = false;
      for (const { module } of this.#pending()) {
        for (const use of module.uses) {
          if (use.weak || isProvided(use.name)) continue;
          const offered = chain.offer(use.name, queriedUse(use), module.name);
          if (offered === undefined) continue;
          const source = readSource(offered.name, offered.bytes);
          this.#register(offered.name, source, settings.linkage);
          joined.push(offered.name);
          grown = true;
        }
      }
    }
  }

  #pending(): Unit[] {
    return [...this.#unlinked].filter((unit) => stageOf(unit.state) === 'declared');
  }

  /** Compiles a module again; see `Engine.recompile`. */
  async recompile(module: string, tier: string): Promise<PublishedEvent> {
    const { controller } = this.#parts;
    const { unit, target } = this.#recompilable(module, tier);
    const request = { type: 'request', target, reason: 'asked for', forced: true } as const;
    for (;;) {
      controller.supersede(unit);
      while (unit.work !== undefined) await settled(unit);
      if (unit.version === undefined)
        throw new TierlinkError('NOT_LINKED', { operation: 'recompile', module });
      if (controller.step(unit, request)) break;
    }
    controller.takeFailure(unit);
    await settled(unit);
    const failure = controller.takeFailure(unit);
    if (failure !== undefined) throw failure;
    return present(unit.published, 'a compile that did not fail was published');
  }

  /** Takes a module out; see `Engine.removeModule`. */
  async remove(name: string, force: boolean): Promise<void> {
    const unit = this.#parts.unitOf(name);
    if (stageOf(unit.state) === 'declared') {
      this.#unregister(name);
      this.#parts.emit('removed', { module: name });
      return;
    }
    await this.#remover.remove(unit, force);
    this.#forget(name);
  }

  /** Gives a module new source; see `Engine.replaceModule`. */
  async replace(name: string, source: ModuleSource, state: 'keep' | 'reset'): Promise<ReplacedEvent> {
    const unit = this.#parts.unitOf(name);
    if (unit.version === undefined)
      throw new TierlinkError('NOT_LINKED', { operation: 'replaceModule', module: name });
    return this.#replacer.replace(unit, readSource(name, source), state);
  }

  /** Compiles modules again and publishes them together; see `Engine.recompileGroup`. */
  async recompileGroup(requests: readonly GroupMember[], options: GroupOptions): Promise<PublishedEvent[]> {
    const { quiescence, reclaimer, controller } = this.#parts;
    const members = requests.map(({ module, tier }) => this.#recompilable(module, tier));
    const names = members.map(({ unit }) => unit.module.name);
    const seen = new Set<string>();
    const twice = names.find((name) => seen.size === seen.add(name).size);
    if (twice !== undefined) {
      const expected = 'each module once';
      throw new TierlinkError('OPTION_INVALID', { option: 'group', value: `${twice}, twice`, expected });
    }
    const unlinked = members.find(({ unit }) => unit.version === undefined);
    if (unlinked !== undefined) {
      const module = unlinked.unit.module.name;
      throw new TierlinkError('NOT_LINKED', { operation: 'recompileGroup', module });
    }
    while (members.some(({ unit }) => unit.work !== undefined)) {
      for (const { unit } of members) controller.supersede(unit);
      await Promise.all(members.map(async ({ unit }) => settled(unit)));
    }
    const { timeoutMs = 1000 } = options;
    const whenQuiescent = async (commit: () => void): Promise<void> =>
      quiescence.run(names, timeoutMs, commit);
    await buildTogether(this.#parts, members, 'asked for', options.atomic === true ? { whenQuiescent } : {});
    reclaimer.soon();
    return members.map(({ unit }) => present(unit.published, 'a group that did not fail was published'));
  }

  #recompilable(module: string, tier: string): { readonly unit: Unit; readonly target: number } {
    const { settings, unitOf } = this.#parts;
    const unit = unitOf(module);
    const target = settings.tiers.findIndex((recipe) => recipe.name === tier);
    if (target < 0) {
      throw new TierlinkError('TIER_UNKNOWN', { tier, known: settings.tiers.map((recipe) => recipe.name) });
    }
    if (unit.module.pinned !== '') {
      throw new TierlinkError('UNIT_PINNED', { module, reason: unit.module.pinned });
    }
    return { unit, target };
  }

  #register(name: string, source: SourceBytes, linkage: Linkage): ModuleRecord {
    const { symbols, registry, uses, units, settings, emit } = this.#parts;
    const record = this.#reader.read({ ...registry.identityOf(name), name }, source);
    symbols.add(record.definitions);
    registry.add(record);
    uses.add(record);
    const unit: Unit = {
      id: record.unit,
      module: record,
      state: declaredUnit(settings.penalty),
      version: undefined,
      data: [],
      retired: new Set(),
      cutOff: undefined,
      replacement: undefined,
      linkage,
      slots: new Map(),
      work: undefined,
      ticket: undefined,
      published: undefined,
    };
    units.set(unit.id, unit);
    this.#unlinked.add(unit);
    const functions = record.definitions.filter((definition) => definition.kind === 'function').length;
    emit('module', { module: name, functions, variables: record.definitions.length - functions });
    return record;
  }

  /** Takes out a module that was never linked. */
  #unregister(name: string): void {
    const { controller, memory, registry, symbols, uses, units, unitOf } = this.#parts;
    const unit = unitOf(name);
    controller.step(unit, { type: 'remove' });
    units.delete(unit.id);
    this.#unlinked.delete(unit);
    symbols.remove(unit.module.definitions);
    registry.remove(name);
    uses.remove(unit.module);
    memory.releaseModule(name);
    this.#forget(name);
  }

  /** Forgets what is kept by a module's name. */
  #forget(name: string): void {
    this.#reader.forget(name);
    this.#parts.unitCompiler.dropObject(name);
  }
}
