/** Which version an address of code belongs to. */
import type { Address } from '../core/ids.js';
import { RangeTree } from '../core/range-tree.js';

/** Disjoint address ranges with what lies there; each operation takes logarithmic time. */
export class AddressMap<Value> {
  readonly #ranges = new RangeTree<Value>();

  /** Adds a range that overlaps no other. */
  add(start: Address, bytes: number, value: Value): void {
    this.#ranges.add(start, start + bytes, value);
  }

  /** Removes the range that starts here. */
  remove(start: Address): void {
    this.#ranges.remove(start);
  }

  /** The value of the range that holds the address. */
  find(code: Address): Value | undefined {
    const range = this.#ranges.floor(code);
    return range !== undefined && code < range.end ? range.value : undefined;
  }
}
