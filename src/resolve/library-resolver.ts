/** Finds what a shared library exports. */
import { TierlinkError } from '../core/errors.js';
import type { NativeAddon } from '../native/contract.js';
import {
  type SymbolAnswer,
  type SymbolQuery,
  type SymbolResolver,
  symbolResolverVersion,
} from './symbol-resolver.js';
import { type ThreadLocals, threadLocalOf } from './thread-locals.js';

/** Searches one library, and those that it alone needs: not what the process has already. */
export class LibraryResolver implements SymbolResolver {
  readonly apiVersion: number = symbolResolverVersion;
  readonly description: string;
  readonly #addon: Pick<NativeAddon, 'libraryOpen' | 'librarySymbol'> & ThreadLocals;
  readonly #handle: bigint;

  /**
   * Loads the library; it stays loaded.
   *
   * @param addon - The addon.
   * @param library - A path, or a name that the dynamic linker finds.
   * @throws TierlinkError LIBRARY_UNLOADABLE
   */
  constructor(addon: Pick<NativeAddon, 'libraryOpen' | 'librarySymbol'> & ThreadLocals, library: string) {
    this.#addon = addon;
    this.description = `library ${library}`;
    try {
      this.#handle = addon.libraryOpen(library);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new TierlinkError('LIBRARY_UNLOADABLE', { library, reason }, { cause });
    }
  }

  resolve({ name, use }: SymbolQuery): SymbolAnswer | undefined {
    const address = this.#addon.librarySymbol(this.#handle, name);
    if (address === 0n) return undefined;
    return use === 'tls' ? threadLocalOf(this.#addon, this.#handle, name) : { kind: 'address', address };
  }
}
