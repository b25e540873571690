/**
 * Which modules a compile may take bodies from to inline them: those whose functions its module calls, by name or as a
 * profile has seen, directly or through others. Only where a name surely leads there, for as long as the module is what it is.
 */
import type { ImportSource } from '../core/compiler.js';
import type { ModuleRecord } from '../registry/records.js';
import type { SymbolTable } from '../registry/symbol-table.js';
import type { LoadedModule, Reliance } from './loaded-module.js';
import type { NearNames } from './near-names.js';
import { type Found, queriedUse, type SymbolChain } from './symbol-chain.js';

/** Modules of one compile at most: the nearest. */
const mostSources = 32;

/** How often something is compiled again because modules that it took bodies from changed meanwhile. */
export const importTries = 3;

/** Functions by the names of those that called them by their addresses. */
type Targets = ReadonlyMap<string, readonly string[]>;
const noTargets: Targets = new Map();

/** A module that bodies may be taken from. */
export type OfferedSource = ImportSource & Reliance;

/** What a compile of a module is given. */
export interface Offer {
  /** May contain the module itself, which the others may call. */
  readonly sources: readonly OfferedSource[];
  /** Names that lie in the engine's memory, of the module and of its sources. */
  readonly near: readonly string[];
}

/** What sources are found in. */
export interface ImportSourcesParts {
  readonly chain: Pick<SymbolChain, 'find' | 'areLinkedAlike'>;
  readonly symbols: Pick<SymbolTable, 'version' | 'resolve'>;
  /** By name. */
  readonly modules: ReadonlyMap<string, LoadedModule>;
  readonly near: NearNames;
}

/** The sources of one engine's compiles. */
export class ImportSources {
  readonly #parts: ImportSourcesParts;
  readonly #offers = new WeakMap<
    ModuleRecord,
    { readonly state: string; readonly targets: Targets; readonly offer: Offer }
  >();
  #links = 0;

  /** @param parts - Symbols and modules. */
  constructor(parts: ImportSourcesParts) {
    this.#parts = parts;
  }

  /** Modules were linked: only these are sources. */
  linked(): void {
    this.#links += 1;
  }

  /**
   * What compiles of a module's functions are given.
   *
   * @param home - A module.
   * @param targets - Functions that were called by their addresses, by the name of the caller.
   * @returns As long as no module comes or goes, and the same was called, the same.
   * @throws TierlinkError RESOLVER_FAILED
   */
  of(home: LoadedModule, targets: Targets = noTargets): Offer {
    const { record } = home;
    const state = `${String(this.#parts.symbols.version)} ${String(this.#links)}`;
    const before = this.#offers.get(record);
    const known = before?.state === state ? before : undefined;
    if (known?.targets === targets) return known.offer;
    const made = this.#offer(home, this.#byModule(targets));
    const offer = known !== undefined && isAlike(known.offer, made) ? known.offer : made;
    this.#offers.set(record, { state, targets, offer });
    return offer;
  }

  /** True if all of these modules are still what they were when bodies were taken from them. */
  areCurrent(relies: readonly Reliance[]): boolean {
    const { modules } = this.#parts;
    return relies.every(({ home, record }) => home.record === record && modules.get(record.name) === home);
  }

  /** Targets by the module of their callers. */
  #byModule(targets: Targets): Map<string, Set<string>> {
    const called = new Map<string, Set<string>>();
    for (const [caller, names] of targets) {
      const module = this.#parts.symbols.resolve(caller)?.definition.module;
      if (module === undefined) continue;
      const all = called.get(module) ?? new Set();
      for (const name of names) all.add(name);
      called.set(module, all);
    }
    return called;
  }

  #offer(home: LoadedModule, called: ReadonlyMap<string, ReadonlySet<string>>): Offer {
    const { chain, near } = this.#parts;
    const names = new Map<LoadedModule, Set<string>>();
    const reached = [home];
    for (const { record } of reached) {
      const used = record.uses.filter(({ kind }) => kind === 'function').map(({ name }) => name);
      for (const name of [...used, ...[...(called.get(record.name) ?? [])].sort()]) {
        const target = this.#target(name, chain.find(name, 'code', record.name));
        if (target === undefined || target.record === record) continue;
        const known = names.get(target);
        if (known !== undefined) known.add(name);
        else if (names.size < mostSources && this.#isSource(target, home)) {
          names.set(target, new Set([name]));
          if (target !== home) reached.push(target);
        }
      }
    }
    const sources = Array.from(names, ([source, all]) => ({
      home: source,
      record: source.record,
      bitcode: codeOf(source.record),
      names: [...all],
    }));
    const others = sources.filter((source) => source.home !== home);
    if (others.length === 0) return { sources: [], near: near.of(home.record) };
    return {
      sources,
      near: [...new Set([home.record, ...others.map(({ record }) => record)].flatMap((one) => near.of(one)))],
    };
  }

  /** The module whose function a name is. What another definition might take the place of is left alone. */
  #target(name: string, found: Found | undefined): LoadedModule | undefined {
    if (found?.kind !== 'definition' || found.offset !== 0) return undefined;
    const { definition } = found;
    const isBody = definition.kind === 'function' && definition.index >= 0 && definition.name === name;
    return isBody && definition.binding === 'strong' ? this.#parts.modules.get(definition.module) : undefined;
  }

  #isSource(target: LoadedModule, home: LoadedModule): boolean {
    const { isLinked, record } = target;
    return isLinked && record.canonical.kind === 'ir' && record.whole === '' && this.#agree(home, target);
  }

  /** True if whatever one module's code refers to is the same thing where the other refers to it. */
  #agree(home: LoadedModule, { record }: LoadedModule): boolean {
    const { chain } = this.#parts;
    const { name } = home.record;
    if (chain.areLinkedAlike(name, record.name)) return true;
    return [...record.definitions, ...record.uses].every((symbol) => {
      const use = queriedUse(symbol);
      return isSame(chain.find(symbol.name, use, name), chain.find(symbol.name, use, record.name));
    });
  }
}

function isAlike(one: Offer, other: Offer): boolean {
  return (
    one.sources.length === other.sources.length &&
    one.sources.every(({ record, names }, index) => {
      const source = other.sources[index];
      return (
        source?.record === record &&
        source.names.length === names.length &&
        source.names.every((name, at) => name === names[at])
      );
    })
  );
}

function codeOf({ canonical }: ModuleRecord): Uint8Array {
  return canonical.kind === 'ir' ? canonical.code : new Uint8Array();
}

function isSame(one: Found | undefined, other: Found | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  if (one.kind === 'definition')
    return other.kind === 'definition' && one.definition === other.definition && one.offset === other.offset;
  if (one.kind === 'address') return other.kind === 'address' && one.address === other.address;
  return other.kind === 'thread-local' && one.module === other.module && one.offset === other.offset;
}
