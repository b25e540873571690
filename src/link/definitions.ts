/** Collects the global symbols that an object defines, as others see them. */
import { symbolBinding, symbolSection, symbolType, symbolWord, symbolWords } from '../elf/symbols.js';
import {
  definedBinding,
  DefinedSymbols,
  definedType,
  symbolKey,
  symbolPlace,
  symbolStride,
} from './defined-symbols.js';
import { blockOfRole, role, type SectionGraph } from './graph.js';
import { type Layout, threadOffset } from './layout.js';
import { emptyName } from './names.js';
import type { SymbolNames } from './symbol-names.js';

/**
 * Collects the global symbols that an object defines and keeps.
 *
 * @param graph - The object's sections by role.
 * @param layout - Their places.
 * @param names - Names of its symbols.
 * @param keys - Room for a number for each of its symbols.
 * @returns The symbols.
 * @throws TierlinkError OBJECT_INVALID when a name is defined twice or missing.
 */
export function definedSymbols(
  graph: SectionGraph,
  layout: Layout,
  names: SymbolNames,
  keys: Float64Array,
): DefinedSymbols {
  const { reader, symbols } = graph.object;
  const { count, first, words } = symbols;
  const rows = new Float64Array(findDefined(graph, names, keys) * symbolStride);
  let latest: number = emptyName;
  for (let row = 0, index = 0; row < rows.length; row += symbolStride, index += 1) {
    const key = keys[index] ?? 0;
    const id = Math.floor(key / count);
    const symbol = key - id * count;
    if (id === latest) {
      const what = id === emptyName ? `${String(symbol)} without a name` : `${names.table.text(id)} twice`;
      throw reader.damaged(`it defines global symbol ${what}`);
    }
    latest = id;
    const at = first + symbol * symbolWords;
    const bits = words[at + symbolWord.place] ?? 0;
    const section = symbols.section(symbol);
    let place: number = symbolPlace.absolute;
    let offset: number;
    if (section > 0) {
      const own = graph.roles[section] ?? role.dropped;
      const thread = (bits & 15) === symbolType.tls;
      place = thread ? symbolPlace.tls : (blockOfRole[own] ?? 0);
      offset = thread ? threadOffset(graph, layout, section) : (layout.offsets[section] ?? 0);
      offset += words[at + symbolWord.value] ?? 0;
    } else if (section === symbolSection.common) {
      place = symbolPlace.data;
      offset = layout.commons.get(symbol) ?? 0;
    } else {
      offset = symbols.value(symbol);
    }
    rows[row] = symbolKey(id, place, typeOf(bits & 15, place), bindingOf((bits >> 4) & 15, section));
    rows[row + 1] = offset;
    rows[row + 2] = symbols.size(symbol);
  }
  return new DefinedSymbols(names.table, rows);
}

/** Lists what is defined by number of its name: numbers made of that and the symbol's. Returns how many there are. */
function findDefined(graph: SectionGraph, names: SymbolNames, keys: Float64Array): number {
  const { symbols } = graph.object;
  const { count, first, firstGlobal, words } = symbols;
  let found = 0;
  let latest = -1;
  let ascending = true;
  for (
    let symbol = firstGlobal, at = first + firstGlobal * symbolWords;
    symbol < count;
    symbol += 1, at += symbolWords
  ) {
    const bits = words[at + symbolWord.place] ?? 0;
    if (bits >>> 16 === symbolSection.undefined) continue;
    const section = symbols.section(symbol);
    if (section > 0) {
      const own = graph.roles[section] ?? role.dropped;
      const outside = own === role.threadZero && (bits & 15) !== symbolType.tls;
      if (own >= role.dropped || outside) continue;
    }
    const id = names.id(symbol);
    if (id < latest) ascending = false;
    latest = id;
    keys[found] = id * count + symbol;
    found += 1;
  }
  if (!ascending) keys.subarray(0, found).sort();
  return found;
}

function typeOf(type: number, place: number): number {
  if (type === symbolType.tls) return definedType.tls;
  if (type === symbolType.ifunc) return definedType.ifunc;
  // Hand-written assembly often leaves its functions without a type.
  return type === symbolType.function || place === symbolPlace.code ? definedType.function : definedType.data;
}

function bindingOf(binding: number, section: number): number {
  if (section === symbolSection.common) return definedBinding.common;
  // Unique symbols (C++ inline statics) are weak ones of which a process keeps one.
  return binding === symbolBinding.global ? definedBinding.strong : definedBinding.weak;
}
