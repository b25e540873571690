/**
 * Decides once for each symbol and fixup where such fixups go: every further relocation only looks it up. Most of those
 * against local symbols need no decision, see local-symbols.ts.
 */
import { TierlinkError } from '../core/errors.js';
import { reservedSections, symbolBinding, symbolType, symbolWord, symbolWords } from '../elf/symbols.js';
import { blockNumber } from './blocks.js';
import { fixup } from './fixup-codes-x86-64.js';
import { blockOfRole, role, type SectionGraph } from './graph.js';
import type { Layout } from './layout.js';
import { type LocalSymbols, ownForms } from './local-symbols.js';
import type { PreservedBuilder } from './preserved-builder.js';
import type { ReferenceBuilder } from './reference-builder.js';
import { relocationTable } from './relocations-x86-64.js';

/**
 * What a class is against. 1 to 3, a `BlockNumber`: a place in a block of the image's own. `cleared`: a function
 * that was discarded with its group, so that its unwind entry must read as zero.
 */
export const classKind = { reference: 0, cleared: 5 } as const;

/** Tells classes of relocations in unwind tables from others of the same fixup. */
export const framesBit = 64;

/** Room for classes in the beginning. */
const firstClasses = 256;

/** Numbers in a class's row. */
const classStride = 5;

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
  /** Fixup to write; with `relativeForm` when it is against a block of the image's own. */
  code: 4,
} as const;

/** What one object's classes are made from. */
export interface ClassSource {
  readonly graph: SectionGraph;
  readonly layout: Layout;
  readonly locals: LocalSymbols;
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
    let written = code;
    let operand = 0;
    if (kind === classKind.reference) {
      operand = preserved.group(code, references.refer(symbol, code));
    } else if (kind !== classKind.cleared) {
      operand = (layout.offsets[section] ?? 0) + symbols.value(symbol);
      written = ownForms[code] ?? 0;
    }
    rows[row + classField.key] = key;
    rows[row + classField.next] = this.latest[symbol] ?? 0;
    rows[row + classField.kind] = kind;
    rows[row + classField.operand] = operand;
    rows[row + classField.code] = written;
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
      return type !== symbolType.tls && ownForms[code] !== 0 ? block : classKind.reference;
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

function isCall(code: number): boolean {
  return code === fixup.branch32 || code === fixup.call32 || code === fixup.jump32;
}
