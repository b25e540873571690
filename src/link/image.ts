/** What linking makes of an object: a prepared image (not placed yet) and a linked one (at addresses). */
import { type Address, address } from '../core/ids.js';
import type { BlockKind } from './blocks.js';
import type { Placement } from './context.js';
import type { DefinedSymbols } from './defined-symbols.js';
import type { PreservedRelocations } from './preserved.js';

export { blockKinds } from './blocks.js';

/** Memory that a block needs, in bytes; none when `size` is 0. */
interface BlockNeed {
  readonly size: number;
  /** A power of two. */
  readonly alignment: number;
}

/** The initial image of a thread-local block: it lies in the `readonly` block. */
export interface TlsTemplate {
  /** Bytes from the start of the `readonly` block. */
  readonly offset: number;
  /** Initialised bytes. */
  readonly fileBytes: number;
  /** Bytes of a thread's block; those after `fileBytes` are zero. */
  readonly memoryBytes: number;
  readonly alignment: number;
}

/** A range of the `readonly` block. */
export interface BlockRange {
  readonly offset: number;
  readonly size: number;
}

/** The cold part of a function, apart from the rest of it. */
export interface ColdPart {
  /** Linker name of the function. */
  readonly function: string;
  /** Bytes from the start of the `code` block. */
  readonly offset: number;
}

/** An object ready to be placed and linked, any number of times. */
export interface PreparedImage {
  /** Module name, for messages. */
  readonly module: string;
  readonly blocks: Readonly<Record<BlockKind, BlockNeed>>;
  /** Global symbols that it defines, by name. */
  readonly symbols: DefinedSymbols;
  /** By ascending offset. */
  readonly coldParts: readonly ColdPart[];
  readonly tls: TlsTemplate | undefined;
  /**
   * False when mutable data holds addresses of the image's own code or constants: these blocks can't move
   * once the program runs.
   */
  readonly movable: boolean;
  /** True when the object has debug info that says which lines its code comes from. */
  readonly hasLines: boolean;
  /** Initialised bytes at the start of each block, with everything settled that no placement changes. */
  readonly content: Readonly<Record<BlockKind, Uint8Array>>;
  /** Every fixup that a placement or a target changes. */
  readonly preserved: PreservedRelocations;
  /** The zero-terminated `.eh_frame`. */
  readonly frames: BlockRange | undefined;
  /** Offsets in the `readonly` block of 8-byte cells that hold constructors, in the order to run them. */
  readonly constructors: readonly number[];
  /** The same for destructors. */
  readonly destructors: readonly number[];
}

/** An image at its addresses. */
export interface LinkedImage {
  readonly module: string;
  readonly plan: ImagePlan;
  readonly placement: Placement;
  /** Global symbols that it defines, by name; {@link addressOf} gives their addresses. */
  readonly symbols: DefinedSymbols;
  /** What relinking needs; nothing once it was discarded. */
  readonly preserved: PreservedRelocations;
  /** The zero-terminated `.eh_frame`: where it is, and its bytes without the terminator. */
  readonly frames: { readonly address: Address; readonly size: number } | undefined;
  readonly tls: (Omit<TlsTemplate, 'offset'> & { readonly image: Address }) | undefined;
  /** Addresses of 8-byte cells that hold constructors, in the order to run them. */
  readonly constructors: readonly Address[];
  /** Addresses of 8-byte cells that hold destructors, in the order to run them. */
  readonly destructors: readonly Address[];
}

/** What is kept of a prepared image for relinking: all but the initial bytes. */
export type ImagePlan = Omit<PreparedImage, 'content'>;

/**
 * The address of a symbol that an image defines.
 *
 * @param image - The image.
 * @param symbol - Linker name.
 * @returns Its address now; `undefined` when the image does not define it, or it is thread-local.
 */
export function addressOf(image: LinkedImage, symbol: string): Address | undefined {
  const defined = image.symbols.get(symbol);
  if (defined === undefined || defined.place === 'tls') return undefined;
  if (defined.place === 'absolute') return address(defined.offset);
  const block = image.placement[defined.place];
  return block === undefined ? undefined : address(block.address + defined.offset);
}
