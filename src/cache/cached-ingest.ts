/** Reads modules from the object cache where it has them, which takes no LLVM. */
import type { Ingest } from '../native/ingest.js';
import type { CacheKeys } from './cache-keys.js';
import { decodeModule, encodeModule } from './module-payload.js';
import type { ObjectCache } from './object-cache.js';

/**
 * Asks a cache before a module is read. Only what could be read is kept. A store that is not immediate is not asked:
 * `addModule` can't wait.
 *
 * @param inner - Reads what the cache does not have.
 * @param cache - Has modules that were read.
 * @param keys - Makes their keys.
 * @returns The reader.
 */
export function cachedIngest(inner: Ingest, cache: ObjectCache, keys: CacheKeys): Ingest {
  if (!cache.immediate) return inner;
  return (source, id, name) => {
    const entry = { key: keys.ofModule(source, id), module: name, content: 'module' } as const;
    const found = cache.find(entry, decodeModule);
    if (found !== undefined && !(found instanceof Promise)) return found;
    const read = inner(source, id, name);
    cache.keep(entry, read.code.length + (read.data?.length ?? 0), () => encodeModule(read));
    return read;
  };
}
