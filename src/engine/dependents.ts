/**
 * Versions that rely on another module, since bodies were taken from it to be inlined. Before that module is another one,
 * or gone, they fall back: their functions are compiled anew, at the lowest tier first, and their loops go on.
 */
import type { LoadedModule } from './loaded-module.js';
import type { LookAhead } from './look-ahead.js';
import type { LoopController } from './loop-controller.js';
import type { Publisher } from './publisher.js';
import type { TierController } from './tier-controller.js';

/** What it works with. */
export interface DependentsParts {
  readonly publisher: Pick<Publisher, 'fallBack'>;
  readonly controller: Pick<TierController, 'fellBack'>;
  readonly lookAhead: Pick<LookAhead, 'compile'>;
  readonly loopController: Pick<LoopController, 'countAgain'>;
}

/** The dependents of one engine's modules. */
export class Dependents {
  readonly #parts: DependentsParts;

  /** @param parts - Who publishes, and who compiles. */
  constructor(parts: DependentsParts) {
    this.#parts = parts;
  }

  /**
   * Takes the versions that rely on a module out of use. Cannot fail. Threads that are in them stay in them.
   *
   * @param source - The module.
   * @returns Has them compiled again, before they are called if that can be; for when the module is what it is to be.
   */
  fallBack(source: LoadedModule): () => void {
    const { publisher, controller, lookAhead, loopController } = this.#parts;
    const { units, loops } = publisher.fallBack(source);
    controller.fellBack(units);
    return () => {
      lookAhead.compile(
        units.map(({ name }) => ({ name, likelihood: 1 })),
        1,
      );
      loopController.countAgain(loops);
    };
  }
}
