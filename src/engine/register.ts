/** Makes a module's record from what ingest or the ELF reader found out. */
import type { ModuleId } from '../core/ids.js';
import type { PreparedImage } from '../link/image.js';
import { wantedSymbols } from '../link/wanted.js';
import type { ModuleSummary } from '../native/contract.js';
import type { Definition, SymbolKind, Use } from '../registry/definition.js';
import type { ModuleRecord } from '../registry/records.js';

/** What both kinds of module share. */
export interface Identity {
  readonly id: ModuleId;
  readonly name: string;
}

/**
 * The record of an ingested module.
 *
 * @param identity - Its numbers and name.
 * @param summary - What ingest found out.
 * @param code - Canonical bitcode of the functions.
 * @param data - Canonical bitcode of the variables.
 * @returns The record.
 */
export function recordOfIr(
  identity: Identity,
  summary: ModuleSummary,
  code: Uint8Array,
  data: Uint8Array | null,
): ModuleRecord {
  const module = identity.name;
  const definitions: Definition[] = [];
  const uses: Use[] = [];
  for (const item of summary.functions) {
    const { name, kind, binding, signature, type, weakUndefined, index, instructions } = item;
    const profileName =
      item.promoted && item.sourceName !== '' ? `${summary.sourceFile};${item.sourceName}` : undefined;
    if (kind === 'define')
      definitions.push(
        define({
          name,
          module,
          kind: 'function',
          binding,
          signature,
          type,
          index,
          instructions,
          profileName,
        }),
      );
    else if (!name.startsWith('llvm.'))
      uses.push({ name, kind: 'function', signature, type: `function ${type}`, weak: weakUndefined });
  }
  for (const variable of summary.variables) {
    const { name, binding, size, alignment, weakUndefined } = variable;
    const kind: SymbolKind = variable.threadLocal ? 'thread-local' : 'variable';
    const type = `${kind} ${variable.type}`;
    if (variable.kind === 'declare') uses.push({ name, kind, signature: '', type, weak: weakUndefined });
    else if (variable.place === 'data') {
      const anonymous = variable.constant && variable.promoted;
      definitions.push(
        define({ name, module, kind, binding, type: variable.type, size, alignment, anonymous }),
      );
    }
  }
  const kinds = new Map(definitions.map((symbol) => [symbol.name, symbol]));
  for (const { name, target, offset, binding } of summary.aliases) {
    const of = kinds.get(target);
    const kind = of?.kind ?? 'function';
    const signature = of?.signature ?? '';
    definitions.push(
      define({
        name,
        module,
        kind,
        binding,
        signature,
        type: `alias of ${target}`,
        alias: { target, offset },
      }),
    );
  }
  for (const { name } of summary.ifuncs) {
    const declared = summary.functions.find((item) => item.name === name);
    const signature = declared?.signature ?? '';
    const type = declared?.type ?? 'ifunc';
    definitions.push(define({ name, module, kind: 'function', binding: 'strong', signature, type }));
  }
  const defined = new Set(definitions.map(({ name }) => name));
  return {
    ...identity,
    canonical: { kind: 'ir', code, data },
    definitions,
    uses: uses.filter((use) => !defined.has(use.name)),
    constructors: summary.constructors,
    destructors: summary.destructors,
    ifuncs: summary.ifuncs,
    pinned: summary.pinned,
    whole: summary.whole,
    distances: summary.distances,
    unread: summary.unread,
    instructions: summary.functions.reduce((sum, item) => sum + item.instructions, 0),
  };
}

/**
 * The record of an ELF object.
 *
 * @param identity - Its numbers and name.
 * @param image - The prepared object.
 * @returns The record.
 */
export function recordOfObject(identity: Identity, image: PreparedImage): ModuleRecord {
  const module = identity.name;
  const kinds = { function: 'function', ifunc: 'function', data: 'variable', tls: 'thread-local' } as const;
  const symbols = [...image.symbols.values()];
  return {
    ...identity,
    canonical: { kind: 'object' },
    definitions: symbols.map(({ name, type, binding, size }) =>
      define({ name, module, kind: kinds[type], binding, type: kinds[type], size }),
    ),
    // An object does not say what it takes an undefined symbol for; only thread-locals can be told.
    uses: wantedSymbols(image).map(({ name, use, weak }) => ({
      name,
      kind: use === 'tls' ? 'thread-local' : 'unknown',
      signature: '',
      type: 'symbol',
      weak,
    })),
    constructors: [],
    destructors: [],
    ifuncs: symbols.filter(({ type }) => type === 'ifunc').map(({ name }) => ({ name, resolver: name })),
    distances: false,
    unread: false,
    pinned: objectIsPinned,
    whole: objectIsPinned,
    instructions: 0,
  };
}

/** Why an object stays as it is. */
const objectIsPinned = 'it is an object file; only bitcode and IR can be compiled again';

function define(
  given: Pick<Definition, 'name' | 'module' | 'kind' | 'binding' | 'type'> &
    Partial<
      Pick<
        Definition,
        'signature' | 'size' | 'alignment' | 'alias' | 'anonymous' | 'index' | 'instructions' | 'profileName'
      >
    >,
): Definition {
  return {
    signature: '',
    size: 0,
    alignment: 1,
    alias: undefined,
    anonymous: false,
    index: -1,
    instructions: 0,
    profileName: undefined,
    ...given,
    slot: undefined,
    placed: undefined,
  };
}
