/** Lets work that nobody waits for take turns with the event loop: between two of them, what is urgent gets in. */
import type { CompileTicket } from '../core/compile-ticket.js';

/** Turns of one thread. */
export class Turns {
  readonly #waiting = new Set<() => void>();

  /**
   * Waits for a turn, or until somebody waits for the work.
   *
   * @param ticket - Of the work; what is not done ahead goes on at once.
   */
  async take(ticket: CompileTicket): Promise<void> {
    if (ticket.priority.kind !== 'ahead') return;
    let detach: () => void = () => undefined;
    await new Promise<void>((resolve) => {
      const go = (): void => {
        this.#waiting.delete(go);
        resolve();
      };
      detach = ticket.attach({ cancel: go, move: go });
      this.#waiting.add(go);
      if (this.#waiting.size === 1) this.#next();
    });
    detach();
  }

  #next(): void {
    setImmediate(() => {
      const [first] = this.#waiting;
      first?.();
      if (this.#waiting.size > 0) this.#next();
    });
  }
}
