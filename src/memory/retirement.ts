/**
 * Retired things and when they may be reclaimed (I5): once no thread inside compiled code refers to them any
 * more. Threads that enter later come through slots, which no longer hold their addresses.
 */

/** Bytes of memory, from `start` to `end`. */
export interface AddressRange {
  readonly start: number;
  readonly end: number;
}

/** What was retired: where it lies, and how to give it back. */
export interface Retired {
  /** Name of what it was, for whoever asks why it is still there. */
  readonly name: string;
  /** Bytes it holds. */
  readonly bytes: number;
  /** Memory that a thread inside may refer to. */
  readonly ranges: readonly AddressRange[];
  /** False: something else must be reclaimed before it. @defaultValue true */
  readonly ready?: () => boolean;
  /**
   * Cuts off the last ways that lead there, once no thread is in it; then it waits for another grace. Until then it may
   * still be entered.
   */
  readonly cutOff?: () => void;
  /** Frees it. */
  readonly reclaim: () => void;
}

/**
 * Why something retired is still held: `waiting`, nobody has looked since it was retired; `referred`, a register or
 * a stack refers to it; `undecided`, a thread could not be examined.
 */
export type Hold = 'waiting' | 'referred' | 'undecided';

/** Says what threads refer to: for each range of the sorted pairs 0 nothing, 1 something may, 2 not known. */
export type ReferenceScan = (ranges: BigUint64Array) => Uint8Array;

interface Waiting<Item> {
  readonly item: Item;
  /** `quiet`: no thread refers to it. */
  hold: Hold | 'quiet';
  isCutOff: boolean;
}

/** Holds what was retired until a grace. */
export class Retirement<Item extends Retired = Retired> {
  readonly #scan: ReferenceScan;
  #waiting: Waiting<Item>[] = [];
  #retiredBytes = 0;
  #reclaimedBytes = 0;

  /** @param scan - Examines the threads inside compiled code. */
  constructor(scan: ReferenceScan) {
    this.#scan = scan;
  }

  /** Bytes retired and not yet reclaimed. */
  get retiredBytes(): number {
    return this.#retiredBytes;
  }

  /** Bytes reclaimed since the engine began. */
  get reclaimedBytes(): number {
    return this.#reclaimedBytes;
  }

  /** Items not yet reclaimed. */
  get count(): number {
    return this.#waiting.length;
  }

  /** What is not reclaimed yet, and why. */
  waiting(): readonly { readonly item: Item; readonly hold: Hold }[] {
    return this.#waiting.map(({ item, hold }) => ({ item, hold: hold === 'quiet' ? 'waiting' : hold }));
  }

  /** The same for people. */
  held(): { readonly name: string; readonly bytes: number; readonly hold: Hold }[] {
    return this.waiting().map(({ item: { name, bytes }, hold }) => ({ name, bytes, hold }));
  }

  /** Adds an item that no new call can reach, but for ways that it cuts off itself. */
  retire(item: Item): void {
    this.#waiting.push({ item, hold: 'waiting', isCutOff: item.cutOff === undefined });
    this.#retiredBytes += item.bytes;
  }

  /**
   * Reclaims what no thread refers to now.
   *
   * @returns Items reclaimed.
   */
  poll(): number {
    let count = 0;
    // What was cut off can be decided by another look at once; what was reclaimed may make others ready.
    for (let changed = true; changed && this.#waiting.length > 0; ) {
      const reclaimed = this.#reclaim();
      changed = this.#cutOff() || (reclaimed > 0 && this.#waiting.some(({ hold }) => hold === 'waiting'));
      count += reclaimed;
    }
    return count;
  }

  /** Cuts off what no thread is in; true if there was any. */
  #cutOff(): boolean {
    const quiet = this.#waiting.filter((waiting) => !waiting.isCutOff && waiting.hold === 'quiet');
    for (const waiting of quiet) {
      waiting.item.cutOff?.();
      waiting.isCutOff = true;
    }
    return quiet.length > 0;
  }

  #reclaim(): number {
    const all = this.#waiting;
    const ranges = all
      .flatMap((waiting) => waiting.item.ranges.map((range) => ({ ...range, waiting })))
      .sort((one, other) => one.start - other.start);
    const held = this.#scan(
      BigUint64Array.from(ranges.flatMap(({ start, end }) => [BigInt(start), BigInt(end)])),
    );
    const holds = new Map<Waiting<Item>, Hold>();
    for (const [index, { waiting }] of ranges.entries()) {
      const seen = held[index];
      if (seen === 2) holds.set(waiting, 'undecided');
      else if (seen !== 0 && !holds.has(waiting)) holds.set(waiting, 'referred');
    }
    const free: Waiting<Item>[] = [];
    const rest: Waiting<Item>[] = [];
    for (const waiting of all) {
      const isReady = waiting.item.ready?.() ?? true;
      waiting.hold = holds.get(waiting) ?? (isReady ? 'quiet' : 'waiting');
      if (waiting.hold === 'quiet' && waiting.isCutOff) free.push(waiting);
      else rest.push(waiting);
    }
    this.#waiting = rest;
    for (const { item } of free) {
      this.#retiredBytes -= item.bytes;
      this.#reclaimedBytes += item.bytes;
      item.reclaim();
    }
    return free.length;
  }
}
