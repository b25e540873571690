/** What tierlink would make of a module, without an engine. */
import { present } from '../core/assert.js';
import { TierlinkError } from '../core/errors.js';
import { readArchive } from '../elf/archive.js';
import { prepareObject } from '../link/prepare.js';
import { wantedSymbols } from '../link/wanted.js';
import type { ModuleSummary } from '../native/contract.js';
import { ingestWith } from '../native/ingest.js';
import { loadAddon } from '../native/loader.js';
import { type ModuleSource, readSource } from './source.js';

/** A function or variable. */
export interface InspectedSymbol {
  readonly name: string;
  readonly kind: 'function' | 'variable' | 'thread-local' | 'alias' | 'ifunc';
  readonly defined: boolean;
  /** `strong`, `weak`, `common`, or `fallback` (a body for inlining only). */
  readonly binding: string;
  /** LLVM's type, or what an object says. */
  readonly type: string;
  /** IR instructions of a function, bytes of a variable. */
  readonly size: number;
  /** What happens to it: promoted to a unique hidden name, split into the data object, kept with the code. */
  readonly fate: string;
}

/** What a module consists of. */
export interface Inspection {
  readonly module: string;
  readonly format: 'bitcode' | 'ir' | 'object' | 'archive';
  readonly symbols: readonly InspectedSymbol[];
  readonly constructors: readonly string[];
  readonly destructors: readonly string[];
  /** Functions that no tier will optimise. */
  readonly optnone: readonly string[];
  /** Why it can't be recompiled, or ''. */
  readonly pinned: string;
  /** Names of an archive's members. */
  readonly members: readonly string[];
}

/**
 * Looks into a module: functions, variables, symbols, and what would be promoted or split.
 *
 * @param name - Name for messages.
 * @param source - As for `Engine.addModule`.
 * @returns What it consists of.
 * @throws TierlinkError as `Engine.addModule`, but for what concerns other modules
 */
export function inspectModule(name: string, source: ModuleSource): Inspection {
  const { format, bytes } = readSource(name, source);
  const base = {
    module: name,
    format,
    constructors: [],
    destructors: [],
    optnone: [],
    pinned: '',
    members: [],
  };
  if (format === 'archive') {
    const { members } = readArchive(bytes, name);
    return { ...base, symbols: [], members: members.map((member) => member.name) };
  }
  if (format === 'object')
    return { ...base, symbols: objectSymbols(bytes, name), pinned: 'it is an object file' };
  const [seen] = ingestWith(loadAddon())([{ source: { bytes, format }, id: 1, name, lazy: false }]);
  if (seen instanceof TierlinkError) throw seen;
  const { summary } = present(seen, 'there is an outcome for each module');
  return {
    ...base,
    symbols: summarySymbols(summary),
    constructors: summary.constructors.map((hook) => hook.name),
    destructors: summary.destructors.map((hook) => hook.name),
    optnone: summary.functions.filter((item) => item.optnone).map((item) => item.sourceName),
    pinned: summary.pinned,
  };
}

function objectSymbols(bytes: Uint8Array, name: string): InspectedSymbol[] {
  const image = prepareObject(bytes, name);
  const kinds = { function: 'function', ifunc: 'ifunc', data: 'variable', tls: 'thread-local' } as const;
  const defined = [...image.symbols.values()].map(
    (symbol): InspectedSymbol => ({
      name: symbol.name,
      kind: kinds[symbol.type],
      defined: true,
      binding: symbol.binding,
      type: symbol.place,
      size: symbol.size,
      fate: 'linked as it is',
    }),
  );
  const wanted = wantedSymbols(image).map(
    (symbol): InspectedSymbol => ({
      name: symbol.name,
      kind: symbol.use === 'tls' ? 'thread-local' : symbol.use === 'call' ? 'function' : 'variable',
      defined: false,
      binding: symbol.weak ? 'weak' : 'strong',
      type: symbol.use,
      size: 0,
      fate: 'needed from elsewhere',
    }),
  );
  return [...defined, ...wanted];
}

function summarySymbols(summary: ModuleSummary): InspectedSymbol[] {
  const functions = summary.functions.map(
    (item): InspectedSymbol => ({
      name: item.name,
      kind: 'function',
      defined: item.kind === 'define',
      binding: item.weakUndefined ? 'weak' : item.binding,
      type: item.type,
      size: item.instructions,
      fate: fateOf(item.kind === 'define', item.promoted ? item.sourceName : '', ''),
    }),
  );
  const variables = summary.variables.map(
    (item): InspectedSymbol => ({
      name: item.name,
      kind: item.threadLocal ? 'thread-local' : 'variable',
      defined: item.kind === 'define',
      binding: item.weakUndefined ? 'weak' : item.binding,
      type: item.type,
      size: item.size,
      fate: fateOf(
        item.kind === 'define',
        item.promoted ? item.sourceName : '',
        item.place === 'data' ? 'split into the data object' : 'kept with the code of its function',
      ),
    }),
  );
  const aliases = summary.aliases.map(
    (item): InspectedSymbol => ({
      name: item.name,
      kind: 'alias',
      defined: true,
      binding: item.binding,
      type: `${item.target} + ${String(item.offset)}`,
      size: 0,
      fate: 'another name of its target',
    }),
  );
  const ifuncs = summary.ifuncs.map(
    (item): InspectedSymbol => ({
      name: item.name,
      kind: 'ifunc',
      defined: true,
      binding: 'strong',
      type: `chosen by ${item.resolver}`,
      size: 0,
      fate: 'its slot gets what the resolver returns',
    }),
  );
  return [...functions, ...variables, ...aliases, ...ifuncs];
}

function fateOf(defined: boolean, promotedFrom: string, place: string): string {
  if (!defined) return 'needed from elsewhere';
  const promoted = promotedFrom === '' ? '' : `promoted from ${promotedFrom}`;
  return [promoted, place].filter((part) => part !== '').join(', ');
}
