/** Where a symbol is found: the modules, then the process, then the loaded libraries, then fallback bodies. */
import { TierlinkError } from '../core/errors.js';
import type { Handle, NativeAddon } from '../native/contract.js';
import type { Definition } from '../registry/definition.js';
import type { SymbolTable } from '../registry/symbol-table.js';

/** What a symbol stands for. */
export type Found =
  | { readonly kind: 'definition'; readonly definition: Definition; readonly offset: number }
  | { readonly kind: 'external'; readonly address: bigint; readonly library: bigint };

interface Library {
  readonly name: string;
  readonly handle: bigint;
}

/** Searches in one fixed order, and can name what it searched. */
export class SymbolSearch {
  readonly #symbols: SymbolTable;
  readonly #addon: NativeAddon;
  readonly #engine: Handle;
  readonly #libraries: readonly Library[];
  readonly #external = new Map<string, Found | undefined>();

  /**
   * @param symbols - The modules' definitions.
   * @param addon - The addon.
   * @param engine - The native engine, whose runtime replaces `exit`, `atexit` and the like.
   * @param libraries - Shared libraries to open.
   * @throws TierlinkError LIBRARY_UNLOADABLE
   */
  constructor(symbols: SymbolTable, addon: NativeAddon, engine: Handle, libraries: readonly string[]) {
    this.#symbols = symbols;
    this.#addon = addon;
    this.#engine = engine;
    this.#libraries = libraries.map((name) => {
      try {
        return { name, handle: addon.libraryOpen(name) };
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new TierlinkError('LIBRARY_UNLOADABLE', { library: name, reason }, { cause });
      }
    });
  }

  /** What was searched, in words, for messages. */
  get searched(): readonly string[] {
    return [
      'the registered modules',
      'the process (libc, libm, libstdc++, Node)',
      ...this.#libraries.map((library) => `library ${library.name}`),
    ];
  }

  /** What the name stands for, or undefined. */
  find(name: string): Found | undefined {
    const inModules = this.#symbols.resolve(name);
    if (inModules !== undefined && inModules.definition.binding !== 'fallback') {
      return { kind: 'definition', ...inModules };
    }
    // A fallback body that linked code already uses stays the one: its address was given away (I1).
    if (inModules?.definition.slot !== undefined) return { kind: 'definition', ...inModules };
    const external = this.#findExternal(name);
    if (external !== undefined) return external;
    return inModules === undefined ? undefined : { kind: 'definition', ...inModules };
  }

  #findExternal(name: string): Found | undefined {
    if (this.#external.has(name)) return this.#external.get(name);
    const found = this.#searchExternal(name);
    this.#external.set(name, found);
    return found;
  }

  #searchExternal(name: string): Found | undefined {
    const runtime = this.#addon.engineRuntimeSymbol(this.#engine, name);
    if (runtime !== 0n) return { kind: 'external', address: runtime, library: 0n };
    const process = this.#addon.processSymbol(name);
    if (process !== 0n) return { kind: 'external', address: process, library: 0n };
    for (const library of this.#libraries) {
      const address = this.#addon.librarySymbol(library.handle, name);
      if (address !== 0n) return { kind: 'external', address, library: library.handle };
    }
    return undefined;
  }
}
