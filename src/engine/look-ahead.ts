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
   * Compiles what is likely to be called soon, the functions of a module together.
   *
   * @param calls - What was compiled calls these.
   * @param likelihood - How likely that is called itself.
   */
  compile(calls: readonly LikelyCall[], likelihood: number): void {
    for (const { name, likelihood: share } of calls) {
      const expected = (this.#expected.get(name) ?? 0) + likelihood * share;
      this.#expected.set(name, expected);
      if (expected < leastLikelihood) continue;
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
    while (this.#isOpen && [...this.#wanted.values()].some((wanted) => has(wanted.keys())))
      await Promise.race(this.#underWay.keys());
    for (const [request, asked] of this.#underWay) if (has(asked)) await request;
  }

  /** Wants nothing any more. */
  stop(): void {
    this.#isOpen = false;
  }

  #askAll(): void {
    const { bytes, maxBytes } = this.#parts.codeCache();
    if (bytes > maxBytes * roomForCalls) this.#wanted.clear();
    while (this.#isOpen && this.#underWay.size < this.#most && this.#wanted.size > 0) this.#ask();
  }

  /** Asks for the functions of the module that has the likeliest one. */
  #ask(): void {
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
    // A name may lead elsewhere by now.
    const units = taken.flatMap(([name]) => this.#unitOf(name) ?? []).filter((unit) => unit.home === home);
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

  /** The unit of a function that has no version yet, and gets none just now. */
  #unitOf(name: string): Unit | undefined {
    const { symbols, lifecycles } = this.#parts;
    const slot = symbols.resolve(name)?.definition.slot;
    const unit = slot === undefined ? undefined : lifecycles.unitAt(slot);
    return unit?.version === undefined && unit?.work === undefined ? unit : undefined;
  }
}
