/** The symbols that an object needs from elsewhere. */
import type { SymbolUse } from './context.js';
import type { ImagePlan } from './image.js';
import { need, useOf } from './references.js';

/** A symbol that the object needs from elsewhere. */
export interface WantedSymbol {
  readonly name: string;
  readonly use: SymbolUse;
  /** True: it is address 0 when nothing defines it. */
  readonly weak: boolean;
}

/**
 * Lists the symbols that an object needs and does not define.
 *
 * @param image - The prepared object.
 * @returns One for each such symbol that relocations refer to.
 */
export function wantedSymbols({
  preserved: { references },
  symbols,
}: Pick<ImagePlan, 'preserved' | 'symbols'>): WantedSymbol[] {
  const wanted: WantedSymbol[] = [];
  for (let reference = 0; reference < references.count; reference += 1) {
    const needs = references.needs(reference);
    if ((needs & need.local) !== 0 || symbols.hasId(references.nameId(reference))) continue;
    wanted.push({ name: references.name(reference), weak: (needs & need.weak) !== 0, use: useOf(needs) });
  }
  return wanted;
}
