/** Compiles functions of other modules, and large ones, before they are called: when what calls them may well do so. */
import { present } from '../core/assert.js';
import type { Compiler, LikelyCall } from '../core/compiler.js';
import type { SymbolTable } from '../registry/symbol-table.js';
import type { LoadedModule, Unit } from './loaded-module.js';
import type { Lifecycles } from './lifecycles.js';

/**
 * What is less likely is compiled when it is called. To have waited is dearer than to have compiled too much, while there
 * are threads that do nothing: of Lua's `print(1)`, two thirds of what is compiled are called then.
 */
const leastLikelihood = 0.2;
/** Functions of one request at most: a call of one waits for all of them. */
const mostTogether = 32;

/** Guesses take no more of the code cache than leaves this share to what is called. */
const roomForCalls = 1 / 2;

/** Functions of one module that are compiled together, whatever else happens, so that the object cache has them. */
interface Pack {
  readonly home: LoadedModule;
  readonly names: string[];
}

/** What it works with. */
export interface LookAheadParts {
  readonly symbols: Pick<SymbolTable, 'resolve'>;
  readonly lifecycles: Pick<Lifecycles, 'ask' | 'unitAt'>;
  readonly compiler: Pick<Compiler, 'threads'>;
  /** Code that there is, and may be. */
  readonly codeCache: () => { readonly bytes: number; readonly maxBytes: number };
}

/** Looks ahead for one engine. */
export class LookAhead {
  readonly #parts: LookAheadParts;
  /** By name: how often a function is expected to be called, by all that was compiled so far. */
  readonly #expected = new Map<string, number>();
  /** By module: functions that are to be compiled, and how likely each is called. */
  readonly #wanted = new Map<LoadedModule, Map<string, number>>();
  /** Not asked for yet, in the order in which they will be; and by the linker name of each function. */
  readonly #packs = new Set<Pack>();
  readonly #packOf = new Map<string, Pack>();
  /** Requests at a time, one of which waits for a thread: meanwhile what is wanted gathers, and is compiled together. */
  readonly #most: number;
  /** With the linker names that each is for. */
  readonly #underWay = new Map<Promise<void>, readonly string[]>();
  #isOpen = true;

  /** @param parts - Who knows units, and who compiles. */
  constructor(parts: LookAheadParts) {
    this.#parts = parts;
    this.#most = parts.compiler.threads + 1;
  }

  /**
   * Compiles what was called when the program last ran. Which functions are compiled together depends on the list alone,
   * not on what is called while that is done: each group is found in the object cache the next time.
   *
   * @param names - Their linker names.
   * @param first - Those that are needed first.
   */
  remember(names: readonly string[], first: readonly string[]): void {
    const open = new Map<LoadedModule, Pack>();
    for (const name of names) {
      const home = this.#unitOf(name)?.home;
      if (home === undefined || this.#packOf.has(name)) continue;
      let pack = open.get(home);
      if (pack === undefined || pack.names.length === mostTogether) {
        pack = { home, names: [] };
        open.set(home, pack);
        this.#packs.add(pack);
      }
      pack.names.push(name);
      this.#packOf.set(name, pack);
    }
    const sooner = new Set(first.flatMap((name) => this.#packOf.get(name) ?? []));
    const later = [...this.#packs].filter((pack) => !sooner.has(pack));
    this.#packs.clear();
    for (const pack of [...sooner, ...later]) this.#packs.add(pack);
    this.#askAll();
  }

  /**
   * What is to be compiled for a call of a function: with it, those that are remembered together with it.
   *
   * @param unit - The function; nobody has asked for it.
   */
  together(unit: Unit): readonly Unit[] {
    const pack = this.#packOf.get(unit.name);
    if (pack === undefined || !this.#hasRoom()) return [unit];
    const units = this.#take(pack);
    return units.includes(unit) ? units : [unit];
  }

  /**
   * Compiles what is likely to be called soon, the functions of a module together.
   *
   * @param calls - What was compiled calls these.
   * @param likelihood - How likely that is called itself.
   */
  compile(calls: readonly LikelyCall[], likelihood: number): void {
    for (const { name, likelihood: share } of calls) {
      const expected = (this.#expected.get(name) ?? 0) + likelihood * share;
      this.#expected.set(name, expected);
      if (expected < leastLikelihood || this.#packOf.has(name)) continue;
      const unit = this.#unitOf(name);
      if (unit === undefined) {
        this.#expected.delete(name);
        continue;
      }
      const names = this.#wanted.get(unit.home) ?? new Map<string, number>();
      this.#wanted.set(unit.home, names.set(name, Math.min(1, expected)));
    }
    this.#askAll();
  }

  /**
   * Waits until functions that were wanted are compiled, or came to nothing. Not for what they call: that may be any amount.
   *
   * @param names - Their linker names.
   */
  async compiled(names: ReadonlySet<string>): Promise<void> {
    const has = (some: Iterable<string>): boolean => [...some].some((name) => names.has(name));
    const waits = (): boolean =>
      has(this.#packOf.keys()) || [...this.#wanted.values()].some((wanted) => has(wanted.keys()));
    while (this.#isOpen && waits()) await Promise.race(this.#underWay.keys());
    for (const [request, asked] of this.#underWay) if (has(asked)) await request;
  }

  /** Wants nothing any more. */
  stop(): void {
    this.#isOpen = false;
  }

  #hasRoom(): boolean {
    const { bytes, maxBytes } = this.#parts.codeCache();
    return bytes <= maxBytes * roomForCalls;
  }

  #askAll(): void {
    if (!this.#hasRoom()) {
      this.#wanted.clear();
      this.#packs.clear();
      this.#packOf.clear();
    }
    while (this.#isOpen && this.#underWay.size < this.#most) {
      const [pack] = this.#packs;
      if (pack !== undefined) this.#ask(this.#take(pack), 1);
      else if (this.#wanted.size > 0) this.#askLikeliest();
      else break;
    }
  }

  /** Functions of a pack that are still to be compiled; it is one no more. */
  #take(pack: Pack): readonly Unit[] {
    this.#packs.delete(pack);
    for (const name of pack.names) this.#packOf.delete(name);
    return this.#unitsOf(pack.home, pack.names);
  }

  /** Asks for the functions of the module that has the likeliest one. */
  #askLikeliest(): void {
    let best: readonly [home: LoadedModule, likelihood: number] | undefined;
    for (const [home, names] of this.#wanted) {
      const likelihood = Math.max(...names.values());
      if (best === undefined || likelihood > best[1]) best = [home, likelihood];
    }
    if (best === undefined) return;
    const [home, likelihood] = best;
    const names = present(this.#wanted.get(home), 'it was just found');
    const taken = [...names].sort(([, one], [, other]) => other - one).slice(0, mostTogether);
    for (const [name] of taken) names.delete(name);
    if (names.size === 0) this.#wanted.delete(home);
    const chosen = taken.map(([name]) => name);
    this.#ask(this.#unitsOf(home, chosen), likelihood);
  }

  #ask(units: readonly Unit[], likelihood: number): void {
    const priority = { kind: 'ahead', likelihood } as const;
    if (!this.#parts.lifecycles.ask(units, 0, { reason: 'likely to be called', forced: false, priority }))
      return;
    // What becomes of a compile is not its business; the promises don't reject.
    const request = Promise.all(units.map(async ({ work }) => work)).then(() => {
      this.#underWay.delete(request);
      this.#askAll();
    });
    this.#underWay.set(
      request,
      units.map(({ name }) => name),
    );
  }

  /** Units of functions that were of one module: a name may lead elsewhere by now. */
  #unitsOf(home: LoadedModule, names: readonly string[]): readonly Unit[] {
    return names.flatMap((name) => this.#unitOf(name) ?? []).filter((unit) => unit.home === home);
  }

  /** The unit of a function that has no version yet, and gets none just now. */
  #unitOf(name: string): Unit | undefined {
    const { symbols, lifecycles } = this.#parts;
    const slot = symbols.resolve(name)?.definition.slot;
    const unit = slot === undefined ? undefined : lifecycles.unitAt(slot);
    return unit?.version === undefined && unit?.work === undefined ? unit : undefined;
  }
}
