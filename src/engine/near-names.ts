/** Names that lie in the engine's memory: code reaches them without a GOT. */
import type { ModuleRecord } from '../registry/records.js';
import type { SymbolTable } from '../registry/symbol-table.js';
import { queriedUse, type SymbolChain } from './symbol-chain.js';

/** The near names of each module. */
export class NearNames {
  readonly #chain: Pick<SymbolChain, 'find'>;
  readonly #symbols: Pick<SymbolTable, 'version'>;
  readonly #known = new WeakMap<
    ModuleRecord,
    { readonly version: number; readonly names: readonly string[] }
  >();

  /**
   * @param chain - Finds what is near.
   * @param symbols - What is defined.
   */
  constructor(chain: Pick<SymbolChain, 'find'>, symbols: Pick<SymbolTable, 'version'>) {
    this.#chain = chain;
    this.#symbols = symbols;
  }

  /**
   * Of what a module defines and uses. Thread-locals are reached by other means.
   *
   * @param record - The module.
   * @returns As long as no definition comes or goes, the same array: the compiler knows it again.
   * @throws TierlinkError RESOLVER_FAILED
   */
  of(record: ModuleRecord): readonly string[] {
    const { version } = this.#symbols;
    const known = this.#known.get(record);
    if (known?.version === version) return known.names;
    const near = [...record.definitions, ...record.uses].filter((symbol) => {
      if (symbol.kind === 'thread-local') return false;
      const found = this.#chain.find(symbol.name, queriedUse(symbol), record.name);
      return found?.kind === 'definition' && found.definition.kind !== 'thread-local';
    });
    const names = near.map((symbol) => symbol.name);
    this.#known.set(record, { version, names });
    return names;
  }
}
