/**
 * The columns of preserved relocations. All lie in one buffer, widest first: a typed array of its own for each
 * would take more memory than most of them hold.
 */

/** Bits of a place within its window. */
export const windowBits = 16;

/** Numbers in a window's record: its first group, first entry against a reference, and first own entry. */
export const windowStride = 3;

/** References that 2 bytes can tell apart. */
const narrowReferences = 0x1_0000;

/** How many there are of everything that has a row. */
export interface ColumnCounts {
  readonly windows: number;
  /** References that the entries may be against; their rows are kept in the same buffer. */
  readonly references: number;
  readonly groups: number;
  /** Entries against references. */
  readonly referenced: number;
  /** Entries against the image's own blocks. */
  readonly own: number;
}

/** Where each column starts, in elements of its width, and the buffer. */
export class PreservedColumns {
  /** Entries against references. */
  readonly referenced: number;
  /** Entries against the image's own blocks. */
  readonly own: number;
  /** Bytes of the buffer. */
  readonly bytes: number;
  readonly words: Uint32Array;
  readonly halves: Uint16Array;
  /** Words: records of the windows, behind the rows of the references that the entries are against. */
  readonly windows: number;
  /** Words: packed fixup of each own entry: code (6 bits), base (2 bits), offset in that block (24 bits). */
  readonly ownFixups: number;
  /** Reference of each group: words when {@link PreservedColumns.wide}, else halves. */
  readonly groupReferences: number;
  readonly wide: boolean;
  /** Halves: first entry of each group, counted in its window. */
  readonly groupStarts: number;
  /** Halves: place in its window of each entry against a reference; by window, group and place. */
  readonly places: number;
  /** Halves: numbers, counted in the window, of the same entries by place. */
  readonly order: number;
  /** Halves: place in its window of each own entry. */
  readonly ownPlaces: number;
  /** Octets: fixup code of each group; two in each of the last halves. */
  readonly groupCodes: number;

  /** @param counts - Rows of each column. */
  constructor(counts: ColumnCounts) {
    const { groups, own, referenced } = counts;
    this.referenced = referenced;
    this.own = own;
    this.wide = counts.references > narrowReferences;
    // One record more tells where the last window ends.
    this.windows = counts.references;
    this.ownFixups = this.windows + (counts.windows === 0 ? 0 : (counts.windows + 1) * windowStride);
    let words = this.ownFixups + own;
    if (this.wide) {
      this.groupReferences = words;
      words += groups;
      this.groupStarts = words * 2;
    } else {
      this.groupReferences = words * 2;
      this.groupStarts = this.groupReferences + groups;
    }
    this.places = this.groupStarts + groups;
    this.order = this.places + referenced;
    this.ownPlaces = this.order + referenced;
    const halves = this.ownPlaces + own;
    this.groupCodes = halves * 2;
    this.bytes = this.groupCodes + groups;
    // Rounded up for the views; what an allocator would do anyway.
    const buffer = new ArrayBuffer(Math.ceil(this.bytes / 4) * 4);
    this.bytes = buffer.byteLength;
    this.words = new Uint32Array(buffer);
    this.halves = new Uint16Array(buffer);
  }

  /**
   * Reference of a group.
   *
   * @param group - Its number.
   * @returns Number of the reference.
   */
  reference(group: number): number {
    const column = this.wide ? this.words : this.halves;
    return column[this.groupReferences + group] ?? 0;
  }

  /**
   * Fixup code of a group.
   *
   * @param group - Its number.
   * @returns The code.
   */
  code(group: number): number {
    const octet = this.groupCodes + group;
    return ((this.halves[octet >> 1] ?? 0) >> ((octet & 1) * 8)) & 0xff;
  }
}
