/** Reads modules from the object cache where it has them, which takes no LLVM. */
import { present } from '../core/assert.js';
import { TierlinkError } from '../core/errors.js';
import type { Ingest, IngestedModule } from '../native/ingest.js';
import type { CacheKeys } from './cache-keys.js';
import { decodeModule, encodeModule } from './module-payload.js';
import type { ObjectCache } from './object-cache.js';

/**
 * Asks a cache before modules are read, and has those read that it lacks. Only what could be read is kept. A store that
 * is not immediate is not asked: `addModule` can't wait.
 *
 * @param inner - Reads what the cache does not have.
 * @param cache - Has modules that were read.
 * @param keys - Makes their keys.
 * @returns The reader.
 */
export function cachedIngest(inner: Ingest, cache: ObjectCache, keys: CacheKeys): Ingest {
  if (!cache.immediate) return inner;
  return (requests) => {
    const looked = requests.map((request) => {
      const entry = { key: keys.ofModule(request), module: request.name, content: 'module' } as const;
      const found = cache.find(entry, decodeModule);
      return { request, entry, found: found instanceof Promise ? undefined : found };
    });
    const missing = looked.filter(({ found }) => found === undefined);
    const read = missing.length === 0 ? [] : inner(missing.map(({ request }) => request));
    const rest = read.values();
    const outcomes: (IngestedModule | TierlinkError)[] = [];
    for (const { entry, found } of looked) {
      const outcome = found ?? present(rest.next().value, 'all were read up to the first that failed');
      outcomes.push(outcome);
      if (outcome instanceof TierlinkError) break;
      if (found !== undefined) continue;
      const bytes = outcome.code.length + (outcome.data?.length ?? 0);
      cache.keep(entry, bytes, () => encodeModule(outcome));
    }
    return outcomes;
  };
}
