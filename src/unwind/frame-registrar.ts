/** What the engine needs of the unwinder: that it knows the unwind table of each version, and forgets it. */
import type { Address } from '../core/ids.js';

/** Version of {@link FrameRegistrar} that this library calls. */
export const frameRegistrarVersion = 1;

/** Makes exceptions and backtraces work in compiled code. One for each engine. */
export interface FrameRegistrar {
  /** Version of this interface that it was written for: 1. */
  readonly apiVersion: number;
  /**
   * Tells the unwinder of a table. It is relocated and protected, and does not change until it is taken back.
   *
   * @param frames - Where its `.eh_frame` section starts, as the program sees it.
   * @param bytes - Size of the section; a zero word follows it.
   * @param code - What it describes.
   * @throws any error: the link fails with it as its cause, and all that the link took is given back.
   */
  register(
    frames: Address,
    bytes: number,
    code: { readonly start: Address; readonly size: number /* bytes */ },
  ): void;
  /**
   * Takes a registered table back. Its memory is reused once this returns: no thread may be reading it then.
   *
   * @param frames - Where it starts.
   */
  deregister(frames: Address): void;
  /** Takes back all that is still registered; the engine ends, and no thread is inside. Idempotent. */
  destroy(): void;
}
