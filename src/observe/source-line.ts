/** Where code comes from. */

/** A line of source; code comes from it from an offset on, up to that of the next. */
export interface SourceLine {
  /** Bytes from the function's beginning. */
  readonly offset: number;
  /** Path, as the compiler that made the debug info had it. */
  readonly file: string;
  readonly line: number;
}

/**
 * The line of a place.
 *
 * @param lines - Lines of the function, by ascending offset.
 * @param offset - Bytes from the function's beginning.
 * @returns Its line, if it is known.
 */
export function lineAt(lines: readonly SourceLine[], offset: number): SourceLine | undefined {
  return lines.findLast((line) => line.offset <= offset);
}
