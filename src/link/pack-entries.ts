/** Packs entries, ordered by block and place, into the windows and groups of preserved relocations. */
import { type BlockWindows, noOddAddends, type OddAddends, PreservedRelocations } from './preserved.js';
import { PreservedColumns, windowBits } from './preserved-columns.js';
import { type References, ReferenceTable } from './references.js';

/** Entries that a window can number, and bytes that it spans. */
const windowLimit = 2 ** windowBits;

/** Bits of an entry that tell its base. */
const baseBits = 0xc0;

/** Entries of one image. */
export interface Entries {
  /** Two words for each entry: place; code (6 bits), base (2 bits) and offset (24 bits), or base 0 and the group. */
  readonly entries: Int32Array;
  /** Entry after the last of each block. */
  readonly ends: readonly [number, number, number];
  /** Entries against the image's own blocks. */
  readonly own: number;
  /** Reference and fixup code of each group. */
  readonly groups: Int32Array;
  readonly groupCount: number;
  /** Unusual addends by entry. */
  readonly odd: ReadonlyMap<number, number>;
  /** What groups are against. */
  readonly references: References;
}

/** Packs the entries of one image after the other. */
export class EntryPacker {
  /** By group: its rank in the order of references. */
  #ranks = new Int32Array(128);
  /** By rank: the group. */
  #byRank = new Int32Array(128);
  /** By reference: rank of its next group. */
  #next = new Int32Array(128);
  /** By rank, while a window is packed: entries of the group so far. All 0 in between. */
  #counts = new Int32Array(128);
  /** Ranks of the groups of all windows, and where the entries of each start in its window. */
  #windowGroups = new Int32Array(0);
  #groupStarts = new Int32Array(0);
  /** First entry and first group of each window, and where the last one ends. */
  #windows: number[] = [];

  /**
   * Packs entries.
   *
   * @param source - The entries.
   * @returns The packed entries; `undefined` when a window has more of them than bytes.
   */
  pack(source: Entries): PreservedRelocations | undefined {
    const { own, ends, references } = source;
    this.#reserve(source.groupCount, ends[2], references.count);
    this.#rank(source);
    const blocks = this.#cut(source);
    if (blocks === undefined) return undefined;
    const windows = this.#windows.length / 2 - 1;
    const columns = new PreservedColumns({
      windows,
      references: references.count,
      groups: this.#windows.at(-1) ?? 0,
      referenced: ends[2] - own,
      own,
    });
    const odd = this.#fill(source, columns);
    columns.words.set(references.rows.subarray(0, references.count));
    const table = new ReferenceTable(references, columns.words);
    return new PreservedRelocations(table, columns, blocks, odd);
  }

  #reserve(groups: number, entries: number, references: number): void {
    if (references >= this.#next.length) this.#next = new Int32Array(references * 2);
    if (groups > this.#ranks.length) {
      this.#ranks = new Int32Array(groups * 2);
      this.#byRank = new Int32Array(groups * 2);
      this.#counts = new Int32Array(groups * 2);
    }
    if (entries > this.#windowGroups.length) {
      this.#windowGroups = new Int32Array(entries * 2);
      this.#groupStarts = new Int32Array(entries * 2);
    }
  }

  /** Orders the groups by reference, once for all windows: by counting, not by comparing. */
  #rank({ groupCount, groups, references }: Entries): void {
    const ranks = this.#ranks;
    const byRank = this.#byRank;
    const next = this.#next;
    next.fill(0, 0, references.count + 1);
    for (let group = 0; group < groupCount; group += 1) {
      const reference = (groups[group * 2] ?? 0) + 1;
      next[reference] = (next[reference] ?? 0) + 1;
    }
    for (let index = 1; index <= references.count; index += 1)
      next[index] = (next[index] ?? 0) + (next[index - 1] ?? 0);
    for (let group = 0; group < groupCount; group += 1) {
      const reference = groups[group * 2] ?? 0;
      const rank = next[reference] ?? 0;
      next[reference] = rank + 1;
      ranks[group] = rank;
      byRank[rank] = group;
    }
  }

  /** Finds the windows, and the groups of each; `undefined` when one has too many entries. */
  #cut({ ends, entries }: Entries): BlockWindows | undefined {
    const windows: number[] = [];
    const blocks: number[] = [];
    const counts = this.#counts;
    const ranks = this.#ranks;
    const windowGroups = this.#windowGroups;
    const groupStarts = this.#groupStarts;
    let entry = 0;
    let groups = 0;
    for (const end of ends) {
      blocks.push(windows.length / 2);
      // A window without entries has a record as well: so the windows of a block are found by division.
      for (let limit = windowLimit; entry < end; limit += windowLimit) {
        const first = groups;
        const last = entry + windowLimit;
        let latest = -1;
        let ascending = true;
        windows.push(entry, groups);
        for (; entry < end && (entries[entry * 2] ?? 0) < limit; entry += 1) {
          const packed = entries[entry * 2 + 1] ?? 0;
          if ((packed & baseBits) !== 0) continue;
          const rank = ranks[packed >>> 8] ?? 0;
          const count = counts[rank] ?? 0;
          counts[rank] = count + 1;
          if (count > 0) continue;
          windowGroups[groups] = rank;
          groups += 1;
          if (rank < latest) ascending = false;
          latest = rank;
        }
        if (!ascending) windowGroups.subarray(first, groups).sort();
        let start = 0;
        for (let group = first; group < groups; group += 1) {
          const rank = windowGroups[group] ?? 0;
          groupStarts[group] = start;
          start += counts[rank] ?? 0;
          counts[rank] = 0;
        }
        if (entry > last) return undefined;
      }
    }
    const [code = 0, readonly = 0, data = 0] = blocks;
    const result = [code, readonly, data, windows.length / 2] as const;
    windows.push(entry, groups);
    this.#windows = windows;
    return result;
  }

  /** Writes the columns, window by window. */
  #fill({ entries, groups, odd }: Entries, columns: PreservedColumns): OddAddends {
    const { groupStarts: starts, halves, order, ownFixups, ownPlaces, places, referenced, words } = columns;
    const windows = this.#windows;
    const windowCount = windows.length / 2 - 1;
    const counts = this.#counts;
    const ranks = this.#ranks;
    const found: { readonly entry: number; readonly addend: number }[] = [];
    const hasOdd = odd.size > 0;
    let first = 0;
    let own = 0;
    for (let window = 0; window < windowCount; window += 1) {
      const lastGroup = windows[window * 2 + 3] ?? 0;
      const end = windows[window * 2 + 2] ?? 0;
      const firstGroup = windows[window * 2 + 1] ?? 0;
      columns.setWindow(window, firstGroup, first, own);
      for (let group = firstGroup; group < lastGroup; group += 1) {
        const rank = this.#windowGroups[group] ?? 0;
        const row = (this.#byRank[rank] ?? 0) * 2;
        const start = this.#groupStarts[group] ?? 0;
        counts[rank] = start;
        halves[starts + group] = start;
        columns.setGroup(group, groups[row] ?? 0, groups[row + 1] ?? 0);
      }
      let next = first;
      for (let entry = windows[window * 2] ?? 0; entry < end; entry += 1) {
        const place = entries[entry * 2] ?? 0;
        const packed = entries[entry * 2 + 1] ?? 0;
        let number = referenced + own;
        if ((packed & baseBits) === 0) {
          const rank = ranks[packed >>> 8] ?? 0;
          const inWindow = counts[rank] ?? 0;
          counts[rank] = inWindow + 1;
          number = first + inWindow;
          halves[places + number] = place;
          halves[order + next] = inWindow;
          next += 1;
        } else {
          words[ownFixups + own] = packed;
          halves[ownPlaces + own] = place;
          own += 1;
        }
        if (!hasOdd) continue;
        const addend = odd.get(entry);
        if (addend !== undefined) found.push({ entry: number, addend });
      }
      first = next;
      for (let group = firstGroup; group < lastGroup; group += 1) counts[this.#windowGroups[group] ?? 0] = 0;
    }
    if (windowCount > 0) columns.setWindow(windowCount, windows.at(-1) ?? 0, first, own);
    return sortedOdd(found);
  }
}

function sortedOdd(found: { readonly entry: number; readonly addend: number }[]): OddAddends {
  if (found.length === 0) return noOddAddends;
  found.sort((left, right) => left.entry - right.entry);
  return {
    entries: Uint32Array.from(found, ({ entry }) => entry),
    addends: Float64Array.from(found, ({ addend }) => addend),
  };
}
