/** Names that stand for functions of JS: a link of the chain of resolvers, right behind the modules. */
import { TierlinkError } from '../core/errors.js';
import type { Address } from '../core/ids.js';
import type { Use } from '../registry/definition.js';
import { sameConvention } from '../registry/symbol-table.js';
import { ModuleResolver } from '../resolve/module-resolver.js';
import {
  type SymbolAnswer,
  type SymbolQuery,
  type SymbolResolver,
  symbolResolverVersion,
} from '../resolve/symbol-resolver.js';

/** Stands for JS where a message names the module that defines something. */
export const definedByJs = 'engine.define';

/** A function of JS under a name. */
export interface HostSymbol {
  readonly name: string;
  /** Letters as in the addon's FunctionSummary. */
  readonly letters: string;
  /** How its signature is shown to people. */
  readonly type: string;
  readonly address: bigint;
}

/** Those of one engine. */
export class HostFunctions implements SymbolResolver {
  readonly apiVersion: number = symbolResolverVersion;
  readonly #functions = new Map<string, HostSymbol>();

  /** Empty as long as there are none: who defines none needs not hear of it. */
  get description(): string {
    return this.#functions.size === 0 ? '' : 'functions of JS (engine.define)';
  }

  /** A chain with this link right behind the modules. */
  among(resolvers: readonly SymbolResolver[]): readonly SymbolResolver[] {
    const behind = resolvers.findIndex((resolver) => resolver instanceof ModuleResolver) + 1;
    return [...resolvers.slice(0, behind), this, ...resolvers.slice(behind)];
  }

  /** Adds one. @throws TierlinkError SYMBOL_DUPLICATE */
  define(host: HostSymbol): void {
    const { name } = host;
    if (this.#functions.has(name)) {
      throw new TierlinkError('SYMBOL_DUPLICATE', { module: definedByJs, symbol: name, other: definedByJs });
    }
    this.#functions.set(name, host);
  }

  /** Whether a name is that of one. */
  has(name: string): boolean {
    return this.#functions.has(name);
  }

  resolve({ name, use }: SymbolQuery): SymbolAnswer | undefined {
    const host = use === 'tls' ? undefined : this.#functions.get(name);
    return host && { kind: 'address', address: host.address };
  }

  /**
   * Checks that a module uses one of them as what it is.
   *
   * @param module - Name of the module that uses it.
   * @param use - How it is declared there.
   * @param found - The address that its name stands for.
   * @throws TierlinkError SYMBOL_TYPE_MISMATCH
   */
  checkUse(module: string, use: Use, found: Address): void {
    const host = this.#functions.get(use.name);
    if (host?.address !== BigInt(found)) return;
    const isFunction = use.kind === 'function' || use.kind === 'unknown';
    if (isFunction && sameConvention(host.letters, use.signature)) return;
    throw new TierlinkError('SYMBOL_TYPE_MISMATCH', {
      module,
      symbol: use.name,
      other: definedByJs,
      used: use.type,
      defined: host.type,
    });
  }
}
