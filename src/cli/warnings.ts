/** Tells of an engine's warnings: what many modules have in common at length for the first, and for the others by their number. */
import type { WarningEvent } from '../index.js';

/** The warnings of one program. */
export class Warnings {
  readonly #say: (line: string) => void;
  /** By kind: modules beside the first. */
  readonly #others = new Map<string, number>();

  /** @param say - Prints a line. */
  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  /** Prints a warning, or counts it. */
  add({ module, message, kind }: WarningEvent): void {
    const others = kind === undefined ? undefined : this.#others.get(kind);
    if (kind !== undefined) this.#others.set(kind, others === undefined ? 0 : others + 1);
    if (others === undefined) this.#say(module === '' ? message : `module ${module}: ${message}`);
  }

  /** Prints how many were counted since the last time. */
  flush(): void {
    for (const [kind, others] of this.#others) {
      if (others > 0)
        this.#say(`the same (${kind}) holds for ${String(others)} more module(s); see tierlink inspect`);
      this.#others.set(kind, 0);
    }
  }
}
