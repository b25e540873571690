/** Who is told where code lies: tools that show functions by name need nothing else. */

/** A function of a piece of code. */
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
