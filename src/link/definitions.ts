/** The global symbols that an object defines, as others see them. */
import { symbolBinding, symbolSection, symbolType } from '../elf/symbols.js';
import { type BlockKind, blockKinds } from './blocks.js';
import type { SectionGraph } from './graph.js';
import type { DefinedSymbol } from './image.js';
import type { Layout } from './layout.js';
import type { SymbolNames } from './symbol-names.js';

/**
 * Collects the global symbols that an object defines and keeps.
 *
 * @param graph - The object's sections by role.
 * @param layout - Their places.
 * @param names - Names of its symbols.
 * @returns The symbols by name.
 * @throws TierlinkError OBJECT_INVALID when a name is defined twice or missing.
 */
export function definedSymbols(
  graph: SectionGraph,
  layout: Layout,
  names: SymbolNames,
): Map<string, DefinedSymbol> {
  const { symbols, reader } = graph.object;
  const defined = new Map<string, DefinedSymbol>();
  for (let symbol = symbols.firstGlobal; symbol < symbols.count; symbol += 1) {
    const place = placeOf(graph, layout, symbol);
    if (place === undefined) continue;
    const name = names.text(symbol);
    if (name === '' || defined.has(name)) {
      throw reader.damaged(
        `it defines global symbol ${name === '' ? String(symbol) : name} ${name === '' ? 'without a name' : 'twice'}`,
      );
    }
    defined.set(name, {
      name,
      place: place.place,
      offset: place.offset,
      size: symbols.sizes[symbol] ?? 0,
      type: typeOf(symbols.type(symbol), place.place),
      binding: bindingOf(symbols.binding(symbol), symbols.sections[symbol] ?? 0),
    });
  }
  return defined;
}

/**
 * Whether an object defines a symbol, and keeps it.
 *
 * @param graph - The object's sections by role.
 * @param layout - Their places.
 * @param symbol - Index of the symbol.
 * @returns True when {@link definedSymbols} has it, if it is global.
 */
export function isDefined(graph: SectionGraph, layout: Layout, symbol: number): boolean {
  return placeOf(graph, layout, symbol) !== undefined;
}

function placeOf(
  graph: SectionGraph,
  layout: Layout,
  symbol: number,
): Pick<DefinedSymbol, 'place' | 'offset'> | undefined {
  const { symbols } = graph.object;
  const section = symbols.sections[symbol] ?? 0;
  const value = symbols.values[symbol] ?? 0;
  if (section === symbolSection.undefined) return undefined;
  if (section === symbolSection.absolute) return { place: 'absolute', offset: value };
  if (section === symbolSection.common) return { place: 'data', offset: layout.commons.get(symbol) ?? 0 };
  if (symbols.type(symbol) === symbolType.tls) {
    const role = graph.roles[section];
    if (role === 'dropped' || role === 'discarded') return undefined;
    return { place: 'tls', offset: (layout.threadOffsets[section] ?? 0) + value };
  }
  const block: BlockKind | undefined = blockKinds[(layout.blockOf[section] ?? 0) - 1];
  return block === undefined ? undefined : { place: block, offset: (layout.offsets[section] ?? 0) + value };
}

function typeOf(type: number, place: DefinedSymbol['place']): DefinedSymbol['type'] {
  if (type === symbolType.tls) return 'tls';
  if (type === symbolType.ifunc) return 'ifunc';
  // Hand-written assembly often leaves its functions without a type.
  return type === symbolType.function || place === 'code' ? 'function' : 'data';
}

function bindingOf(binding: number, section: number): DefinedSymbol['binding'] {
  if (section === symbolSection.common) return 'common';
  // Unique symbols (C++ inline statics) are weak ones of which a process keeps one.
  return binding === symbolBinding.global ? 'strong' : 'weak';
}
