/** A store in memory: for several engines of one process, and for tests. */
import { type Evicted, type ObjectStore, objectStoreVersion } from './object-store.js';

/** Keeps entries for as long as it lives. What was used least recently goes first. */
export class MemoryStore implements ObjectStore {
  readonly apiVersion: number = objectStoreVersion;
  readonly description = 'memory';
  readonly immediate = true;
  readonly #maxBytes: number;
  /** The one used least recently is first. */
  readonly #entries = new Map<string, Uint8Array>();
  #bytes = 0;

  /** @param maxBytes - Of all entries together. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get(key: string): Uint8Array | undefined {
    const found = this.#entries.get(key);
    if (found === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, found);
    return found;
  }

  put(key: string, bytes: Uint8Array, evicted: Evicted): Promise<void> {
    if (bytes.length <= this.#maxBytes) {
      this.#remove(key);
      this.#entries.set(key, bytes);
      this.#bytes += bytes.length;
      this.#makeRoom(evicted);
    }
    return Promise.resolve();
  }

  delete(key: string): Promise<void> {
    this.#remove(key);
    return Promise.resolve();
  }

  #makeRoom(evicted: Evicted): void {
    for (const [key, { length }] of this.#entries) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#remove(key);
      evicted(key, length);
    }
  }

  #remove(key: string): void {
    this.#bytes -= this.#entries.get(key)?.length ?? 0;
    this.#entries.delete(key);
  }
}
