/**
 * Compiles the neighbours of functions whose first call nobody foresaw. Functions that stand together are mostly called
 * together, and what is called through tables (methods of a language, tests of a program) is foreseen by nothing else.
 *
 * As pages of a file are read ahead of who reads it, more the more of them are used: of a module, each function that was
 * needed, foreseen or not, pays for {@link earned} guesses. So what is compiled in vain is bounded by what is called.
 */
import { hasBit } from '../core/bits.js';
import type { LikelyCall } from '../core/compiler.js';
import type { ModuleRecord } from '../registry/records.js';
import type { LoadedModule, Unit } from './loaded-module.js';
import type { LookAhead } from './look-ahead.js';
import type { TierController } from './tier-controller.js';

/** Modules of which so many first calls were waited for are not called here and there. */
const freeMisses = 4;
/** Guesses that a needed function pays for. */
const earned = 2;
/** At a time: they delay what is asked for next by a running job at most. */
const mostGuesses = 32;
/** A guess is right in about every third case. */
const likelihood = 1 / 3;

/** What it works with. */
export interface NeighboursParts {
  readonly lookAhead: Pick<LookAhead, 'compile'>;
  readonly controller: Pick<TierController, 'wasCalled'>;
}

/** What came of the guesses in a module so far. */
interface Guesses {
  /** Linker names, in the order of their definitions. */
  readonly names: readonly string[];
  readonly made: Set<string>;
  /** First calls that were waited for. */
  missed: number;
  /** Guesses that turned out to be right. */
  right: number;
}

/** The neighbours of one engine's functions. */
export class Neighbours {
  readonly #parts: NeighboursParts;
  /** By source: what replaces it has other neighbours. */
  readonly #guesses = new WeakMap<ModuleRecord, Guesses>();

  /** @param parts - Who compiles, and who knows what was called. */
  constructor(parts: NeighboursParts) {
    this.#parts = parts;
  }

  /**
   * Compiles what stands around a function, if that has been of use in its module.
   *
   * @param unit - A thread waits for its first version, which nobody had asked for.
   */
  missed({ home, name }: Unit): void {
    const at = home.indexes.get(name);
    if (home.unitKind === 'module' || at === undefined) return;
    const guesses = this.#of(home);
    guesses.missed += 1;
    if (guesses.missed <= freeMisses) return;
    for (const made of guesses.made) {
      const unit = home.units.get(made);
      if (unit === undefined || !this.#parts.controller.wasCalled(unit)) continue;
      guesses.made.delete(made);
      guesses.right += 1;
    }
    const { missed, right, made } = guesses;
    const budget = earned * (missed - freeMisses + right) - right - made.size;
    const around = nearest(home, guesses.names, at, Math.min(budget, mostGuesses));
    for (const one of around) made.add(one);
    this.#parts.lookAhead.compile(
      around.map((one): LikelyCall => ({ name: one, likelihood })),
      1,
    );
  }

  #of(home: LoadedModule): Guesses {
    const known = this.#guesses.get(home.record);
    if (known !== undefined) return known;
    const names: string[] = [];
    for (const [name, at] of home.indexes) names[at] = name;
    const made = { names, made: new Set<string>(), missed: 0, right: 0 };
    this.#guesses.set(home.record, made);
    return made;
  }
}

/** Functions that are nearest to one in the order of their definitions, and not compiled. */
function nearest(
  { units, uncompiled }: LoadedModule,
  names: readonly (string | undefined)[],
  at: number,
  most: number,
): string[] {
  const found: string[] = [];
  for (let far = 1; found.length < most && (far <= at || at + far < names.length); far += 1)
    for (const place of [at + far, at - far]) {
      const name = names[place];
      // A function that is under way has a unit; most others were never asked for.
      if (name !== undefined && hasBit(uncompiled, place) && units.get(name)?.work === undefined)
        found.push(name);
    }
  return found.slice(0, Math.max(0, most));
}
