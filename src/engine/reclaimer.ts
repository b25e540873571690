/**
 * Decides when to look for a grace. After each publish, soon; as long as something is held, again and again, each
 * time after twice as long. A program whose main never returns gets its old code reclaimed by this, too.
 */
import type { Emit } from '../core/events.js';
import type { Retirement } from '../memory/retirement.js';

/** First wait in milliseconds: several publishes share one scan, and what is called now has mostly returned. */
const firstMs = 5;
/** Longest wait in milliseconds. */
const longestMs = 1000;

/** What a reclaimer works with. */
export interface ReclaimerParts {
  readonly retirement: Pick<Retirement, 'count' | 'poll'>;
  /** Threads inside compiled code now. */
  readonly mutatorsInside: () => number;
  readonly emit: Emit;
}

/** Reclaims retired versions of one engine. */
export class Reclaimer {
  readonly #parts: ReclaimerParts;
  #timer: NodeJS.Timeout | undefined;
  #waitMs = firstMs;
  #open = true;

  /** @param parts - What was retired, and whom to tell. */
  constructor(parts: ReclaimerParts) {
    this.#parts = parts;
  }

  /** Reclaims at once when no thread is inside, else soon. */
  soon(): void {
    const { retirement, mutatorsInside } = this.#parts;
    if (retirement.count === 0) return;
    if (mutatorsInside() === 0) {
      this.now();
      return;
    }
    this.#waitMs = firstMs;
    this.#schedule();
  }

  /**
   * Looks for a grace now.
   *
   * @returns Versions reclaimed.
   */
  now(): number {
    const count = this.#parts.retirement.poll();
    if (count > 0) this.#parts.emit('reclaimed', { versions: count });
    return count;
  }

  /** Looks no more. */
  stop(): void {
    this.#open = false;
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    if (!this.#open || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.now();
      if (this.#parts.retirement.count === 0) return;
      this.#waitMs = Math.min(this.#waitMs * 2, longestMs);
      this.#schedule();
    }, this.#waitMs);
    // Old code alone keeps no process alive.
    this.#timer.unref();
  }
}
