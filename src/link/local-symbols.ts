/** Where the local symbols of an object lie: most relocations against them need to know nothing else. */
import { reservedSections, symbolType, symbolWord, symbolWords } from '../elf/symbols.js';
import { fixup } from './fixup-codes-x86-64.js';
import { blockOfRole, role, type SectionGraph } from './graph.js';
import type { Layout } from './layout.js';

/** Set in {@link ownForms} for a fixup that depends on the distance to its target, not on the target's address. */
export const relativeForm = 64;

/**
 * By fixup: the one to write when its symbol lies in the image itself, and so is always near, with {@link relativeForm};
 * 0 when it reads more than the symbol's address: a cell, a thread-local block, a size.
 */
export const ownForms: Uint8Array = new Uint8Array(64);
for (const code of [fixup.abs64, fixup.abs32, fixup.abs32s, fixup.abs16, fixup.abs8]) ownForms[code] = code;
for (const code of [fixup.pc32, fixup.pc8, fixup.pc16, fixup.pc64, fixup.call32, fixup.jump32])
  ownForms[code] = code | relativeForm;
for (const code of [fixup.branch32, fixup.lea32]) ownForms[code] = fixup.pc32 | relativeForm;

/** Stands for the block of a symbol that lies in none, or whose address is not all that there is to it. */
export const elsewhere = 4;

/** The places of the local symbols of one object after the other. */
export class LocalSymbols {
  /** By symbol: the number of the block that it lies in, or {@link elsewhere}; 0 when it was not looked for yet. */
  blocks: Uint8Array = new Uint8Array(0);
  /** By symbol: its offset in that block, in bytes. */
  offsets: Int32Array = new Int32Array(0);

  /**
   * Begins with another object.
   *
   * @param count - Number of its local symbols.
   */
  start(count: number): void {
    if (count > this.blocks.length) {
      this.blocks = new Uint8Array(count * 2);
      this.offsets = new Int32Array(count * 2);
    } else {
      this.blocks.fill(0, 0, count);
    }
  }

  /**
   * Finds a symbol's place.
   *
   * @param graph - The object's sections by role.
   * @param layout - Their places.
   * @param symbol - The symbol, a local one.
   * @returns What {@link LocalSymbols.blocks} has for it now.
   */
  find(graph: SectionGraph, layout: Layout, symbol: number): number {
    const { first, words } = graph.object.symbols;
    const at = first + symbol * symbolWords;
    const bits = words[at + symbolWord.place] ?? 0;
    const section = bits >>> 16;
    const type = bits & 15;
    let block = elsewhere;
    if (section < reservedSections && type !== symbolType.tls && type !== symbolType.ifunc)
      block = (blockOfRole[graph.roles[section] ?? role.dropped] ?? 0) || elsewhere;
    this.blocks[symbol] = block;
    this.offsets[symbol] = (layout.offsets[section] ?? 0) + (words[at + symbolWord.value] ?? 0);
    return block;
  }
}
