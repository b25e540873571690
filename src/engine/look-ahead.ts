/** Compiles functions of other modules, and large ones, before they are called: when what calls them may well do so. */
import type { LikelyCall } from '../core/compiler.js';
import type { SymbolTable } from '../registry/symbol-table.js';
import type { LoadedModule, Unit } from './loaded-module.js';
import type { TierController } from './tier-controller.js';

/**
 * What is less likely is compiled when it is called. To have waited is dearer than to have compiled too much, while there
 * are threads that do nothing: of Lua's `print(1)`, two thirds of what is compiled are called then.
 */
const leastLikelihood = 0.2;
/** Functions of one request at most: a call of one waits for all of them. */
const mostTogether = 64;

/** Functions of a module that are compiled together. */
interface Group {
  readonly units: Unit[];
  /** Of the likeliest. */
  readonly likelihood: number;
}

/** What it works with. */
export interface LookAheadParts {
  readonly symbols: Pick<SymbolTable, 'resolve'>;
  readonly controller: Pick<TierController, 'ask' | 'unitAt'>;
}

/** Looks ahead for one engine. */
export class LookAhead {
  readonly #parts: LookAheadParts;

  /** @param parts - Who knows units, and who compiles. */
  constructor(parts: LookAheadParts) {
    this.#parts = parts;
  }

  /**
   * Compiles what is likely to be called soon, the functions of a module together.
   *
   * @param calls - What was compiled calls these.
   * @param likelihood - How likely that is called itself.
   */
  compile(calls: readonly LikelyCall[], likelihood: number): void {
    const groups: Group[] = [];
    const open = new Map<LoadedModule, Group>();
    for (const call of calls) {
      const both = likelihood * call.likelihood;
      // The likeliest come first.
      if (both < leastLikelihood) break;
      const unit = this.#unitOf(call.name);
      if (unit === undefined) continue;
      const group = open.get(unit.home);
      if (group !== undefined && group.units.length < mostTogether) {
        group.units.push(unit);
        continue;
      }
      const begun = { units: [unit], likelihood: both };
      open.set(unit.home, begun);
      groups.push(begun);
    }
    for (const { units, likelihood: both } of groups) {
      const priority = { kind: 'ahead', likelihood: both } as const;
      this.#parts.controller.ask(units, 0, { reason: 'likely to be called', forced: false, priority });
    }
  }

  /** The unit of a function that has no version yet, and gets none just now. */
  #unitOf(name: string): Unit | undefined {
    const { symbols, controller } = this.#parts;
    const slot = symbols.resolve(name)?.definition.slot;
    const unit = slot === undefined ? undefined : controller.unitAt(slot);
    return unit?.version === undefined && unit?.work === undefined ? unit : undefined;
  }
}
