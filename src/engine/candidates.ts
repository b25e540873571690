/** Units that a policy may choose among, and when it is asked. */
import type { Choice } from '../core/decision.js';
import type { SlotIndex } from '../core/ids.js';
import type { Unit } from './loaded-module.js';

/** The longest that a timer can wait, in milliseconds. */
const longestMs = 2 ** 31 - 1;

/** Keeps the candidates of one engine. */
export class CandidateList {
  readonly #slots = new Map<Unit, SlotIndex>();
  readonly #ask: () => void;
  #timer: NodeJS.Timeout | undefined;
  #open = true;

  /** @param ask - Has the policy choose; called later, never from within a call of this. */
  constructor(ask: () => void) {
    this.#ask = ask;
  }

  /** The candidates in the order in which they came, each with the slot of the function that asked. */
  entries(): readonly (readonly [Unit, SlotIndex])[] {
    return [...this.#slots];
  }

  /** Adds a unit; of one that is there, another function asked. */
  add(unit: Unit, slot: SlotIndex): void {
    this.#slots.set(unit, slot);
    this.soon();
  }

  /** Takes a unit out: it is compiled, or gone. */
  delete(unit: Unit): void {
    this.#slots.delete(unit);
  }

  /** Something has changed: the policy is asked when what is under way now is done. */
  soon(): void {
    this.#after(0);
  }

  /** The policy is asked again, unless something changes before. */
  later({ againMs }: Choice): void {
    if (againMs <= longestMs) this.#after(againMs);
  }

  /** Never asks again. */
  stop(): void {
    this.#open = false;
    clearTimeout(this.#timer);
  }

  #after(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#open || this.#slots.size === 0) return;
    this.#timer = setTimeout(this.#ask, milliseconds);
    this.#timer.unref();
  }
}
