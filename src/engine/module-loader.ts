/** Brings modules in: registers them, links them together, and recompiles them when asked. */
import { assert, present } from '../core/assert.js';
import { TierlinkError } from '../core/errors.js';
import type { PublishedEvent } from '../core/events.js';
import { prepareObject } from '../link/prepare.js';
import type { IngestResult, ModuleSummary, NativeFailure } from '../native/contract.js';
import { ingestError } from '../native/failures.js';
import type { ModuleRecord } from '../registry/records.js';
import { ArchiveResolver } from '../resolve/archive-resolver.js';
import { declaredUnit, stageOf } from '../../tiers/lifecycle.js';
import type { Composition } from './compose.js';
import { LinkBatch, type LinkBatchParts } from './link-batch.js';
import { type Identity, recordOfIr, recordOfObject } from './register.js';
import type { Linkage } from './options.js';
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
  /** COMDAT groups of ELF objects that were kept, with their modules: the first one of a signature is. */
  readonly #groups = new Map<string, string>();

  /** @param parts - The engine's parts. */
  constructor(parts: Composition) {
    this.#parts = parts;
    this.#startup = new Startup(parts);
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
      pending = this.#declared();
      if (pending.length === 0) return;
      chain.begin(pending.map((unit) => unit.module.name));
      for (const unit of pending) this.#checkUses(unit.module);
      const members = pending.map((unit) => ({ unit, target: 0 }));
      await this.#buildTogether(members, 'first version');
    } catch (error) {
      chain.forget(pending.map((unit) => unit.module.name));
      // Only who was asked for by name stays registered after a failure (I8).
      for (const name of joined) this.#unregister(name);
      throw error;
    }
    chain.keep();
    this.#startup.run(pending);
  }

  #declared(): readonly Unit[] {
    return [...this.#parts.units.values()].filter((unit) => stageOf(unit.state) === 'declared');
  }

  /** Lets modules join that resolvers offer, until nothing that those define is missing. */
  #join(joined: string[]): void {
    const { chain, settings } = this.#parts;
    let grown = true;
    while (grown) {
      grown = false;
      for (const { module } of this.#declared()) {
        for (const use of module.uses) {
          if (use.weak || provided(use.name)) continue;
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

  /** Compiles units and publishes them together, or none of them. */
  async #buildTogether(
    members: readonly { readonly unit: Unit; readonly target: number }[],
    reason: string,
    whenQuiescent?: LinkBatchParts['whenQuiescent'],
  ): Promise<void> {
    const { builder, controller, settings } = this.#parts;
    const units = members.map(({ unit }) => unit);
    const batch = new LinkBatch(units, { ...this.#parts, clock: settings.clock, whenQuiescent });
    builder.addBatch(batch);
    try {
      for (const { unit, target } of members) {
        controller.takeFailure(unit);
        const started = controller.step(unit, { type: 'request', target, reason, forced: true });
        assert(started, 'a unit that is not being compiled starts when it is forced to');
      }
      await Promise.all(units.map(settled));
    } finally {
      builder.removeBatch(batch);
    }
    // All members fail with the same error, so that one report is enough.
    const failures = units.map((unit) => controller.takeFailure(unit));
    const failure = failures.find((error) => error !== undefined);
    if (failure !== undefined) throw failure;
  }

  /** Compiles a module again; see `Engine.recompile`. */
  async recompile(module: string, tier: string): Promise<PublishedEvent> {
    const { controller } = this.#parts;
    const { unit, target } = this.#recompilable(module, tier);
    const request = { type: 'request', target, reason: 'asked for', forced: true } as const;
    for (;;) {
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

  /** Compiles modules again and publishes them together; see `Engine.recompileGroup`. */
  async recompileGroup(requests: readonly GroupMember[], options: GroupOptions): Promise<PublishedEvent[]> {
    const { quiescence, reclaimer } = this.#parts;
    const members = requests.map(({ module, tier }) => this.#recompilable(module, tier));
    const names = members.map(({ unit }) => unit.module.name);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
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
      await Promise.all(members.map(async ({ unit }) => settled(unit)));
    }
    const { timeoutMs = 1000 } = options;
    const whenQuiescent = async (commit: () => void): Promise<void> =>
      quiescence.run(names, timeoutMs, commit);
    await this.#buildTogether(members, 'asked for', options.atomic === true ? whenQuiescent : undefined);
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

  #register(name: string, { format, bytes }: SourceBytes, linkage: Linkage): void {
    const { symbols, registry, units, settings, emit } = this.#parts;
    const identity = { ...registry.nextIdentity(), name };
    const record =
      format === 'object' ? this.#object(identity, bytes) : this.#ingest(identity, bytes, format === 'ir');
    symbols.add(record.definitions);
    registry.add(record);
    const unit: Unit = {
      id: record.unit,
      module: record,
      state: declaredUnit(settings.penalty),
      version: undefined,
      data: undefined,
      linkage,
      slots: new Map(),
      work: undefined,
      published: undefined,
    };
    units.set(unit.id, unit);
    const functions = record.definitions.filter((definition) => definition.kind === 'function').length;
    emit('module', { module: name, functions, variables: record.definitions.length - functions });
  }

  /** Takes out a module that was never linked. */
  #unregister(name: string): void {
    const { controller, registry, symbols, units, unitOf } = this.#parts;
    const unit = unitOf(name);
    controller.step(unit, { type: 'remove' });
    units.delete(unit.id);
    symbols.remove(unit.module.definitions);
    registry.remove(name);
    for (const [signature, module] of this.#groups) if (module === name) this.#groups.delete(signature);
  }

  #ingest(identity: Identity, bytes: Uint8Array, isText: boolean): ModuleRecord {
    const { addon } = this.#parts;
    const seen = addon.ingest(bytes, isText ? 'ir' : 'bitcode', identity.id, identity.name);
    if (isFailure(seen)) throw ingestError(seen, identity.name);
    const summary = JSON.parse(seen.summary) as ModuleSummary;
    const optnone = summary.functions.filter((item) => item.optnone).length;
    if (optnone > 0) {
      this.#parts.emit('warning', {
        module: identity.name,
        message: `${String(optnone)} function(s) are marked optnone, so no tier optimises them; compile with -Xclang -disable-O0-optnone, or -O1 -Xclang -disable-llvm-passes`,
      });
    }
    return recordOfIr(identity, summary, seen.code, seen.data);
  }

  #object(identity: Identity, bytes: Uint8Array): ModuleRecord {
    const taken: string[] = [];
    const image = prepareObject(bytes, identity.name, {
      keepGroup: (signature) => {
        if (this.#groups.has(signature)) return false;
        taken.push(signature);
        return true;
      },
    });
    const record = recordOfObject(identity, image);
    this.#parts.symbols.check(record.definitions);
    for (const signature of taken) this.#groups.set(signature, identity.name);
    this.#parts.unitCompiler.keepObject(identity.name, image);
    return record;
  }

  #checkUses(module: ModuleRecord): void {
    const { chain, symbols } = this.#parts;
    const missing: string[] = [];
    for (const use of module.uses) {
      if (provided(use.name)) continue;
      const found = chain.find(use.name, queriedUse(use), module.name);
      if (found?.kind === 'definition') symbols.checkUse(module.name, use, found.definition);
      else if (found === undefined && !use.weak) missing.push(use.name);
    }
    if (missing.length > 0) {
      const { searched } = chain;
      throw new TierlinkError('SYMBOL_UNRESOLVED', { module: module.name, symbols: missing, searched });
    }
  }
}

/** Names that the linker itself gives a meaning. */
function provided(symbol: string): boolean {
  return symbol === '__dso_handle' || symbol === '_GLOBAL_OFFSET_TABLE_' || symbol === '__tls_get_addr';
}

function isFailure(seen: IngestResult | NativeFailure): seen is NativeFailure {
  return 'kind' in seen;
}
