/** Calls of functions in their present versions, as far as their counters tell. */
import type { SlotIndex } from '../core/ids.js';
import { type OffsetTable, unarmedCount } from '../../stubs/offset-table.js';

/** The longest count a counter can hold that no arithmetic overflows. */
const longestCount = 2 ** 30;

/** What a counter that has asked holds until it is armed again (native/ring.cc). */
const askedCount = 2 ** 20;

/** The same where the ring was full: it asks again soon. */
const ringFullCount = 1000;

/** Calls that a counter was last armed with, those counted before in the same version, and since when. */
interface Count {
  readonly armed: number;
  readonly before: number;
  readonly sinceMs: number;
}

/** Calls of a function. */
export interface CallCount {
  readonly calls: number;
  /** Milliseconds since the engine was created at which counting began. */
  readonly sinceMs: number;
}

/** Arms and reads the counters of one engine. */
export class CallCounts {
  readonly #table: OffsetTable;
  readonly #atMs: () => number;
  readonly #counts = new Map<SlotIndex, Count>();

  /**
   * @param table - Where counters are.
   * @param atMs - Milliseconds since the engine was created.
   */
  constructor(table: OffsetTable, atMs: () => number) {
    this.#table = table;
    this.#atMs = atMs;
  }

  /**
   * Counts from zero: the function has a new version, which asks after so many calls. Its first one may have been called
   * before somebody came to do this: a thread that waited for it goes on at once.
   */
  begin(slot: SlotIndex, calls: number): void {
    const early = this.#counts.has(slot) ? 0 : Math.max(0, unarmedCount - this.#table.remaining(slot));
    this.#arm(slot, Math.max(1, calls - early), { calls: early, sinceMs: this.#atMs() });
  }

  /**
   * Counts on, after the function has asked.
   *
   * @param slot - Its slot.
   * @param calls - Calls until it asks again.
   * @param before - Its calls until now.
   */
  goOn(slot: SlotIndex, calls: number, before: CallCount): void {
    this.#arm(slot, calls, before);
  }

  /** The calls of a function that has just asked: all that its counter was armed with. */
  asked(slot: SlotIndex): CallCount {
    const { armed, before, sinceMs } = this.#counts.get(slot) ?? {
      armed: 0,
      before: 0,
      sinceMs: this.#atMs(),
    };
    return { calls: before + armed, sinceMs };
  }

  /** The calls of a function until now; undefined if it was never armed. */
  read(slot: SlotIndex): CallCount | undefined {
    const count = this.#counts.get(slot);
    if (count === undefined) return undefined;
    const { armed, before, sinceMs } = count;
    const left = this.#table.remaining(slot);
    if (left <= armed) return { calls: before + armed - left, sinceMs };
    // It has asked, and counts on from there until its new version comes. Where the ring was full it holds another number.
    const unanswered = left > ringFullCount ? Math.max(0, askedCount - left) : 0;
    return { calls: before + armed + unanswered, sinceMs };
  }

  #arm(slot: SlotIndex, calls: number, { calls: before, sinceMs }: CallCount): void {
    const armed = Math.min(calls, longestCount);
    this.#counts.set(slot, { armed, before, sinceMs });
    this.#table.arm(slot, armed);
  }
}
