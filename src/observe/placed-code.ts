/** Who is told where code lies: tools that show functions by name and line need nothing else. */
import type { SourceLine } from './source-line.js';

/** A function of a piece of code, or its cold part (`name.cold`) where that lies apart. */
export interface PlacedFunction {
  readonly name: string;
  /** Where it begins. */
  readonly address: number;
  /** Bytes up to the next one, padding included. */
  readonly bytes: number;
}

/** Code that came to lie somewhere: a version, also one that was moved. */
export interface PlacedCode {
  readonly module: string;
  readonly tier: string;
  /** Number of the version. */
  readonly version: number;
  readonly address: number;
  /** In the order of their addresses. */
  readonly functions: readonly PlacedFunction[];
  /** The bytes of one of its functions. */
  readonly read: (function_: PlacedFunction) => Uint8Array;
  /** Its source lines, by ascending offset; none without debug info. */
  readonly lines: (function_: PlacedFunction) => readonly SourceLine[];
  /** Its unwind table: `.eh_frame`, which a zero word ends; whatever may follow is none of it. */
  readonly frames: { readonly address: number; readonly bytes: Uint8Array } | undefined;
}

/** Is told of code as it comes and goes, on the control thread. Can't alter a result; what it throws is a warning. */
export interface CodeObserver {
  /** Code lies here now, complete, and may run from now on. */
  readonly placed: (code: PlacedCode) => void;
  /** The code that began here is gone: its memory is about to be used again. */
  readonly freed: (address: number) => void;
  /** Nothing follows. */
  readonly close: () => void;
}

/** How people are shown a function: `name [tier]`. */
export function shownName(name: string, tier: string): string {
  return `${name} [${tier}]`;
}
