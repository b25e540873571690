/** What is still to be stored: it waits until the compiler has nothing to do, so that storing delays nobody. */

/** Something to be stored. */
export interface Write {
  /** How much memory it holds while it waits. */
  readonly bytes: number;
  /** Stores it; never rejects. */
  readonly run: () => Promise<void>;
}

/** How often it is looked whether the compiler has nothing to do. */
const lookMs = 10;
/** Writes at a time, to a store that takes its time over each. */
const lanes = 4;
/** When so many bytes wait, they are stored although the compiler is busy. */
const pressingBytes = 16 * 2 ** 20;
/** More than this never waits: a store that is slow for so long is not worth the memory. */
const mostBytes = 64 * 2 ** 20;

/** A queue of writes. */
export class WriteBehind {
  readonly #isBusy: () => boolean;
  #waiting: Write[] = [];
  #bytes = 0;
  #running = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Those who wait for all to be stored: nothing is put off as long as there is one. */
  readonly #flushers = new Set<() => void>();

  /** @param isBusy - Whether the compiler has something to do. */
  constructor(isBusy: () => boolean) {
    this.#isBusy = isBusy;
  }

  /**
   * Stores something later.
   *
   * @param write - What is to be stored.
   * @returns False if it is dropped, because too much waits already.
   */
  add(write: Write): boolean {
    if (this.#bytes + write.bytes > mostBytes) return false;
    this.#bytes += write.bytes;
    this.#waiting.push(write);
    this.#look();
    return true;
  }

  /**
   * Waits until everything is stored.
   *
   * @param timeoutMs - For how long at most.
   * @returns Whether everything is.
   */
  async flush(timeoutMs: number): Promise<boolean> {
    if (this.#isDone()) return true;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, timeoutMs);
      const flushers = this.#flushers;
      function done(): void {
        clearTimeout(timer);
        flushers.delete(done);
        resolve();
      }
      flushers.add(done);
      this.#start();
    });
    return this.#isDone();
  }

  /** Forgets what is not being stored yet. */
  drop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waiting = [];
    this.#bytes = 0;
  }

  #isDone(): boolean {
    return this.#waiting.length === 0 && this.#running === 0;
  }

  #look(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#start();
    }, lookMs);
  }

  #start(): void {
    const mayRun = this.#flushers.size > 0 || this.#bytes >= pressingBytes || !this.#isBusy();
    while (mayRun && this.#running < lanes) {
      const write = this.#waiting.shift();
      if (write === undefined) break;
      this.#running += 1;
      void write.run().then(() => {
        this.#running -= 1;
        this.#bytes = Math.max(0, this.#bytes - write.bytes);
        if (this.#flushers.size > 0) this.#start();
        // A store may do its work before it answers: what else there is to do comes between.
        else
          setImmediate(() => {
            this.#start();
          });
      });
    }
    if (this.#isDone()) for (const done of [...this.#flushers]) done();
    else if (!mayRun) this.#look();
  }
}
