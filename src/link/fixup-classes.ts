/** Decides once for each symbol and fixup where such fixups go: every further relocation only looks it up. */
import { TierlinkError } from '../core/errors.js';
import { reservedSections, symbolBinding, symbolType, symbolWord, symbolWords } from '../elf/symbols.js';
import { blockNumber } from './blocks.js';
import { fixup, usualAddend } from './fixup-codes-x86-64.js';
import { blockOfRole, role, type SectionGraph } from './graph.js';
import type { Layout } from './layout.js';
import type { PreservedBuilder } from './preserved-builder.js';
import type { ReferenceBuilder } from './reference-builder.js';
import { relocationTable } from './relocations-x86-64.js';

/**
 * What a class is against. 1 to 3, a `BlockNumber`: a place in a block of the image's own. `cleared`: a function
 * that was discarded with its group, so that its unwind entry must read as zero.
 */
export const classKind = { reference: 0, cleared: 4 } as const;

/** Tells classes of relocations in unwind tables from others of the same fixup. */
export const framesBit = 64;

/** Room for classes in the beginning. */
const firstClasses = 256;

/** Numbers in a class's row. */
const classStride = 7;

/** What stands where in a row. */
export const classField = {
  /** The fixup asked for, with {@link framesBit}. */
  key: 0,
  /** Where the row of the same symbol's next class starts; 0 for none. */
  next: 1,
  /** A value of {@link classKind}. */
  kind: 2,
  /** The number of its group of preserved relocations, or the symbol's offset in its block in bytes. */
  operand: 3,
  /** The addend that is usual for its fixup. */
  usual: 4,
  /** The block that fixups of it are settled in at once; -1 for none. */
  settled: 5,
  /** Fixup to write (6 bits), and the block of the image's own (2 bits). */
  packed: 6,
} as const;

/** What one object's classes are made from. */
export interface ClassSource {
  readonly graph: SectionGraph;
  readonly layout: Layout;
  /** Numbers the symbols that are looked up. */
  readonly references: ReferenceBuilder;
  /** Numbers the groups of what is preserved. */
  readonly preserved: PreservedBuilder;
  /** Whether calls to this function of the object's own stay inside the image. */
  readonly bindLocalCall: (symbol: string) => boolean;
}

/** How a symbol's call binding was decided. */
const binding = { unknown: 0, bound: 1, free: 2 } as const;

/** Classes: one for each symbol and fixup that occur together. Used for one object after the other. */
export class FixupClasses {
  /** Rows of {@link classField}; the first stands for none. */
  rows: Int32Array = new Int32Array(firstClasses * classStride);
  /** Start of the row of each symbol's latest class; 0 for none yet. */
  latest: Int32Array = new Int32Array(0);
  #bindings = new Uint8Array(0);
  #next = classStride;

  /**
   * Begins with another object.
   *
   * @param symbols - Number of its symbols.
   */
  start(symbols: number): void {
    this.#next = classStride;
    if (symbols > this.latest.length) {
      this.latest = new Int32Array(symbols * 2);
      this.#bindings = new Uint8Array(symbols * 2);
    } else {
      this.latest.fill(0, 0, symbols);
      this.#bindings.fill(binding.unknown, 0, symbols);
    }
  }

  /**
   * Makes the class of a symbol and a fixup that are met for the first time.
   *
   * @param source - The object.
   * @param symbol - The symbol.
   * @param key - The fixup that the relocation asks for, with {@link framesBit} in unwind tables.
   * @returns Where its row starts in {@link FixupClasses.rows}, which may be others now.
   * @throws TierlinkError OBJECT_UNSUPPORTED, RELOCATION_UNSUPPORTED
   */
  add(source: ClassSource, symbol: number, key: number): number {
    const code = key & (framesBit - 1);
    const { graph, layout, preserved, references } = source;
    const { symbols } = graph.object;
    const { first, words } = symbols;
    const place = words[first + symbol * symbolWords + symbolWord.place] ?? 0;
    const number = place >>> 16;
    const section = number < reservedSections ? number : symbols.section(symbol);
    const kind = section > 0 ? this.#kindOf(source, symbol, section, place, key) : classKind.reference;
    const row = this.#next;
    let { rows } = this;
    if (row === rows.length) {
      rows = new Int32Array(row * 2);
      rows.set(this.rows);
      this.rows = rows;
    }
    const own = kind !== classKind.reference && kind !== classKind.cleared;
    // A symbol of the image's own is always near.
    const written = own && (code === fixup.branch32 || code === fixup.lea32) ? fixup.pc32 : code;
    let operand = 0;
    if (own) operand = (layout.offsets[section] ?? 0) + symbols.value(symbol);
    else if (kind === classKind.reference) operand = preserved.group(code, references.refer(symbol, code));
    rows[row + classField.key] = key;
    rows[row + classField.next] = this.latest[symbol] ?? 0;
    rows[row + classField.kind] = kind;
    rows[row + classField.operand] = operand;
    rows[row + classField.usual] = usualAddend[written] ?? 0;
    rows[row + classField.settled] = own && isRelative(written) ? kind : -1;
    rows[row + classField.packed] = own ? written | (kind << 6) : written;
    this.latest[symbol] = row;
    this.#next = row + classStride;
    return row;
  }

  /** The block a symbol certainly lies in, `reference` when it must be looked up, or `cleared`. */
  #kindOf(source: ClassSource, symbol: number, section: number, place: number, key: number): number {
    const { roles } = source.graph;
    const code = key & (framesBit - 1);
    const local = ((place >> 4) & 15) === symbolBinding.local;
    const own = roles[section] ?? role.dropped;
    const block = blockOfRole[own] ?? 0;
    if (block === 0) return withoutBlock(source, symbol, own, local, key !== code);
    if (local) {
      const type = place & 15;
      if (type === symbolType.ifunc) throw localIfunc(source, symbol, code);
      return type !== symbolType.tls && isPlain(code) ? block : classKind.reference;
    }
    if (block === blockNumber.code && isCall(code) && this.#isBound(source, symbol)) return block;
    return classKind.reference;
  }

  #isBound({ bindLocalCall, graph, references }: ClassSource, symbol: number): boolean {
    if (this.#bindings[symbol] === binding.unknown) {
      const plain = graph.object.symbols.type(symbol) !== symbolType.ifunc;
      const bound = plain && bindLocalCall(references.nameOf(symbol));
      this.#bindings[symbol] = bound ? binding.bound : binding.free;
    }
    return this.#bindings[symbol] === binding.bound;
  }
}

function withoutBlock(
  { graph, references }: ClassSource,
  symbol: number,
  own: number,
  local: boolean,
  frames: boolean,
): number {
  if (own === role.threadZero) return classKind.reference;
  if (own === role.discarded && frames) return classKind.cleared;
  if (own === role.discarded && !local) return classKind.reference;
  throw graph.object.reader.unsupported(
    `a relocation refers to ${references.nameOf(symbol)}, which lies in a section that is left out`,
  );
}

function localIfunc({ graph, references }: ClassSource, symbol: number, code: number): TierlinkError {
  const found = relocationTable.find((row) => row.fixup === code);
  return new TierlinkError('RELOCATION_UNSUPPORTED', {
    module: graph.object.reader.module,
    symbol: references.nameOf(symbol),
    kind: found?.name ?? '',
    reason: 'it is a static ifunc',
  });
}

/** Whether a fixup of the image's own depends on the distance to its target, not on the target's address. */
function isRelative(code: number): boolean {
  switch (code) {
    case fixup.pc32:
    case fixup.pc8:
    case fixup.pc16:
    case fixup.pc64:
    case fixup.call32:
    case fixup.jump32:
      return true;
    default:
      return false;
  }
}

function isCall(code: number): boolean {
  return code === fixup.branch32 || code === fixup.call32 || code === fixup.jump32;
}

/** True when all that a fixup reads is the symbol's address: no cell, no thread-local block, no size. */
function isPlain(code: number): boolean {
  switch (code) {
    case fixup.abs64:
    case fixup.abs32:
    case fixup.abs32s:
    case fixup.abs16:
    case fixup.abs8:
    case fixup.branch32:
    case fixup.lea32:
      return true;
    default:
      return isRelative(code);
  }
}
