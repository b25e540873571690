/**
 * Retired things and when they may be reclaimed (I5). An item is reclaimed at a moment when no thread is inside
 * compiled code: threads that enter later come through slots, which no longer hold its address.
 */

/** What was retired: how large, and how to give it back. */
export interface Retired {
  /** Bytes it holds. */
  readonly bytes: number;
  /** Frees it. */
  readonly reclaim: () => void;
}

/** Holds what was retired until a grace. */
export class Retirement {
  readonly #mutatorsInside: () => number;
  #waiting: Retired[] = [];
  #reclaimedBytes = 0;

  /** @param mutatorsInside - Threads inside compiled code now. */
  constructor(mutatorsInside: () => number) {
    this.#mutatorsInside = mutatorsInside;
  }

  /** Bytes retired and not yet reclaimed. */
  get retiredBytes(): number {
    return this.#waiting.reduce((sum, item) => sum + item.bytes, 0);
  }

  /** Bytes reclaimed since the engine began. */
  get reclaimedBytes(): number {
    return this.#reclaimedBytes;
  }

  /** Adds an item that no new call can reach. */
  retire(item: Retired): void {
    this.#waiting.push(item);
  }

  /**
   * Reclaims everything if this moment is a grace.
   *
   * @returns Items reclaimed.
   */
  poll(): number {
    if (this.#waiting.length === 0 || this.#mutatorsInside() > 0) return 0;
    const items = this.#waiting;
    this.#waiting = [];
    for (const item of items) {
      item.reclaim();
      this.#reclaimedBytes += item.bytes;
    }
    return items.length;
  }
}
