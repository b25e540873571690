/** Ranges of addresses that do not overlap, each with something that it belongs to. */
import { present } from '../core/assert.js';

/** A range and whose it is. */
export interface OwnedRange<Owner> {
  readonly start: number;
  /** Address behind the last byte. */
  readonly end: number;
  readonly owner: Owner;
}

/** A set of disjoint ranges; a look-up takes logarithmic time. */
export class RangeSet<Owner> {
  /** Sorted by start. */
  readonly #ranges: OwnedRange<Owner>[] = [];

  /** The range that begins lowest. */
  get first(): OwnedRange<Owner> | undefined {
    return this.#ranges[0];
  }

  /** The range that ends highest. */
  get last(): OwnedRange<Owner> | undefined {
    return this.#ranges.at(-1);
  }

  /** A range that shares a byte with this one. */
  overlapping(start: number, end: number): OwnedRange<Owner> | undefined {
    const before = this.#ranges[this.#firstFrom(end) - 1];
    return before !== undefined && before.end > start ? before : undefined;
  }

  /** Adds a range that overlaps none. */
  add(start: number, end: number, owner: Owner): void {
    this.#ranges.splice(this.#firstFrom(start), 0, { start, end, owner });
  }

  /** Takes out the range that begins there. */
  remove(start: number): void {
    this.#ranges.splice(this.#firstFrom(start), 1);
  }

  /** Index of the first range that begins at an address or above. */
  #firstFrom(start: number): number {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (present(this.#ranges[middle], 'a range of the set').start < start) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
