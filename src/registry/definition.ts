/** What a module says about one symbol: that it defines it, or how it uses it. */
import type { SlotIndex } from '../core/ids.js';

/** What a symbol is; the three never mix. */
export type SymbolKind = 'function' | 'variable' | 'thread-local';

/**
 * How strongly a definition stands: `strong` beats `common` beats `weak`; a `fallback` (a body that the source
 * offered for inlining only) is used when neither a module nor the process defines the symbol.
 */
export type Binding = 'strong' | 'common' | 'weak' | 'fallback';

/** Position and size of a symbol that was placed. */
export interface Placed {
  /** Absolute address; for a thread-local its offset in the module's thread-local image. */
  readonly address: number;
  /** Of a thread-local: the first word of its `tls_index`. */
  readonly module?: bigint;
}

/** A definition of a symbol by a module. */
export interface Definition {
  readonly name: string;
  /** Name of the module that defines it. */
  readonly module: string;
  readonly kind: SymbolKind;
  readonly binding: Binding;
  /** Letters as in the addon's FunctionSummary, or '' when unknown (objects, variables). */
  readonly signature: string;
  /** How the definition is shown to people. */
  readonly type: string;
  /** Bytes of a variable; of several common ones the largest is kept. */
  readonly size: number;
  /** Bytes that its address is a multiple of, as far as known. */
  readonly alignment: number;
  /** A constant of the module's own, such as a string: in other source, one of this name is another one. */
  readonly anonymous: boolean;
  /** Of a static function: its name in profiles, `file;name`. Others have their own. */
  readonly profileName: string | undefined;
  /** Of a function: its position among those that the canonical code defines; -1 for others. */
  readonly index: number;
  /** Of a function: IR instructions, 0 when unknown. */
  readonly instructions: number;
  /** Another name of `target` + `offset` bytes. */
  readonly alias: { readonly target: string; readonly offset: number } | undefined;
  /** Of a function whose module is being linked or is linked. */
  slot: SlotIndex | undefined;
  /** Of a variable whose module is being linked or is linked. */
  placed: Placed | undefined;
}

/** A symbol that a module needs from elsewhere. */
export interface Use {
  readonly name: string;
  /** `unknown`: an object file doesn't say. */
  readonly kind: SymbolKind | 'unknown';
  readonly signature: string;
  readonly type: string;
  /** True: may stay undefined, its address is 0 then. */
  readonly weak: boolean;
}
