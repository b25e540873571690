/** Puts the object cache, if there is one, in front of what takes LLVM: reading modules and compiling. */
import manifest from '../../package.json' with { type: 'json' };
import { CacheKeys } from '../cache/cache-keys.js';
import { CachedCompiler } from '../cache/cached-compiler.js';
import { cachedIngest } from '../cache/cached-ingest.js';
import { ObjectCache } from '../cache/object-cache.js';
import type { Compiler } from '../core/compiler.js';
import type { Emit } from '../core/events.js';
import { type Ingest, ingestWith } from '../native/ingest.js';
import type { Settings } from './options.js';

/** What reads and compiles for an engine. */
export interface CachedParts {
  readonly compiler: Compiler;
  readonly ingest: Ingest;
  readonly cache: ObjectCache | undefined;
  readonly keys: CacheKeys | undefined;
}

/**
 * Makes what reads and compiles.
 *
 * @param settings - The engine's.
 * @param emit - Gives events to observers.
 * @returns Both, with the cache between them and the engine.
 */
export function cachedParts({ addon, cache: store, ...settings }: Settings, emit: Emit): CachedParts {
  const compiler = settings.compiler(settings.compileThreads);
  const ingest = ingestWith(addon);
  if (store === undefined) return { compiler, ingest, cache: undefined, keys: undefined };
  const cache = new ObjectCache(store, emit, () => compiler.pending() > 0);
  const keys = new CacheKeys({
    tierlink: manifest.version,
    contract: addon.contractVersion,
    llvm: addon.llvmVersion,
    build: addon.build,
    hostCpu: addon.hostCpu,
  });
  return {
    compiler: new CachedCompiler(compiler, cache, keys),
    ingest: cachedIngest(ingest, cache, keys),
    cache,
    keys,
  };
}
