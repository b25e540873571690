/**
 * Pass 3: sorts every relocation of an object into one of two lists: those that no placement changes, which
 * are settled in the initial bytes, and those that are preserved.
 */
import { TierlinkError } from '../core/errors.js';
import { contentOf, type ElfObject, relocationsOf } from '../elf/object.js';
import type { RelocationTable } from '../elf/relocations.js';
import type { ElfSection } from '../elf/sections.js';
import { symbolBinding, symbolSection, symbolType } from '../elf/symbols.js';
import { type BlockKind, blockKinds, blockNumber } from './blocks.js';
import { fixup } from './fixup-codes-x86-64.js';
import { fieldBytes, fixupOf, noFixup, plainFixup } from './forms-x86-64.js';
import type { SectionGraph } from './graph.js';
import type { Layout } from './layout.js';
import { PreservedBuilder, type PreservedRelocations } from './preserved.js';
import { ReferenceBuilder } from './reference-builder.js';
import { relocationTable } from './relocations-x86-64.js';

/** What the relocations of an object come to. */
export interface Scan {
  /** Same block, and relative to the place: the same wherever the block lies. */
  readonly settled: PreservedRelocations;
  readonly preserved: PreservedRelocations;
  readonly references: ReferenceBuilder;
  /** Fields of unwind entries whose functions were discarded: offset in the readonly block, and bytes. */
  readonly cleared: readonly { readonly offset: number; readonly bytes: number }[];
  /** False when mutable data holds addresses of the image's own code or constants. */
  readonly movable: boolean;
}

/**
 * Scans all relocations.
 *
 * @param graph - The sections by role.
 * @param layout - Their places.
 * @param bindLocalCall - Whether calls to this function of the object's own stay inside the image.
 * @returns The relocations, sorted.
 * @throws TierlinkError OBJECT_INVALID, OBJECT_UNSUPPORTED, RELOCATION_UNSUPPORTED
 */
export function scanRelocations(
  graph: SectionGraph,
  layout: Layout,
  bindLocalCall: (symbol: string) => boolean,
): Scan {
  const parts: { block: BlockKind; section: ElfSection; table: RelocationTable }[] = [];
  let capacity = 0;
  for (const block of blockKinds) {
    for (const section of graph.object.sections) {
      if (layout.blockOf[section.index] !== blockNumber[block]) continue;
      const table = relocationsOf(graph.object, section);
      if (table === undefined) continue;
      capacity += table.count;
      parts.push({ block, section, table });
    }
  }
  const scanner = new Scanner(graph, layout, capacity, bindLocalCall);
  for (const block of blockKinds) {
    scanner.settled.nextBlock();
    scanner.preserved.nextBlock();
    for (const part of parts) if (part.block === block) scanner.scan(part.section, part.table);
  }
  return {
    settled: scanner.settled.build(),
    preserved: scanner.preserved.build(),
    references: scanner.references,
    cleared: scanner.cleared,
    movable: scanner.movable,
  };
}

/** How a symbol's call binding was decided. */
const binding = { unknown: 0, bound: 1, free: 2 } as const;

class Scanner {
  readonly settled: PreservedBuilder;
  readonly preserved: PreservedBuilder;
  readonly references: ReferenceBuilder;
  readonly cleared: { offset: number; bytes: number }[] = [];
  movable = true;
  readonly #object: ElfObject;
  readonly #graph: SectionGraph;
  readonly #layout: Layout;
  readonly #bindLocalCall: (symbol: string) => boolean;
  readonly #bindings: Uint8Array;

  constructor(
    graph: SectionGraph,
    layout: Layout,
    capacity: number,
    bindLocalCall: (symbol: string) => boolean,
  ) {
    this.#object = graph.object;
    this.#graph = graph;
    this.#layout = layout;
    this.#bindLocalCall = bindLocalCall;
    this.#bindings = new Uint8Array(graph.object.symbols.count);
    this.settled = new PreservedBuilder(0);
    this.preserved = new PreservedBuilder(capacity);
    this.references = new ReferenceBuilder(graph, layout);
  }

  scan(section: ElfSection, table: RelocationTable): void {
    const { symbols } = this.#object;
    const { blockOf, offsets } = this.#layout;
    const { count } = table;
    const content = contentOf(this.#object, section);
    const block = blockOf[section.index] ?? 0;
    const start = offsets[section.index] ?? 0;
    const executable = block === blockNumber.code;
    const frames = this.#graph.roles[section.index] === 'frames';
    for (let index = 0; index < count; index += 1) {
      const at = table.offsets[index] ?? 0;
      const symbol = table.symbols[index] ?? 0;
      const addend = table.addends[index] ?? 0;
      const type = table.types[index] ?? 0;
      const plain = plainFixup[type] ?? noFixup;
      if (plain === noFixup) throw this.#unsupported(type, symbol);
      if (plain === fixup.none) continue;
      if (at + (fieldBytes[type] ?? 0) > section.size) {
        throw this.#object.reader.damaged(`a relocation reaches over the end of section ${section.name}`);
      }
      // NaN stands for an addend above 2^53: no address can need it.
      if (Number.isNaN(addend))
        throw this.#object.reader.unsupported('a relocation has an addend beyond 2^53');
      const code = executable ? fixupOf(type, plain, addend, content, at) : plain;
      const place = start + at;
      const own = this.#ownBlock(symbol, code, frames);
      if (own === blockNumber.code || own === blockNumber.readonly || own === blockNumber.data) {
        const offset = (offsets[symbols.sections[symbol] ?? 0] ?? 0) + (symbols.values[symbol] ?? 0);
        this.#addOwn(block, place, ownForm(code), own, offset, addend);
      } else if (own === discarded) {
        this.cleared.push({ offset: place, bytes: fieldBytes[type] ?? 0 });
      } else {
        this.preserved.addReference(place, code, this.references.refer(symbol, code), addend);
      }
    }
  }

  #addOwn(block: number, place: number, code: number, base: 1 | 2 | 3, offset: number, addend: number): void {
    if (base === block && isRelative(code)) this.settled.addOwn(place, code, base, offset, addend);
    else this.preserved.addOwn(place, code, base, offset, addend);
    if (block === blockNumber.data && base !== block) this.movable = false;
  }

  /** The block a symbol certainly lies in, 0 when it must be looked up, or `discarded`. */
  #ownBlock(symbol: number, code: number, frames: boolean): number {
    const { symbols } = this.#object;
    const section = symbols.sections[symbol] ?? 0;
    if (section === symbolSection.undefined || section >= symbolSection.absolute) return 0;
    const local = symbols.binding(symbol) === symbolBinding.local;
    const block = this.#layout.blockOf[section] ?? 0;
    if (local && block !== 0) {
      const type = symbols.type(symbol);
      if (type === symbolType.ifunc) throw this.#localIfunc(symbol, code);
      if (type !== symbolType.tls && isPlain(code)) return block;
      return 0;
    }
    if (block === 0) return this.#withoutBlock(symbol, section, local, frames);
    if (block === blockNumber.code && isCall(code) && this.#isBound(symbol)) return block;
    return 0;
  }

  #withoutBlock(symbol: number, section: number, local: boolean, frames: boolean): number {
    const role = this.#graph.roles[section];
    if (role === 'threadZero') return 0;
    if (role === 'discarded' && frames) return discarded;
    if (role === 'discarded' && !local) return 0;
    throw this.#object.reader.unsupported(
      `a relocation refers to ${this.references.nameOf(symbol)}, which lies in a section that is left out`,
    );
  }

  #isBound(symbol: number): boolean {
    if (this.#bindings[symbol] === binding.unknown) {
      const plain = this.#object.symbols.type(symbol) !== symbolType.ifunc;
      const bound = plain && this.#bindLocalCall(this.#object.symbols.name(symbol));
      this.#bindings[symbol] = bound ? binding.bound : binding.free;
    }
    return this.#bindings[symbol] === binding.bound;
  }

  #localIfunc(symbol: number, code: number): TierlinkError {
    const found = relocationTable.find((row) => row.fixup === code);
    return new TierlinkError('RELOCATION_UNSUPPORTED', {
      module: this.#object.reader.module,
      symbol: this.references.nameOf(symbol),
      kind: found?.name ?? '',
      reason: 'it is a static ifunc',
    });
  }

  #unsupported(type: number, symbol: number): TierlinkError {
    const row = relocationTable[type];
    return new TierlinkError('RELOCATION_UNSUPPORTED', {
      module: this.#object.reader.module,
      symbol: this.references.nameOf(symbol),
      kind: row?.name ?? `number ${String(type)}`,
      reason: row?.action ?? 'its number is unknown',
    });
  }
}

/** Result of `#ownBlock` for a field that must read as zero. */
const discarded = 255;

/** True when a fixup of the image's own depends on the distance to its target, not on the target's address. */
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

/** The fixup of a symbol of the image's own, which is always near. */
function ownForm(code: number): number {
  return code === fixup.branch32 || code === fixup.lea32 ? fixup.pc32 : code;
}
