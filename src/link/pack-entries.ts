/** Packs entries, ordered by block and place, into the windows and groups of preserved relocations. */
import { type BlockWindows, noOddAddends, type OddAddends, PreservedRelocations } from './preserved.js';
import { PreservedColumns, windowBits } from './preserved-columns.js';
import { type References, ReferenceTable } from './references.js';

/** Entries that a window can number, and bytes that it spans. */
const windowLimit = 2 ** windowBits;

/** Entries of one kind, in the order in which they were collected. */
export interface EntryColumns {
  /** Offset of each field in its block, in bytes. */
  places: Int32Array;
  /** What each is against: number of the group; or code (6 bits), base (2 bits) and offset (24 bits). */
  values: Int32Array;
  count: number;
  /** Entry after the last of each block. */
  ends: number[];
  /** Unusual addends by entry. */
  odd: Map<number, number>;
}

/** Entries of one image. */
export interface Entries {
  /** Entries against references. */
  readonly referenced: EntryColumns;
  /** Entries against the image's own blocks. */
  readonly own: EntryColumns;
  /** Reference and fixup code of each group. */
  readonly groups: Int32Array;
  readonly groupCount: number;
  /** Whether the groups are in the order of references. */
  readonly groupsAscend: boolean;
  /** What groups are against. */
  readonly references: References;
}

/** Numbers of a window: its first entry against a reference, first own entry and first group. */
const windowNumbers = 3;

/** Packs the entries of one image after the other. */
export class EntryPacker {
  /** By group: entries in the current window so far, or the number of its next entry. All 0 in between. */
  #counts = new Int32Array(128);
  /** The groups of all windows, and where the entries of each start in its window. */
  #windowGroups = new Int32Array(0);
  #groupStarts = new Int32Array(0);
  /** {@link windowNumbers} of each window, and of where the last one ends. */
  #windows: number[] = [];

  /**
   * Packs entries.
   *
   * @param source - The entries; groups may get other numbers.
   * @returns The packed entries; `undefined` when a window has more of them than bytes.
   */
  pack(source: Entries): PreservedRelocations | undefined {
    const { own, referenced, references } = source;
    if (!source.groupsAscend) orderGroups(source);
    this.#reserve(source.groupCount, referenced.count);
    const blocks = this.#cut(source);
    if (blocks === undefined) return undefined;
    const columns = new PreservedColumns({
      windows: blocks[3],
      references: references.count,
      groups: this.#windows.at(-1) ?? 0,
      referenced: referenced.count,
      own: own.count,
    });
    this.#fill(source, columns);
    const odd = referenced.odd.size + own.odd.size === 0 ? noOddAddends : this.#oddOf(source, columns);
    columns.words.set(references.rows.subarray(0, references.count));
    const table = new ReferenceTable(references, columns.words);
    return new PreservedRelocations(table, columns, blocks, odd);
  }

  #reserve(groups: number, entries: number): void {
    if (groups > this.#counts.length) this.#counts = new Int32Array(groups * 2);
    if (entries > this.#windowGroups.length) {
      this.#windowGroups = new Int32Array(entries * 2);
      this.#groupStarts = new Int32Array(entries * 2);
    }
  }

  /** Finds the windows, and the groups of each; `undefined` when one has too many entries. */
  #cut({ own, referenced }: Entries): BlockWindows | undefined {
    const { places, values } = referenced;
    const windows: number[] = [];
    const blocks: number[] = [];
    const counts = this.#counts;
    const windowGroups = this.#windowGroups;
    const groupStarts = this.#groupStarts;
    let entry = 0;
    let mine = 0;
    let groups = 0;
    for (let block = 0; block < 3; block += 1) {
      const end = referenced.ends[block] ?? 0;
      const ownEnd = own.ends[block] ?? 0;
      blocks.push(windows.length / windowNumbers);
      // A window without entries has a record as well: so the windows of a block are found by division.
      for (let limit = windowLimit; entry < end || mine < ownEnd; limit += windowLimit) {
        windows.push(entry, mine, groups);
        const first = groups;
        const last = endOfWindow(places, entry, end, limit);
        const lastOwn = endOfWindow(own.places, mine, ownEnd, limit);
        if (last - entry + lastOwn - mine > windowLimit) return undefined;
        let latest = -1;
        let ascending = true;
        for (; entry < last; entry += 1) {
          const group = values[entry] ?? 0;
          const count = counts[group] ?? 0;
          counts[group] = count + 1;
          if (count > 0) continue;
          windowGroups[groups] = group;
          groups += 1;
          if (group < latest) ascending = false;
          latest = group;
        }
        if (!ascending) windowGroups.subarray(first, groups).sort();
        let start = 0;
        for (let index = first; index < groups; index += 1) {
          const group = windowGroups[index] ?? 0;
          groupStarts[index] = start;
          start += counts[group] ?? 0;
          counts[group] = 0;
        }
        mine = lastOwn;
      }
    }
    const [code = 0, readonly = 0, data = 0] = blocks;
    const result = [code, readonly, data, windows.length / windowNumbers] as const;
    windows.push(entry, mine, groups);
    this.#windows = windows;
    return result;
  }

  /** Writes the columns, window by window; own entries are kept as they were collected. */
  #fill({ groups, own, referenced }: Entries, columns: PreservedColumns): void {
    const { groupStarts: starts, halves, order, places: placeColumn, words } = columns;
    const { places, values } = referenced;
    const windows = this.#windows;
    const counts = this.#counts;
    const windowGroups = this.#windowGroups;
    const groupStarts = this.#groupStarts;
    const references = columns.wide ? words : halves;
    const codes = new Uint8Array(words.buffer);
    const { groupCodes, groupReferences } = columns;
    let entry = 0;
    let record = columns.windows;
    for (let at = windowNumbers; at < windows.length; at += windowNumbers, record += windowNumbers) {
      const first = entry;
      const end = windows[at] ?? 0;
      const firstGroup = windows[at - 1] ?? 0;
      const lastGroup = windows[at + 2] ?? 0;
      words[record] = firstGroup;
      words[record + 1] = first;
      words[record + 2] = windows[at - 2] ?? 0;
      for (let index = firstGroup; index < lastGroup; index += 1) {
        const group = windowGroups[index] ?? 0;
        const start = groupStarts[index] ?? 0;
        counts[group] = first + start;
        halves[starts + index] = start;
        references[groupReferences + index] = groups[group * 2] ?? 0;
        codes[groupCodes + index] = groups[group * 2 + 1] ?? 0;
      }
      for (; entry < end; entry += 1) {
        const group = values[entry] ?? 0;
        const number = counts[group] ?? 0;
        counts[group] = number + 1;
        // Stored in 2 bytes, a place is one in its window.
        halves[placeColumn + number] = places[entry] ?? 0;
        halves[order + entry] = number - first;
      }
      for (let index = firstGroup; index < lastGroup; index += 1) counts[windowGroups[index] ?? 0] = 0;
    }
    if (columns.own > 0) {
      words.set(own.values.subarray(0, columns.own), columns.ownFixups);
      halves.set(own.places.subarray(0, columns.own), columns.ownPlaces);
    }
    if (windows.length === windowNumbers) return;
    words[record] = windows.at(-1) ?? 0;
    words[record + 1] = columns.referenced;
    words[record + 2] = columns.own;
  }

  /** The unusual addends by the number that each entry got. */
  #oddOf({ own, referenced }: Entries, { halves, order }: PreservedColumns): OddAddends {
    const windows = this.#windows;
    const found: { readonly entry: number; readonly addend: number }[] = [];
    let at = 0;
    // Maps are in the order of entries, but for what was sorted.
    for (const [entry, addend] of [...referenced.odd].sort(([left], [right]) => left - right)) {
      while ((windows[at + windowNumbers] ?? Infinity) <= entry) at += windowNumbers;
      found.push({ entry: (windows[at] ?? 0) + (halves[order + entry] ?? 0), addend });
    }
    for (const [entry, addend] of own.odd) found.push({ entry: referenced.count + entry, addend });
    found.sort((left, right) => left.entry - right.entry);
    return {
      entries: Uint32Array.from(found, ({ entry }) => entry),
      addends: Float64Array.from(found, ({ addend }) => addend),
    };
  }
}

/** The entry after the last one that lies before a limit; those of a block ascend by place. */
function endOfWindow(places: Int32Array, from: number, to: number, limit: number): number {
  if (from === to || (places[to - 1] ?? 0) < limit) return to;
  let low = from;
  for (let high = to; low < high; ) {
    const middle = (low + high) >>> 1;
    if ((places[middle] ?? 0) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Numbers the groups anew in the order of their references, in the entries, too: by counting, not by comparing. */
function orderGroups({ groupCount, groups, referenced, references }: Entries): void {
  const next = new Int32Array(references.count + 1);
  for (let group = 0; group < groupCount; group += 1) {
    const reference = (groups[group * 2] ?? 0) + 1;
    next[reference] = (next[reference] ?? 0) + 1;
  }
  for (let index = 1; index <= references.count; index += 1)
    next[index] = (next[index] ?? 0) + (next[index - 1] ?? 0);
  const ranks = new Int32Array(groupCount);
  const before = groups.slice(0, groupCount * 2);
  for (let group = 0; group < groupCount; group += 1) {
    const reference = before[group * 2] ?? 0;
    const rank = next[reference] ?? 0;
    next[reference] = rank + 1;
    ranks[group] = rank;
    groups[rank * 2] = reference;
    groups[rank * 2 + 1] = before[group * 2 + 1] ?? 0;
  }
  const { count, values } = referenced;
  for (let entry = 0; entry < count; entry += 1) values[entry] = ranks[values[entry] ?? 0] ?? 0;
}
