/** A store that can't do harm: what it throws is a failure to be told of, and what fails again and again is left alone. */
import type { Evicted, ObjectStore } from './object-store.js';

/** After so many failures in a row a store is not asked, or not written to, any more. */
const mostFailures = 3;
/** Compiling takes milliseconds; to wait much longer for an answer is worse than to compile. */
const answerMs = 1000;

/** Told of a failure. */
export interface StoreObserver {
  /** Something failed: it is as if it had not been asked for. */
  failed: (key: string, reason: string) => void;
  /** It failed so often that it is not tried any more. */
  gaveUp: (message: string) => void;
}

type Act = 'reading' | 'storing';

/** Passes on to the user's store, and never throws. */
export class GuardedStore {
  readonly #store: ObjectStore;
  readonly #observer: StoreObserver;
  readonly #failures: Record<Act, number> = { reading: 0, storing: 0 };

  /**
   * @param store - The user's.
   * @param observer - Told of failures.
   */
  constructor(store: ObjectStore, observer: StoreObserver) {
    this.#store = store;
    this.#observer = observer;
  }

  /** Whether `get` answers at once. */
  get immediate(): boolean {
    return this.#store.immediate;
  }

  /** An entry; undefined if there is none, and if it can't be had. */
  get(key: string): Uint8Array | undefined | Promise<Uint8Array | undefined> {
    if (!this.#isTried('reading')) return undefined;
    try {
      const found = this.#store.get(key);
      if (!(found instanceof Promise)) return this.#read(found);
      if (this.immediate) throw new Error('it says that it is immediate, and answered with a promise');
      return this.#wait(key, found);
    } catch (error) {
      this.#fail('reading', key, error);
      return undefined;
    }
  }

  /** Keeps an entry. @returns Whether it could be done. */
  async put(key: string, bytes: Uint8Array, evicted: Evicted): Promise<boolean> {
    return this.#change(key, async () => this.#store.put(key, bytes, evicted));
  }

  /** Forgets an entry. */
  async delete(key: string): Promise<void> {
    await this.#change(key, async () => this.#store.delete(key));
  }

  async #wait(key: string, found: Promise<Uint8Array | undefined>): Promise<Uint8Array | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new Error(`no answer for ${String(answerMs)} ms`));
      }, answerMs);
    });
    try {
      return this.#read(await Promise.race([found, late]));
    } catch (error) {
      this.#fail('reading', key, error);
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }

  /** What comes from JavaScript may be anything. */
  #read(found: unknown): Uint8Array | undefined {
    if (found !== undefined && !(found instanceof Uint8Array))
      throw new Error('it answered with what is no Uint8Array');
    this.#failures.reading = 0;
    return found;
  }

  async #change(key: string, change: () => Promise<void>): Promise<boolean> {
    if (!this.#isTried('storing')) return false;
    try {
      await change();
      this.#failures.storing = 0;
      return true;
    } catch (error) {
      this.#fail('storing', key, error);
      return false;
    }
  }

  #isTried(act: Act): boolean {
    return this.#failures[act] < mostFailures;
  }

  #fail(act: Act, key: string, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.#observer.failed(key, `${act} failed: ${reason}`);
    this.#failures[act] += 1;
    if (this.#failures[act] !== mostFailures) return;
    const times = String(mostFailures);
    this.#observer.gaveUp(
      `object cache (${this.#store.description}): ${act} failed ${times} times in a row, and is not tried any more: ${reason}`,
    );
  }
}
