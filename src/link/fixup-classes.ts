/** Decides once for each symbol and fixup where such fixups go: every further relocation only looks it up. */
import { TierlinkError } from '../core/errors.js';
import { symbolBinding, symbolSection, symbolType } from '../elf/symbols.js';
import { blockNumber } from './blocks.js';
import { fixup } from './fixup-codes-x86-64.js';
import type { SectionGraph } from './graph.js';
import type { Layout } from './layout.js';
import type { ReferenceBuilder } from './reference-builder.js';
import { relocationTable } from './relocations-x86-64.js';

/**
 * What a class is against. 1 to 3, a `BlockNumber`: a place in a block of the image's own. `cleared`: a function
 * that was discarded with its group, so that its unwind entry must read as zero.
 */
export const classKind = { reference: 0, cleared: 4 } as const;

/** Tells classes of relocations in unwind tables from others of the same fixup. */
const framesBit = 64;

/** Room for classes in the beginning. */
const firstClasses = 256;

/** Numbers in a class's row. */
const classStride = 5;

/** What stands where in a row. */
export const classField = {
  /** A value of {@link classKind}. */
  kind: 0,
  /** Fixup to write. */
  code: 1,
  /** The reference's number, or the symbol's offset in its block in bytes. */
  operand: 2,
  /** The fixup asked for, with {@link framesBit}. */
  key: 3,
  /** Where the row of the same symbol's next class starts; 0 for none. */
  next: 4,
} as const;

/** How a symbol's call binding was decided. */
const binding = { unknown: 0, bound: 1, free: 2 } as const;

/** Classes: one for each symbol and fixup that occur together. */
export class FixupClasses {
  /** Rows of {@link classField}; the first stands for none. */
  rows: Uint32Array = new Uint32Array(firstClasses * classStride);
  #count = 1;
  /** Start of the row of each symbol's latest class; 0 for none yet. */
  readonly #latest: Uint32Array;
  readonly #graph: SectionGraph;
  readonly #layout: Layout;
  readonly #references: ReferenceBuilder;
  readonly #bindLocalCall: (symbol: string) => boolean;
  readonly #bindings: Uint8Array;

  /**
   * @param graph - The sections by role.
   * @param layout - Their places.
   * @param references - Numbers the symbols that are looked up.
   * @param bindLocalCall - Whether calls to this function of the object's own stay inside the image.
   */
  constructor(
    graph: SectionGraph,
    layout: Layout,
    references: ReferenceBuilder,
    bindLocalCall: (symbol: string) => boolean,
  ) {
    const { count } = graph.object.symbols;
    this.#graph = graph;
    this.#layout = layout;
    this.#references = references;
    this.#bindLocalCall = bindLocalCall;
    this.#bindings = new Uint8Array(count);
    this.#latest = new Uint32Array(count);
  }

  /**
   * The class of a symbol and a fixup.
   *
   * @param symbol - The symbol.
   * @param code - The fixup that the relocation asks for.
   * @param frames - Whether it lies in an unwind table.
   * @returns Where its row starts.
   * @throws TierlinkError OBJECT_UNSUPPORTED, RELOCATION_UNSUPPORTED
   */
  find(symbol: number, code: number, frames: boolean): number {
    const key = frames ? code | framesBit : code;
    const { rows } = this;
    let found = this.#latest[symbol] ?? 0;
    while (found !== 0 && rows[found + classField.key] !== key) found = rows[found + classField.next] ?? 0;
    return found === 0 ? this.#add(symbol, code, frames, key) : found;
  }

  #add(symbol: number, code: number, frames: boolean, key: number): number {
    const kind = this.#kindOf(symbol, code, frames);
    const own = kind !== classKind.reference && kind !== classKind.cleared;
    const row = this.#count * classStride;
    if (row === this.rows.length) {
      const larger = new Uint32Array(row * 2);
      larger.set(this.rows);
      this.rows = larger;
    }
    const { rows } = this;
    // A symbol of the image's own is always near.
    rows[row + classField.code] =
      own && (code === fixup.branch32 || code === fixup.lea32) ? fixup.pc32 : code;
    rows[row + classField.kind] = kind;
    if (own) rows[row + classField.operand] = this.#offsetOf(symbol);
    else if (kind === classKind.reference)
      rows[row + classField.operand] = this.#references.refer(symbol, code);
    rows[row + classField.key] = key;
    rows[row + classField.next] = this.#latest[symbol] ?? 0;
    this.#latest[symbol] = row;
    this.#count += 1;
    return row;
  }

  #offsetOf(symbol: number): number {
    const { symbols } = this.#graph.object;
    return (this.#layout.offsets[symbols.sections[symbol] ?? 0] ?? 0) + (symbols.values[symbol] ?? 0);
  }

  /** The block a symbol certainly lies in, `reference` when it must be looked up, or `cleared`. */
  #kindOf(symbol: number, code: number, frames: boolean): number {
    const { symbols } = this.#graph.object;
    const section = symbols.sections[symbol] ?? 0;
    if (section === symbolSection.undefined || section >= symbolSection.absolute) return classKind.reference;
    const local = symbols.binding(symbol) === symbolBinding.local;
    const block = this.#layout.blockOf[section] ?? 0;
    if (block === 0) return this.#withoutBlock(symbol, section, local, frames);
    if (local) {
      const type = symbols.type(symbol);
      if (type === symbolType.ifunc) throw this.#localIfunc(symbol, code);
      return type !== symbolType.tls && isPlain(code) ? block : classKind.reference;
    }
    if (block === blockNumber.code && isCall(code) && this.#isBound(symbol)) return block;
    return classKind.reference;
  }

  #withoutBlock(symbol: number, section: number, local: boolean, frames: boolean): number {
    const role = this.#graph.roles[section];
    if (role === 'threadZero') return classKind.reference;
    if (role === 'discarded' && frames) return classKind.cleared;
    if (role === 'discarded' && !local) return classKind.reference;
    throw this.#graph.object.reader.unsupported(
      `a relocation refers to ${this.#references.nameOf(symbol)}, which lies in a section that is left out`,
    );
  }

  #isBound(symbol: number): boolean {
    const { symbols } = this.#graph.object;
    if (this.#bindings[symbol] === binding.unknown) {
      const plain = symbols.type(symbol) !== symbolType.ifunc;
      const bound = plain && this.#bindLocalCall(symbols.name(symbol));
      this.#bindings[symbol] = bound ? binding.bound : binding.free;
    }
    return this.#bindings[symbol] === binding.bound;
  }

  #localIfunc(symbol: number, code: number): TierlinkError {
    const found = relocationTable.find((row) => row.fixup === code);
    return new TierlinkError('RELOCATION_UNSUPPORTED', {
      module: this.#graph.object.reader.module,
      symbol: this.#references.nameOf(symbol),
      kind: found?.name ?? '',
      reason: 'it is a static ifunc',
    });
  }
}

/**
 * Whether a fixup of the image's own depends on the distance to its target, not on the target's address.
 *
 * @param code - The fixup.
 * @returns True when it does.
 */
export function isRelative(code: number): boolean {
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
