/** Which version an address of code belongs to. */
import { present } from '../core/assert.js';
import type { Address } from '../core/ids.js';

interface Entry<Value> {
  readonly start: Address;
  readonly end: number;
  readonly value: Value;
}

/** Disjoint address ranges, found by binary search. */
export class AddressMap<Value> {
  /** Sorted by start. */
  readonly #entries: Entry<Value>[] = [];

  /** Adds a range that overlaps no other. */
  add(start: Address, bytes: number, value: Value): void {
    this.#entries.splice(this.#after(start), 0, { start, end: start + bytes, value });
  }

  /** Removes the range that starts here. */
  remove(start: Address): void {
    const index = this.#after(start) - 1;
    if (this.#entries[index]?.start === start) this.#entries.splice(index, 1);
  }

  /** The value of the range that holds the address. */
  find(code: Address): Value | undefined {
    const entry = this.#entries[this.#after(code) - 1];
    return entry !== undefined && code < entry.end ? entry.value : undefined;
  }

  /** Entries that start at or below the address. */
  #after(code: Address): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (present(this.#entries[middle], 'an entry').start <= code) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
