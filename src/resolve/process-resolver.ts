/** Finds what the process has: libc, libm, libstdc++, Node, and what the runtime puts in their functions' places. */
import type { NativeAddon } from '../native/contract.js';
import {
  type SymbolAnswer,
  type SymbolQuery,
  type SymbolResolver,
  symbolResolverVersion,
} from './symbol-resolver.js';
import { type ThreadLocals, threadLocalOf } from './thread-locals.js';

/** Searches the process. */
export class ProcessResolver implements SymbolResolver {
  readonly apiVersion: number = symbolResolverVersion;
  readonly description: string = 'the process (libc, libm, libstdc++, Node)';
  readonly #addon: Pick<NativeAddon, 'processSymbol'> & ThreadLocals;

  /** @param addon - The addon. */
  constructor(addon: Pick<NativeAddon, 'processSymbol'> & ThreadLocals) {
    this.#addon = addon;
  }

  resolve({ name, use, runtime }: SymbolQuery): SymbolAnswer | undefined {
    if (use === 'tls') return threadLocalOf(this.#addon, 0n, name);
    const address = runtime(name) || this.#addon.processSymbol(name);
    return address === 0n ? undefined : { kind: 'address', address };
  }
}
