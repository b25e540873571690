/** The object cache as an engine uses it: looks up, checks what it finds, stores later, and tells of all of it. */
import type { CachedContent, CacheEvent, Emit } from '../core/events.js';
import { decodeEntry, encodeEntry } from './entry.js';
import { GuardedStore } from './guarded-store.js';
import type { ObjectStore } from './object-store.js';
import { WriteBehind } from './write-behind.js';

/** One entry, and what it is for. */
export interface CacheEntry {
  readonly key: string;
  /** The module that it was made for first; others may find it. */
  readonly module: string;
  readonly content: CachedContent;
}

/** What an engine had of its cache since it was created. */
export interface CacheStatistics {
  /** Modules and objects that were found. */
  readonly hits: number;
  /** Those that were not; `rejected` and failed look-ups included. */
  readonly misses: number;
  /** Entries that were there, but damaged or of another key. */
  readonly rejected: number;
  /** Entries stored. */
  readonly stored: number;
  /** Entries that had to go to make room for these. */
  readonly evicted: number;
  /** Times that the store failed. */
  readonly failed: number;
  /** Bytes of what was found. */
  readonly bytesRead: number;
  /** Bytes of what was stored. */
  readonly bytesWritten: number;
}

/** Makes a payload's bytes when it is stored, which is later. */
export type Payload = () => Uint8Array;

/** What is longer than this is not kept. */
const mostPayloadBytes = 2 ** 30;

/** The cache of one engine. */
export class ObjectCache {
  readonly #store: GuardedStore;
  readonly #emit: Emit;
  readonly #writes: WriteBehind;
  readonly #counts = {
    hits: 0,
    misses: 0,
    rejected: 0,
    stored: 0,
    evicted: 0,
    failed: 0,
    bytesRead: 0,
    bytesWritten: 0,
  };
  /** Entries that are looked up or stored now: what a failure is about. */
  readonly #entries = new Map<string, CacheEntry>();
  /** Rejected entries on their way out: what replaces one must not go with it. */
  readonly #deletions = new Map<string, Promise<void>>();

  /**
   * @param store - Where entries are.
   * @param emit - Gives events to observers.
   * @param isBusy - Whether something more urgent than storing is under way.
   */
  constructor(store: ObjectStore, emit: Emit, isBusy: () => boolean) {
    this.#emit = emit;
    this.#writes = new WriteBehind(isBusy);
    this.#store = new GuardedStore(store, {
      failed: (key, reason) => {
        this.#counts.failed += 1;
        this.#tell('failed', this.#entries.get(key), key, 0, reason);
      },
      gaveUp: (message) => {
        emit('warning', { module: '', message });
      },
    });
  }

  /** Whether look-ups answer at once. */
  get immediate(): boolean {
    return this.#store.immediate;
  }

  /** What there was so far. */
  get statistics(): CacheStatistics {
    return { ...this.#counts };
  }

  /**
   * Looks up an entry.
   *
   * @param entry - Which one.
   * @param decode - Reads its payload; undefined if it can't be read.
   * @returns What was read; undefined if it is not there or no good. A promise unless the store is immediate.
   */
  find<Content>(
    entry: CacheEntry,
    decode: (payload: Uint8Array) => Content | undefined,
  ): Content | undefined | Promise<Content | undefined> {
    this.#entries.set(entry.key, entry);
    const found = this.#store.get(entry.key);
    if (!(found instanceof Promise)) return this.#check(entry, found, decode);
    return found.then((bytes) => this.#check(entry, bytes, decode));
  }

  /**
   * Stores an entry, later.
   *
   * @param entry - Which one.
   * @param bytes - About how much memory the payload holds.
   * @param payload - What to store.
   */
  keep(entry: CacheEntry, bytes: number, payload: Payload): void {
    if (bytes > mostPayloadBytes) return;
    const run = async (): Promise<void> => this.#put(entry, payload());
    if (this.#writes.add({ bytes, run })) return;
    this.#counts.failed += 1;
    this.#tell('failed', entry, entry.key, bytes, 'the store is slower than the compiler: too much waits');
  }

  /**
   * Waits until what was kept is stored.
   *
   * @param timeoutMs - For how long at most.
   * @returns Whether everything is stored.
   */
  async flush(timeoutMs: number): Promise<boolean> {
    return this.#writes.flush(timeoutMs);
  }

  /** Flushes, and forgets what was not stored in time: the engine ends. */
  async end(timeoutMs: number): Promise<void> {
    await this.#writes.flush(timeoutMs);
    this.#writes.drop();
  }

  #check<Content>(
    entry: CacheEntry,
    bytes: Uint8Array | undefined,
    decode: (payload: Uint8Array) => Content | undefined,
  ): Content | undefined {
    this.#entries.delete(entry.key);
    if (bytes !== undefined) {
      const { payload, reason } = decodeEntry(entry.key, bytes);
      const content = payload === undefined ? undefined : decode(payload);
      if (content !== undefined) {
        this.#counts.hits += 1;
        this.#counts.bytesRead += bytes.length;
        this.#tell('hit', entry, entry.key, bytes.length, '');
        return content;
      }
      this.#counts.rejected += 1;
      this.#tell('rejected', entry, entry.key, bytes.length, reason ?? 'its content is malformed');
      this.#deletions.set(entry.key, this.#store.delete(entry.key));
    }
    this.#counts.misses += 1;
    this.#tell('miss', entry, entry.key, 0, '');
    return undefined;
  }

  async #put(entry: CacheEntry, payload: Uint8Array): Promise<void> {
    const { key } = entry;
    this.#entries.set(key, entry);
    const bytes = encodeEntry(key, payload);
    await this.#deletions.get(key);
    this.#deletions.delete(key);
    const isStored = await this.#store.put(key, bytes, (other, size) => {
      this.#counts.evicted += 1;
      this.#tell('evicted', undefined, other, size, '');
    });
    this.#entries.delete(key);
    if (!isStored) return;
    this.#counts.stored += 1;
    this.#counts.bytesWritten += bytes.length;
    this.#tell('stored', entry, key, bytes.length, '');
  }

  #tell(
    outcome: CacheEvent['outcome'],
    entry: CacheEntry | undefined,
    key: string,
    bytes: number,
    reason: string,
  ): void {
    const { module = '', content = null } = entry ?? {};
    this.#emit('cache', { outcome, module, content, key, bytes, reason });
  }
}
