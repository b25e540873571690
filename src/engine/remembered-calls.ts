/**
 * Remembers, in the object cache, which functions a program called, so that the next time they are there before they are
 * called: those of a module are compiled and linked together, not one after the other. The list is a hint; what it
 * names and the program lacks is passed over. (.NET's multi-core JIT keeps such lists, too.)
 */
import type { CacheKeys } from '../cache/cache-keys.js';
import type { CacheEntry, ObjectCache } from '../cache/object-cache.js';
import type { TierController } from './tier-controller.js';
import type { LoadedModule } from './loaded-module.js';

/** A list is written anew when it lacks more than this share of what was called. */
const newShare = 1 / 64;

/** What it works with. */
export interface RememberedCallsParts {
  readonly cache: ObjectCache | undefined;
  readonly keys: CacheKeys | undefined;
  readonly controller: Pick<TierController, 'wasCalled'>;
}

/** Modules that were linked together, and what is known of their calls. */
interface Remembered {
  readonly entry: CacheEntry;
  readonly homes: readonly LoadedModule[];
  readonly names: Set<string>;
}

/** The remembered calls of one engine. */
export class RememberedCalls {
  readonly #parts: RememberedCallsParts;
  readonly #links: Remembered[] = [];

  /** @param parts - The cache, and who knows what was called. */
  constructor(parts: RememberedCallsParts) {
    this.#parts = parts;
  }

  /**
   * Functions that were called the last time when the same modules were linked together.
   *
   * @param modules - The modules.
   * @returns Linker names; a promise unless the store is immediate.
   */
  recall(modules: readonly LoadedModule[]): readonly string[] | Promise<readonly string[]> {
    const { cache, keys } = this.#parts;
    const homes = modules.filter(({ unitKind }) => unitKind === 'function');
    if (cache === undefined || keys === undefined || homes.length === 0) return [];
    const sources = homes.flatMap(({ record: { canonical } }) =>
      canonical.kind === 'ir' ? [canonical.code] : [],
    );
    const entry = { key: keys.ofCalls(sources), module: '', content: 'calls' } as const;
    const keep = (names: readonly string[] = []): readonly string[] => {
      this.#links.push({ entry, homes, names: new Set(names) });
      return names;
    };
    const found = cache.find(entry, decode);
    return found instanceof Promise ? found.then(keep) : keep(found);
  }

  /** Notes what was called until now, for the next time. */
  note(): void {
    const { cache, controller } = this.#parts;
    for (const { entry, homes, names } of this.#links) {
      const called = homes.flatMap((home) =>
        [...home.units.values()].filter((unit) => controller.wasCalled(unit)).map(({ name }) => name),
      );
      const added = called.filter((name) => !names.has(name));
      if (added.length <= called.length * newShare) continue;
      for (const name of added) names.add(name);
      const text = JSON.stringify([...names]);
      cache?.keep(entry, text.length, () => Buffer.from(text));
    }
  }
}

/** A list of names, or undefined for anything else. */
function decode(payload: Uint8Array): readonly string[] | undefined {
  let list: unknown;
  try {
    list = JSON.parse(Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString());
  } catch {
    return undefined;
  }
  const isList = Array.isArray(list) && list.every((name) => typeof name === 'string');
  // Safe because that was just looked at.
  return isList ? (list as string[]) : undefined;
}
