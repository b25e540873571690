/** A compiler that asks the object cache first. */
import type { CompiledObject, CompileRequest, Compiler } from '../core/compiler.js';
import type { CacheKeys } from './cache-keys.js';
import type { ObjectCache } from './object-cache.js';

/** Compiles what the cache does not have, and lets it have what was compiled. */
export class CachedCompiler implements Compiler {
  readonly #inner: Compiler;
  readonly #cache: ObjectCache;
  readonly #keys: CacheKeys;

  /**
   * @param inner - Compiles; destroyed with this one.
   * @param cache - Has objects.
   * @param keys - Makes their keys.
   */
  constructor(inner: Compiler, cache: ObjectCache, keys: CacheKeys) {
    this.#inner = inner;
    this.#cache = cache;
    this.#keys = keys;
  }

  get threads(): number {
    return this.#inner.threads;
  }

  async compile(request: CompileRequest): Promise<CompiledObject> {
    const { identity } = this.#inner;
    if (identity === undefined) return this.#inner.compile(request);
    const { module, part } = request;
    const entry = { key: this.#keys.ofObject(request, identity), module, content: part };
    const found = this.#cache.find(entry, (payload) => payload);
    const object = found instanceof Promise ? await found : found;
    if (object !== undefined) return { object, queuedMs: 0, compileMs: 0 };
    const compiled = await this.#inner.compile(request);
    this.#cache.keep(entry, compiled.object.length, () => compiled.object);
    return compiled;
  }

  pending(): number {
    return this.#inner.pending();
  }

  destroy(): void {
    this.#inner.destroy();
  }
}
