/** Collects the global symbols that an object defines, as others see them. */
import { sectionWord, sectionWords } from '../elf/sections.js';
import {
  reservedSections,
  symbolBinding,
  symbolSection,
  symbolType,
  symbolWord,
  symbolWords,
} from '../elf/symbols.js';
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
import { nameLimit } from './references.js';
import type { SymbolNames } from './symbol-names.js';

const twoTo32 = 4294967296;

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
  const { reader, sections, symbols } = graph.object;
  const { count, first, words } = symbols;
  const { first: firstHeader, words: headers } = sections;
  const { offsets } = layout;
  const { roles } = graph;
  const { size: sectionSize } = sectionWord;
  const { place: placeWord, size: sizeWord, value: valueWord } = symbolWord;
  const blocks = blockOfRole;
  if (names.table.size > nameLimit) throw reader.unsupported('too many names were met before it');
  const rows = new Float64Array(findDefined(graph, names, keys) * symbolStride);
  let latest: number = emptyName;
  for (let row = 0, index = 0; row < rows.length; row += symbolStride, index += 1) {
    const key = keys[index] ?? 0;
    // As whole numbers: what is computed as a fraction takes memory each time until V8 has optimised this.
    const id = (key / count) | 0;
    const symbol = (key - id * count) | 0;
    if (id === latest) {
      const what = id === emptyName ? `${String(symbol)} without a name` : `${names.table.text(id)} twice`;
      throw reader.damaged(`it defines global symbol ${what}`);
    }
    latest = id;
    const at = first + symbol * symbolWords;
    const bits = words[at + placeWord] ?? 0;
    const type = bits & 15;
    const number = bits >>> 16;
    const section = number < reservedSections ? number : symbols.section(symbol);
    const sizeHigh = words[at + sizeWord + 1] ?? 0;
    let size = (words[at + sizeWord] ?? 0) >>> 0;
    if (sizeHigh !== 0) size += sizeHigh * twoTo32;
    let place: number = symbolPlace.absolute;
    let offset: number;
    if (section > 0) {
      const value = words[at + valueWord] ?? 0;
      place = type === symbolType.tls ? symbolPlace.tls : (blocks[roles[section] ?? 0] ?? 0);
      offset =
        value + (type === symbolType.tls ? threadOffset(graph, layout, section) : (offsets[section] ?? 0));
      // As `SymbolTable.size` does.
      const rest = (headers[firstHeader + section * sectionWords + sectionSize] ?? 0) - value;
      if (size > rest) size = rest;
    } else if (section === symbolSection.common) {
      place = symbolPlace.data;
      offset = layout.commons.get(symbol) ?? 0;
    } else {
      offset = symbols.value(symbol);
    }
    let defined: number = definedType.function;
    let binding: number = definedBinding.strong;
    if (section <= 0 || (bits & 0xff) !== globalFunction) {
      defined = typeOf(type, place);
      binding = bindingOf((bits >> 4) & 15, section);
    }
    rows[row] = symbolKey(id, place, defined, binding);
    rows[row + 1] = offset;
    rows[row + 2] = size;
  }
  return new DefinedSymbols(names.table, rows);
}

/** Binding and type of most of a symbol table's entries. */
const globalFunction = (symbolBinding.global << 4) | symbolType.function;

/** Lists what is defined by number of its name: numbers made of that and the symbol's. Returns how many there are. */
function findDefined(graph: SectionGraph, names: SymbolNames, keys: Float64Array): number {
  const { symbols } = graph.object;
  const { count, first, firstGlobal, words } = symbols;
  const { roles } = graph;
  const { ids } = names;
  const { dropped, threadZero } = role;
  let found = 0;
  let latest = -1;
  let ascending = true;
  for (
    let symbol = firstGlobal, at = first + firstGlobal * symbolWords + symbolWord.place;
    symbol < count;
    symbol += 1, at += symbolWords
  ) {
    const bits = words[at] ?? 0;
    const number = bits >>> 16;
    if (number === 0) continue;
    const section = number < reservedSections ? number : symbols.section(symbol);
    if (section > 0) {
      const own = roles[section] ?? dropped;
      if (own >= threadZero && (own !== threadZero || (bits & 15) !== symbolType.tls)) continue;
    }
    let id = ids[symbol - firstGlobal] ?? -1;
    if (id < 0) id = names.id(symbol);
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
