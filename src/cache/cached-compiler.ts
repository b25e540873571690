/** A compiler that asks the object cache first. */
import type { CompiledObject, CompileRequest, Compiler } from '../core/compiler.js';
import type { CacheKeys } from './cache-keys.js';
import type { CacheEntry, ObjectCache } from './object-cache.js';

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
    const entry = this.#entryOf(request);
    if (entry === undefined) return this.#inner.compile(request);
    const found = this.#cache.find(entry, asItIs);
    const object = found instanceof Promise ? await found : found;
    return object === undefined ? this.#keep(entry, await this.#inner.compile(request)) : uncompiled(object);
  }

  compileNow(request: CompileRequest): CompiledObject {
    const entry = this.#entryOf(request);
    if (entry === undefined) return this.#inner.compileNow(request);
    const found = this.#cache.find(entry, asItIs);
    // What a store brings later is too late for a thread that waits.
    if (found === undefined || found instanceof Promise)
      return this.#keep(entry, this.#inner.compileNow(request));
    return uncompiled(found);
  }

  #entryOf(request: CompileRequest): CacheEntry | undefined {
    const { identity } = this.#inner;
    const { module, part, profile } = request;
    // What was counted in this run will not be counted in the same way in another one.
    const isPassing = profile !== undefined && !profile.isLasting;
    return identity === undefined || isPassing
      ? undefined
      : { key: this.#keys.ofObject(request, identity), module, content: part };
  }

  #keep(entry: CacheEntry, compiled: CompiledObject): CompiledObject {
    this.#cache.keep(entry, compiled.object.length, () => compiled.object);
    return compiled;
  }

  forget(bitcode: Uint8Array): void {
    this.#inner.forget?.(bitcode);
  }

  pending(): number {
    return this.#inner.pending();
  }

  destroy(): Promise<void> {
    return this.#inner.destroy();
  }
}

function asItIs(payload: Uint8Array): Uint8Array {
  return payload;
}

/** An object that nobody compiled now. */
function uncompiled(object: Uint8Array): CompiledObject {
  return { object, queuedMs: 0, compileMs: 0 };
}
