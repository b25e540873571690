/** Packs entries, ordered by block and place, into the windows and groups of preserved relocations. */
import { type BlockWindows, type OddAddends, PreservedRelocations } from './preserved.js';
import { PreservedColumns, windowBits } from './preserved-columns.js';
import type { ReferenceTable } from './references.js';

/** Entries that a window can number. */
const windowLimit = 0x1_0000;

/** Bits of a packed entry that tell its base. */
const baseBits = 0xc0;

/** Entries by window. */
interface Windows {
  /** First entry of each window, and the number of entries. */
  readonly starts: readonly number[];
  readonly blocks: BlockWindows;
  /** Entries against references in each. */
  readonly referenced: readonly number[];
  /** Most entries in one. */
  readonly largest: number;
}

/**
 * Packs entries.
 *
 * @param entries - Two words for each: place; code (6 bits), base (2 bits), operand (24 bits).
 * @param ends - Entry after the last of each block.
 * @param referenced - Entries of which the base is 0.
 * @param odd - Unusual addends by entry.
 * @param references - What they are against.
 * @returns The packed entries; `undefined` when a window has more of them than bytes.
 */
export function packEntries(
  entries: Uint32Array,
  ends: readonly number[],
  referenced: number,
  odd: ReadonlyMap<number, number>,
  references: ReferenceTable,
): PreservedRelocations | undefined {
  const windows = cut(entries, ends);
  if (windows.largest > windowLimit) return undefined;
  const keys = new Float64Array(referenced);
  const groups = sortKeys(entries, windows, keys);
  const count = ends.at(-1) ?? 0;
  const columns = new PreservedColumns({
    windows: windows.starts.length - 1,
    references: references.count,
    groups,
    referenced,
    own: count - referenced,
  });
  const addends = new Filler(columns, entries, windows, keys, odd).fill();
  return new PreservedRelocations(references, columns, windows.blocks, addends);
}

function cut(entries: Uint32Array, ends: readonly number[]): Windows {
  const starts: number[] = [];
  const referenced: number[] = [];
  const blocks: number[] = [];
  let entry = 0;
  let largest = 0;
  for (const end of ends) {
    blocks.push(starts.length);
    // A window without entries has a record as well: so the windows of a block are found by division.
    for (let limit = 2 ** windowBits; entry < end; limit += 2 ** windowBits) {
      const start = entry;
      starts.push(start);
      let count = 0;
      for (; entry < end && (entries[entry * 2] ?? 0) < limit; entry += 1) {
        if (((entries[entry * 2 + 1] ?? 0) & baseBits) === 0) count += 1;
      }
      referenced.push(count);
      if (entry - start > largest) largest = entry - start;
    }
  }
  const [code = 0, readonly = 0, data = 0] = blocks;
  const result = [code, readonly, data, starts.length] as const;
  starts.push(entry);
  return { starts, blocks: result, referenced, largest };
}

/** Orders each window's entries against references by reference, fixup and place; counts the groups. */
function sortKeys(entries: Uint32Array, windows: Windows, keys: Float64Array): number {
  const { starts } = windows;
  let groups = 0;
  let first = 0;
  for (let window = 0; window + 1 < starts.length; window += 1) {
    const start = starts[window] ?? 0;
    const end = starts[window + 1] ?? 0;
    let key = first;
    for (let entry = start; entry < end; entry += 1) {
      const packed = entries[entry * 2 + 1] ?? 0;
      if ((packed & baseBits) !== 0) continue;
      keys[key] = packed * windowLimit + (entry - start);
      key += 1;
    }
    keys.subarray(first, key).sort();
    let last = -1;
    for (; first < key; first += 1) {
      const group = Math.floor((keys[first] ?? 0) / windowLimit);
      if (group !== last) groups += 1;
      last = group;
    }
  }
  return groups;
}

/** Writes the columns, window by window. */
class Filler {
  readonly #columns: PreservedColumns;
  readonly #entries: Uint32Array;
  readonly #windows: Windows;
  readonly #keys: Float64Array;
  /** Numbers in the window, as the columns have them, of its entries against references. */
  readonly #numbers: Uint16Array;
  readonly #odd: ReadonlyMap<number, number>;
  readonly #found: { readonly entry: number; readonly addend: number }[] = [];
  #group = 0;
  #first = 0;
  #own = 0;

  constructor(
    columns: PreservedColumns,
    entries: Uint32Array,
    windows: Windows,
    keys: Float64Array,
    odd: ReadonlyMap<number, number>,
  ) {
    this.#columns = columns;
    this.#entries = entries;
    this.#windows = windows;
    this.#keys = keys;
    this.#numbers = new Uint16Array(windows.largest);
    this.#odd = odd;
  }

  fill(): OddAddends {
    const { starts } = this.#windows;
    for (let window = 0; window + 1 < starts.length; window += 1) {
      const start = starts[window] ?? 0;
      const end = starts[window + 1] ?? 0;
      this.#columns.setWindow(window, this.#group, this.#first, this.#own);
      const count = this.#windows.referenced[window] ?? 0;
      this.#fillGroups(start, count);
      this.#fillByPlace(start, end);
      this.#first += count;
    }
    this.#columns.setWindow(starts.length - 1, this.#group, this.#first, this.#own);
    this.#found.sort((left, right) => left.entry - right.entry);
    return {
      entries: Uint32Array.from(this.#found, ({ entry }) => entry),
      addends: Float64Array.from(this.#found, ({ addend }) => addend),
    };
  }

  #fillGroups(start: number, count: number): void {
    const columns = this.#columns;
    const { halves, places } = columns;
    let last = -1;
    for (let number = 0; number < count; number += 1) {
      const key = this.#keys[this.#first + number] ?? 0;
      const packed = Math.floor(key / windowLimit);
      const entry = key - packed * windowLimit;
      if (packed !== last) {
        columns.setGroup(this.#group, packed >>> 8, packed & 63, number);
        this.#group += 1;
        last = packed;
      }
      halves[places + this.#first + number] = this.#entries[(start + entry) * 2] ?? 0;
      this.#numbers[entry] = number;
    }
  }

  #fillByPlace(start: number, end: number): void {
    const { counts, halves, order, ownFixups, ownPlaces, words } = this.#columns;
    const hasOdd = this.#odd.size > 0;
    let ordered = order + this.#first;
    for (let entry = start; entry < end; entry += 1) {
      const packed = this.#entries[entry * 2 + 1] ?? 0;
      const own = (packed & baseBits) !== 0;
      const number = this.#numbers[entry - start] ?? 0;
      if (hasOdd) this.#noteOdd(entry, own ? counts.referenced + this.#own : this.#first + number);
      if (own) {
        words[ownFixups + this.#own] = packed;
        halves[ownPlaces + this.#own] = this.#entries[entry * 2] ?? 0;
        this.#own += 1;
      } else {
        halves[ordered] = number;
        ordered += 1;
      }
    }
  }

  #noteOdd(from: number, entry: number): void {
    const addend = this.#odd.get(from);
    if (addend !== undefined) this.#found.push({ entry, addend });
  }
}
