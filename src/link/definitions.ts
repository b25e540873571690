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
 * @returns The symbols.
 * @throws TierlinkError OBJECT_INVALID when a name is defined twice or missing.
 */
export function definedSymbols(graph: SectionGraph, layout: Layout, names: SymbolNames): DefinedSymbols {
  const { reader, symbols } = graph.object;
  const { count, first, firstGlobal, words } = symbols;
  const { offsets } = layout;
  const rows = new Float64Array((count - firstGlobal) * symbolStride);
  let next = 0;
  let latest = -1;
  let ascending = true;
  for (let symbol = firstGlobal; symbol < count; symbol += 1) {
    const at = first + symbol * symbolWords;
    const bits = words[at + symbolWord.place] ?? 0;
    if (bits >>> 16 === symbolSection.undefined) continue;
    const section = symbols.section(symbol);
    let place: number = symbolPlace.absolute;
    let offset: number;
    if (section > 0) {
      const own = graph.roles[section] ?? role.dropped;
      if (own >= role.dropped) continue;
      offset = (offsets[section] ?? 0) + (words[at + symbolWord.value] ?? 0);
      place = blockOfRole[own] ?? 0;
      if ((bits & 15) === symbolType.tls) {
        place = symbolPlace.tls;
        offset = threadOffset(graph, layout, section) + (words[at + symbolWord.value] ?? 0);
      } else if (place === 0) continue;
    } else if (section === symbolSection.common) {
      place = symbolPlace.data;
      offset = layout.commons.get(symbol) ?? 0;
    } else {
      offset = symbols.value(symbol);
    }
    const id = names.id(symbol);
    if (id === emptyName) throw reader.damaged(`it defines global symbol ${String(symbol)} without a name`);
    if (id <= latest) ascending = false;
    latest = id;
    rows[next] = symbolKey(id, place, typeOf(bits & 15, place), bindingOf((bits >> 4) & 15, section));
    rows[next + 1] = offset;
    rows[next + 2] = symbols.size(symbol);
    next += symbolStride;
  }
  const used = next === rows.length ? rows : rows.slice(0, next);
  const defined = new DefinedSymbols(names.table, ascending ? used : sorted(used));
  const twice = ascending ? -1 : defined.duplicate();
  if (twice >= 0) throw reader.damaged(`it defines global symbol ${defined.name(twice)} twice`);
  return defined;
}

/** Rows in ascending order of their first numbers. */
function sorted(rows: Float64Array): Float64Array {
  const order = Array.from({ length: rows.length / symbolStride }, (_unused, index) => index * symbolStride);
  order.sort((left, right) => (rows[left] ?? 0) - (rows[right] ?? 0));
  const result = new Float64Array(rows.length);
  for (let index = 0, to = 0; index < order.length; index += 1, to += symbolStride) {
    const from = order[index] ?? 0;
    result[to] = rows[from] ?? 0;
    result[to + 1] = rows[from + 1] ?? 0;
    result[to + 2] = rows[from + 2] ?? 0;
  }
  return result;
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
