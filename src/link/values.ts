/** The values of references that fixups are computed from, as one array with a row for each reference. */

/** Numbers in a row. */
export const valueStride = 9;

/** What stands where in a row; `NaN` when the reference has no such value. */
export const valueField = {
  /** Canonical address. */
  address: 0,
  /** Where calls go that can't go to `direct`. */
  entry: 1,
  /** Address of the image's cell that holds the canonical address. */
  cell: 2,
  /** Address of a cell that holds the code address; for a thread-local: of one that holds `threadOffset`. */
  slot: 3,
  /** Code address that calls go to where the displacement can be patched later. */
  direct: 4,
  /** Address of the image's `tls_index` pair. */
  pair: 5,
  /** Bytes from the start of the thread-local block. */
  tlsOffset: 6,
  /** Bytes from the thread pointer. */
  threadOffset: 7,
  /** Bytes of the symbol. */
  size: 8,
} as const;
