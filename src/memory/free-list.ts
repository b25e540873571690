/** Which ranges of a region are free: first fit by address, neighbours joined when a range comes back. */
import { assert } from '../core/assert.js';
import { alignedStart, type Range, RangeTree } from '../core/range-tree.js';

/** What blocks are mostly aligned to; others are found, too, but may take longer. */
const alignments = [1, 16, 32, 64, 4096];

/** Free ranges of one region, as offsets in bytes from its start. Each operation takes logarithmic time. */
export class FreeList {
  /** No two touch. */
  readonly #free = new RangeTree<undefined>(alignments);
  #used = 0;
  readonly #capacity: number;

  /** @param capacity - Bytes of the region, all free at first. */
  constructor(capacity: number) {
    this.#capacity = capacity;
    if (capacity > 0) this.#free.add(0, capacity, undefined);
  }

  /** Bytes taken, without what alignment skipped. */
  get used(): number {
    return this.#used;
  }

  get capacity(): number {
    return this.#capacity;
  }

  /** Free ranges, for tests and statistics. */
  ranges(): readonly { readonly start: number; readonly end: number }[] {
    return Array.from(this.#free, ({ start, end }) => ({ start, end }));
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
    const range = this.#free.firstFit(size, alignment);
    if (range === undefined) return undefined;
    const start = alignedStart(range.start, alignment);
    this.#cut(range, start, size);
    return start;
  }

  #cut(range: Range<undefined>, start: number, size: number): void {
    const { start: from, end: to } = range;
    const end = start + size;
    if (start > from) {
      this.#free.resize(range, from, start);
      if (end < to) this.#free.add(end, to, undefined);
    } else if (end < to) this.#free.resize(range, end, to);
    else this.#free.remove(from);
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
    const range = this.#free.firstFit(size, alignment);
    return range === undefined ? undefined : alignedStart(range.start, alignment);
  }

  /**
   * Takes a range at a given place.
   *
   * @param start - Its offset.
   * @param size - Bytes, above 0.
   * @returns False if not all of it is free.
   */
  takeAt(start: number, size: number): boolean {
    const range = this.#free.floor(start);
    if (range === undefined || start + size > range.end) return false;
    this.#cut(range, start, size);
    return true;
  }

  /** Offset behind the last byte that is taken; 0 when none is. */
  get end(): number {
    const last = this.#free.last();
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
    const before = this.#free.floor(start);
    const after = this.#free.above(start);
    assert(before === undefined || before.end <= start, 'a range is given back once');
    assert(after === undefined || end <= after.start, 'a range is given back once');
    const joinsBefore = before?.end === start;
    const joinsAfter = after?.start === end;
    if (joinsBefore && joinsAfter) {
      const joined = after.end;
      this.#free.remove(after.start);
      this.#free.resize(before, before.start, joined);
    } else if (joinsBefore) this.#free.resize(before, before.start, end);
    else if (joinsAfter) this.#free.resize(after, start, after.end);
    else this.#free.add(start, end, undefined);
    this.#used -= size;
  }
}
