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
  hold: Hold;
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
    return this.#waiting;
  }

  /** The same for people. */
  held(): { readonly name: string; readonly bytes: number; readonly hold: Hold }[] {
    return this.#waiting.map(({ item: { name, bytes }, hold }) => ({ name, bytes, hold }));
  }

  /** Adds an item that no new call can reach. */
  retire(item: Item): void {
    this.#waiting.push({ item, hold: 'waiting' });
    this.#retiredBytes += item.bytes;
  }

  /**
   * Reclaims what no thread refers to now.
   *
   * @returns Items reclaimed.
   */
  poll(): number {
    if (this.#waiting.length === 0) return 0;
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
    for (const waiting of all) waiting.hold = holds.get(waiting) ?? waiting.hold;
    const free = all.filter((waiting) => !holds.has(waiting));
    this.#waiting = all.filter((waiting) => holds.has(waiting));
    for (const { item } of free) {
      this.#retiredBytes -= item.bytes;
      this.#reclaimedBytes += item.bytes;
      item.reclaim();
    }
    return free.length;
  }
}
