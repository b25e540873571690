/** The shipped stores for the object cache. */
import { resolve } from 'node:path';
import { DirectoryStore } from '../cache/directory-store.js';
import { MemoryStore } from '../cache/memory-store.js';
import { type ObjectStore, objectStoreVersion } from '../cache/object-store.js';
import { checkApiVersion } from '../core/api-version.js';
import { whole } from './option-checks.js';

const mebibyte = 2 ** 20;
const most = 2 ** 50;

/** How much a store keeps. */
export interface StoreLimits {
  /** Bytes of all entries together. @defaultValue 512 MiB in a directory, 64 MiB in memory */
  readonly maxBytes?: number;
}

/** A directory in which compiled objects are kept. Plain data: whoever controls an engine opens it there. */
export interface DirectoryCache {
  readonly kind: 'directory';
  /** Absolute. */
  readonly path: string;
  /** Bytes of all entries together. */
  readonly maxBytes: number;
}

/**
 * Keeps compiled objects in a directory, for any number of engines and processes at a time. It is made, for this user
 * alone, when the first entry is stored. What was used least recently goes first.
 *
 * @param path - The directory, which nobody else may be able to write to.
 * @param limits - How much it keeps; each entry counts as whole blocks of 4 KiB.
 * @returns What to give as the option `cache`.
 * @throws TierlinkError CACHE_DIRECTORY_REFUSED, OPTION_INVALID
 *
 * @example
 * ```ts
 * const engine = createEngine({ cache: directory('/var/cache/mine', { maxBytes: 2 ** 28 }) });
 * ```
 */
export function directory(path: string, limits: StoreLimits = {}): DirectoryCache {
  const maxBytes = whole('maxBytes', limits.maxBytes ?? 512 * mebibyte, 0, most);
  const cache = { kind: 'directory', path: resolve(path), maxBytes } as const;
  // A directory that is refused is refused here, where it was named.
  openDirectory(cache);
  return cache;
}

/**
 * Keeps compiled objects in memory: for several engines of one process, and for tests.
 *
 * @param limits - How much it keeps.
 * @returns The store.
 * @throws TierlinkError OPTION_INVALID
 */
export function memory(limits: StoreLimits = {}): ObjectStore {
  return new MemoryStore(whole('maxBytes', limits.maxBytes ?? 64 * mebibyte, 0, most));
}

/**
 * The store that an engine has of its option `cache`. For stores of your own that have another behind them.
 *
 * @param cache - A directory, or a store.
 * @returns The directory's store; a store as it is.
 * @throws TierlinkError API_VERSION_MISMATCH, CACHE_DIRECTORY_REFUSED
 */
export function openStore(cache: ObjectStore | DirectoryCache): ObjectStore {
  if (isDirectory(cache)) return openDirectory(cache);
  checkApiVersion(cache, 'ObjectStore', objectStoreVersion);
  return cache;
}

function isDirectory(cache: ObjectStore | DirectoryCache): cache is DirectoryCache {
  return 'kind' in cache;
}

function openDirectory({ path, maxBytes }: DirectoryCache): DirectoryStore {
  return new DirectoryStore(path, maxBytes, process.getuid?.() ?? 0);
}
