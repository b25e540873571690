/** Which ranges of a region are free: first fit by address, neighbours joined when a range comes back. */
import { assert, present } from '../core/assert.js';

interface Range {
  start: number;
  end: number;
}

/** Free ranges of one region, as offsets in bytes from its start. */
export class FreeList {
  /** Sorted by start; no two touch. */
  readonly #free: Range[];
  #used = 0;
  readonly #capacity: number;

  /** @param capacity - Bytes of the region, all free at first. */
  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#free = capacity > 0 ? [{ start: 0, end: capacity }] : [];
  }

  /** Bytes taken, without what alignment skipped. */
  get used(): number {
    return this.#used;
  }

  get capacity(): number {
    return this.#capacity;
  }

  /** Free ranges, for tests and statistics. */
  ranges(): readonly Readonly<Range>[] {
    return this.#free;
  }

  /**
   * Takes a range.
   *
   * @param size - Bytes, above 0.
   * @param alignment - Bytes, a power of two; the region itself is aligned to pages.
   * @returns Its offset, or undefined if no free range is large enough.
   */
  take(size: number, alignment: number): number | undefined {
    assert(size > 0 && alignment > 0 && (alignment & (alignment - 1)) === 0, 'a range has a size');
    for (const [index, range] of this.#free.entries()) {
      const start = Math.ceil(range.start / alignment) * alignment;
      if (start + size > range.end) continue;
      this.#cut(index, start, size);
      return start;
    }
    return undefined;
  }

  #cut(index: number, start: number, size: number): void {
    const range = present(this.#free[index], 'a free range');
    const rest: Range[] = [];
    if (start > range.start) rest.push({ start: range.start, end: start });
    if (start + size < range.end) rest.push({ start: start + size, end: range.end });
    this.#free.splice(index, 1, ...rest);
    this.#used += size;
  }

  /**
   * Finds where `take` would put a range.
   *
   * @param size - Bytes, above 0.
   * @param alignment - Bytes, a power of two.
   * @returns Its offset, or undefined if no free range is large enough.
   */
  find(size: number, alignment: number): number | undefined {
    for (const range of this.#free) {
      const start = Math.ceil(range.start / alignment) * alignment;
      if (start + size <= range.end) return start;
    }
    return undefined;
  }

  /**
   * Takes a range at a given place.
   *
   * @param start - Its offset.
   * @param size - Bytes, above 0.
   * @returns False if not all of it is free.
   */
  takeAt(start: number, size: number): boolean {
    const index = this.#free.findIndex((range) => range.start <= start && start + size <= range.end);
    if (index < 0) return false;
    this.#cut(index, start, size);
    return true;
  }

  /** Offset behind the last byte that is taken; 0 when none is. */
  get end(): number {
    const last = this.#free.at(-1);
    return last?.end === this.#capacity ? last.start : this.#capacity;
  }

  /**
   * Gives a range back.
   *
   * @param start - Offset as `take` returned it.
   * @param size - Bytes as they were asked for.
   */
  give(start: number, size: number): void {
    const end = start + size;
    let low = 0;
    let high = this.#free.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (present(this.#free[middle], 'a free range').start < start) low = middle + 1;
      else high = middle;
    }
    const before = this.#free[low - 1];
    const after = this.#free[low];
    assert(before === undefined || before.end <= start, 'a range is given back once');
    assert(after === undefined || end <= after.start, 'a range is given back once');
    const joined: Range = { start, end };
    let first = low;
    let count = 0;
    if (before?.end === start) {
      joined.start = before.start;
      first -= 1;
      count += 1;
    }
    if (after?.start === end) {
      joined.end = after.end;
      count += 1;
    }
    this.#free.splice(first, count, joined);
    this.#used -= size;
  }
}
