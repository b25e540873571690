/**
 * The profile of an engine: what it was given at the beginning, with what its code has counted since. Gives compiles what
 * there is to trust of it, under the names that their modules have.
 */
import type { Clock } from '../core/clock.js';
import type { CompileProfile } from '../core/compiler.js';
import type { Emit } from '../core/events.js';
import { address } from '../core/ids.js';
import type { Address } from '../core/ids.js';
import { readCells } from '../profile/cells.js';
import { encodeProfile } from '../profile/encoding.js';
import { type FunctionProfile, merged, mostSeen, nameHash } from '../profile/record.js';
import { isTrusted, priorCount } from '../profile/trust.js';
import type { Definition } from '../registry/definition.js';
import type { ModuleRecord } from '../registry/records.js';
import type { LoadedModule } from './loaded-module.js';
import type { FunctionCells, ProfileCells } from './profile-cells.js';

/** A profile for compiles is used again for so many times the time that making it took. */
const reuse = 20;

/** What compiles are given. */
export interface CountedProfile extends CompileProfile {
  /** Functions that others called by their addresses: names by the name of the caller, as their modules have them. */
  readonly targets: ReadonlyMap<string, readonly string[]>;
}

/** What profiles are made of. */
export interface ProfilesParts {
  readonly cells: ProfileCells;
  readonly modules: ReadonlyMap<string, LoadedModule>;
  /** The function whose stub lies at an address. */
  readonly functionAt: (stub: Address) => Definition | undefined;
  readonly clock: Clock;
  readonly emit: Emit;
  /** What was counted before, in other processes. */
  readonly given: readonly FunctionProfile[];
}

/** Collects and hands out the profile of one engine. */
export class Profiles {
  readonly #parts: ProfilesParts;
  /** Given, or counted of sources that are gone. */
  #before: readonly FunctionProfile[];
  #hasCounted = false;
  /** The names, in profiles, of what stands there for targets of calls; made when first needed. */
  #knownTargets: Map<bigint, string> | undefined;
  #latest:
    | { readonly profile: CountedProfile; readonly names: ReadonlySet<string>; readonly until: number }
    | undefined;

  /** @param parts - Cells, modules. */
  constructor(parts: ProfilesParts) {
    this.#parts = parts;
    this.#before = parts.given;
  }

  /** All that was counted until now. */
  collect(): FunctionProfile[] {
    const live: FunctionProfile[] = [];
    for (const record of this.#parts.cells.sources())
      live.push(...this.#read(record, this.#parts.cells.ofSource(record)));
    if (live.length > 0) this.#hasCounted = true;
    return merged([this.#before, live]);
  }

  /** The highest count of a function in this process; 0 where nothing was counted. */
  mostSeen(record: ModuleRecord, name: string): number {
    const cells = this.#parts.cells.ofFunction(record, name);
    const counted = cells.map(({ shape, block }) => readCells(shape, block.bytes, name, () => 0n));
    return Math.max(0, ...counted.map((profile) => (profile === undefined ? 0 : Number(mostSeen(profile)))));
  }

  /**
   * What compiles of some functions are given.
   *
   * @param record - Their module.
   * @param wanted - Their names.
   * @returns The profile, of these and all others; undefined if nothing is known that can be trusted.
   */
  forCompile(record: ModuleRecord, wanted: readonly string[]): CountedProfile | undefined {
    const { clock } = this.#parts;
    const latest = this.#latest;
    const isFresh = latest !== undefined && clock.now() < latest.until;
    // What is compiled now has just become hot: it may have counted all it knows since.
    if (isFresh && wanted.every((name) => latest.names.has(name) || !this.#isTrusted(record, name)))
      return latest.profile;
    const begin = clock.now();
    const { renamed, targets } = this.#renamed(this.collect().filter(isTrusted));
    const records = encodeProfile(renamed);
    const profile = { records, prior: priorCount, isLasting: !this.#hasCounted, targets };
    const end = clock.now();
    const names = new Set(renamed.map(({ name }) => name));
    this.#latest = { profile, names, until: end + (end - begin) * reuse };
    return renamed.length === 0 ? undefined : profile;
  }

  /**
   * Takes note of records that fit none of the code that they are of. Of a function that several modules may have (inline, a
   * template) each has its own, and clang makes them differ: a call of what it has seen not to throw has no handler. So
   * what fits one of them needs not fit another, and stays.
   *
   * @param record - The module.
   * @param functions - Names of its functions.
   */
  drop(record: ModuleRecord, functions: readonly string[]): void {
    const unfit = new Set(functions);
    const gone = record.definitions.filter(({ name, binding }) => binding === 'strong' && unfit.has(name));
    if (gone.length === 0) return;
    const names = new Set(gone.map((definition) => profileName(definition)));
    this.#before = this.#before.filter(({ name }) => !names.has(name));
    this.#latest = undefined;
    const reason = 'it was counted in other code';
    this.#parts.emit('profileDropped', {
      module: record.name,
      functions: gone.map(({ name }) => name),
      reason,
    });
  }

  /**
   * A module got new source. What was counted of the old one stands for functions that did not change: the hash tells.
   *
   * @param before - The old source.
   */
  replaced(before: ModuleRecord): void {
    this.#before = merged([this.#before, this.#read(before, this.#parts.cells.ofSource(before))]);
    this.removed(before);
  }

  /** A module is gone, and what was counted of it. */
  removed(record: ModuleRecord): void {
    this.#parts.cells.drop(record);
    this.#latest = undefined;
  }

  get #targets(): Map<bigint, string> {
    this.#knownTargets ??= new Map(this.#parts.given.map(({ name }) => [nameHash(name), name]));
    return this.#knownTargets;
  }

  #isTrusted(record: ModuleRecord, name: string): boolean {
    const cells = this.#parts.cells.ofFunction(record, name);
    return this.#read(record, cells).some(isTrusted);
  }

  #read(record: ModuleRecord, cells: Iterable<FunctionCells>): FunctionProfile[] {
    const names = new Map(record.definitions.map((definition) => [definition.name, profileName(definition)]));
    const target = (stub: bigint): bigint => {
      const found = stub < 2n ** 48n ? this.#parts.functionAt(address(Number(stub))) : undefined;
      if (found === undefined) return 0n;
      const name = profileName(found);
      const hash = nameHash(name);
      this.#targets.set(hash, name);
      return hash;
    };
    return Array.from(cells, ({ shape, block }) =>
      readCells(shape, block.bytes, names.get(shape.symbol) ?? shape.symbol, target),
    ).filter((profile) => profile !== undefined);
  }

  /** The same under the names that functions have in their modules, in as many modules as have them. */
  #renamed(profiles: readonly FunctionProfile[]): {
    readonly renamed: FunctionProfile[];
    readonly targets: CountedProfile['targets'];
  } {
    const names = new Map<string, string[]>();
    for (const { record } of this.#parts.modules.values()) {
      for (const definition of record.definitions) {
        if (definition.profileName === undefined) continue;
        names.set(definition.profileName, [...(names.get(definition.profileName) ?? []), definition.name]);
      }
    }
    // Promoted functions alone have another name; of several of one name the first is taken for the one that is called.
    const hashes = new Map(Array.from(names, ([name, [first = name]]) => [nameHash(name), nameHash(first)]));
    const targets = new Map<string, readonly string[]>();
    const renamed = profiles.flatMap((profile) => {
      const called = profile.calls.flat().flatMap(({ value }) => this.#targets.get(value) ?? []);
      const calls = profile.calls.map((site) =>
        site.map(({ value, count }) => ({ value: hashes.get(value) ?? value, count })),
      );
      return (names.get(profile.name) ?? [profile.name]).map((name) => {
        if (called.length > 0)
          targets.set(
            name,
            called.map((target) => names.get(target)?.[0] ?? target),
          );
        return { ...profile, name, calls };
      });
    });
    return { renamed, targets };
  }
}

/** LLVM's name of a function in profiles. */
function profileName({ name, profileName: given }: Definition): string {
  return given ?? name;
}
