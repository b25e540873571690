/** Makes the shipped stores for the object cache. */
import { resolve } from 'node:path';
import { DirectoryStore } from '../cache/directory-store.js';
import { MemoryStore } from '../cache/memory-store.js';
import type { ObjectStore } from '../cache/object-store.js';
import { whole } from './option-checks.js';

const mebibyte = 2 ** 20;
const most = 2 ** 50;

/** How much a store keeps. */
export interface StoreLimits {
  /** Bytes of all entries together. @defaultValue 512 MiB in a directory, 64 MiB in memory */
  readonly maxBytes?: number;
}

/**
 * Keeps compiled objects in a directory, for any number of engines and processes at a time. It is made, for this user
 * alone, when the first entry is stored. What was used least recently goes first.
 *
 * @param path - The directory, which nobody else may be able to write to.
 * @param limits - How much it keeps; each entry counts as whole blocks of 4 KiB.
 * @returns The store.
 * @throws TierlinkError CACHE_DIRECTORY_REFUSED, OPTION_INVALID
 *
 * @example
 * ```ts
 * const engine = createEngine({ cache: directory('/var/cache/mine', { maxBytes: 2 ** 28 }) });
 * ```
 */
export function directory(path: string, limits: StoreLimits = {}): ObjectStore {
  const maxBytes = whole('maxBytes', limits.maxBytes ?? 512 * mebibyte, 0, most);
  const user = process.getuid?.() ?? 0;
  return new DirectoryStore(resolve(path), maxBytes, user);
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
