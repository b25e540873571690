/** Waits for a moment at which no thread is inside compiled code, and keeps threads out while something is done. */
import { TierlinkError } from '../core/errors.js';
import type { Handle, NativeAddon } from '../native/contract.js';

/** Between two tries, in milliseconds. */
const retryMs = 1;

/** Quiescent moments of one engine. */
export class Quiescence {
  readonly #addon: NativeAddon;
  readonly #engine: Handle;

  /**
   * @param addon - The addon.
   * @param engine - The native engine.
   */
  constructor(addon: NativeAddon, engine: Handle) {
    this.#addon = addon;
    this.#engine = engine;
  }

  /**
   * Runs something while no thread is inside. Threads that come in meanwhile wait at the gate.
   *
   * @param group - What is to be published, for the message.
   * @param timeoutMs - How long to try, in milliseconds.
   * @param commit - What to run; short, and synchronous.
   * @throws TierlinkError GROUP_NOT_QUIESCENT (as a rejection), and whatever `commit` throws
   */
  async run(group: readonly string[], timeoutMs: number, commit: () => void): Promise<void> {
    const end = performance.now() + timeoutMs;
    while (!this.#addon.engineCloseGate(this.#engine)) {
      if (performance.now() >= end) {
        const threads = this.#addon.engineMutatorsInside(this.#engine);
        throw new TierlinkError('GROUP_NOT_QUIESCENT', { modules: group, threads, timeoutMs });
      }
      await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
    try {
      commit();
    } finally {
      this.#addon.engineOpenGate(this.#engine);
    }
  }
}
