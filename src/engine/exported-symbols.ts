/**
 * Names of modules for libraries that the program opens by itself: plug-ins call back into who loads them. The system's
 * loader finds such names in shared objects only, so it is given one that holds them.
 */
import type { Emit } from '../core/events.js';
import { type NamedAddress, sharedObject } from '../elf/shared-object.js';
import type { NativeAddon } from '../native/contract.js';
import type { SymbolTable } from '../registry/symbol-table.js';
import type { OffsetTable } from '../../stubs/offset-table.js';
import type { LoadedModule } from './loaded-module.js';

/** Who uses one of these opens libraries, or looks for names in what is loaded. */
const openers: ReadonlySet<string> = new Set(['dlopen', 'dlmopen', 'dlsym', 'dlvsym']);

/** What was static in its file has a name that ingest made. */
const ofOneFile = /\.m\d+$/;

/** What it works with. */
export interface ExportedSymbolsParts {
  readonly addon: NativeAddon;
  readonly table: Pick<OffsetTable, 'stubAddress'>;
  readonly symbols: Pick<SymbolTable, 'resolve'>;
  readonly modules: ReadonlyMap<string, LoadedModule>;
  readonly emit: Emit;
}

let made = 0;

/** Those of one engine. */
export class ExportedSymbols {
  readonly #parts: ExportedSymbolsParts;
  /** Addresses by name, as the loader knows them. */
  readonly #known = new Map<string, number>();
  readonly #objects: bigint[] = [];
  #isWanted = false;

  /** @param parts - Names and addresses, and who hands them over. */
  constructor(parts: ExportedSymbolsParts) {
    this.#parts = parts;
  }

  /**
   * Takes note of a function of libc that modules use: names are handed over once somebody could ask for them.
   *
   * @param symbol - Its name.
   */
  used(symbol: string): void {
    if (this.#isWanted || !openers.has(symbol)) return;
    this.#isWanted = true;
    this.add([...this.#parts.modules.values()].filter(({ isLinked }) => isLinked));
  }

  /** Hands over what modules define that were just linked. */
  add(homes: readonly LoadedModule[]): void {
    if (!this.#isWanted) return;
    const added = new Map<string, NamedAddress>();
    for (const { record } of homes)
      for (const { name } of record.definitions) {
        const found = this.#known.has(name) ? undefined : this.#find(name);
        if (found !== undefined) added.set(name, found);
      }
    this.#handOver([...added.values()]);
  }

  /** After definitions have gone: libraries that are opened from now on find what there is. */
  refresh(): void {
    if (!this.#isWanted) return;
    const isStale = [...this.#known].some(([name, at]) => this.#find(name)?.address !== at);
    if (isStale) this.close();
    this.add([...this.#parts.modules.values()].filter(({ isLinked }) => isLinked));
  }

  /** Takes all names back; libraries that have found them keep the addresses. */
  close(): void {
    for (const object of this.#objects.splice(0)) this.#parts.addon.symbolsClose(object);
    this.#known.clear();
  }

  #find(name: string): NamedAddress | undefined {
    if (ofOneFile.test(name)) return undefined;
    const found = this.#parts.symbols.resolve(name);
    if (found === undefined) return undefined;
    const { definition, offset } = found;
    const { kind, binding, slot, placed, size } = definition;
    // What is weak, such as C++'s templates, each library has of its own; those of tierlink must go on with theirs.
    if (binding !== 'strong' && binding !== 'common') return undefined;
    if (kind === 'function' && slot !== undefined)
      return { name, isFunction: true, address: this.#parts.table.stubAddress(slot) + offset, size: 0 };
    if (kind === 'variable' && placed !== undefined)
      return { name, isFunction: false, address: placed.address + offset, size };
    return undefined;
  }

  #handOver(names: readonly NamedAddress[]): void {
    if (names.length === 0) return;
    made += 1;
    try {
      const file = sharedObject(`tierlink.${String(process.pid)}.${String(made)}`, names);
      this.#objects.push(this.#parts.addon.symbolsOpen(file));
      for (const { name, address } of names) this.#known.set(name, address);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const message = `libraries that the program opens don't find its functions and variables: ${reason}`;
      this.#parts.emit('warning', { module: '', message });
    }
  }
}
