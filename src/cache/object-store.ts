/** The small interface behind which compiled objects are kept from one run to the next. */

/** Version of {@link ObjectStore} that this library calls. */
export const objectStoreVersion = 1;

/**
 * Keeps bytes by key: `directory` and `memory` make the shipped ones. What is in it becomes code that runs, so nobody
 * may write to it whom you would not let run code. tierlink checks what it reads: an entry that is damaged, or belongs
 * to another key, is a miss. Whatever a store throws is a miss, too.
 */
export interface ObjectStore {
  /** Version of this interface that it was written for: 1. */
  readonly apiVersion: number;
  /** For messages, such as `directory /var/cache/mine`. */
  readonly description: string;
  /**
   * True: `get` never answers with a promise. `addModule` can't wait, so what reading modules gave is kept only in such
   * a store; of a remote one only compiled objects are asked.
   */
  readonly immediate: boolean;
  /**
   * Looks up an entry.
   *
   * @param key - 64 hexadecimal digits.
   * @returns Its bytes, which nobody changes afterwards; undefined if there is none. After a second it is a miss.
   */
  get(key: string): Uint8Array | undefined | Promise<Uint8Array | undefined>;
  /**
   * Keeps an entry, or replaces it, as a whole: nobody may ever get a part of it. Never waited for by what runs.
   *
   * @param key - 64 hexadecimal digits.
   * @param bytes - The entry; not changed afterwards.
   * @param evicted - To be called for each entry that had to go to make room.
   */
  put(key: string, bytes: Uint8Array, evicted: Evicted): Promise<void>;
  /**
   * Forgets an entry, if it is there.
   *
   * @param key - 64 hexadecimal digits.
   */
  delete(key: string): Promise<void>;
}

/** Told of an entry that had to go, and its size in bytes. */
export type Evicted = (key: string, bytes: number) => void;
