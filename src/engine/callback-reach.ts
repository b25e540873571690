/**
 * Which functions may come to callbacks, so to JS in the middle of a call: those that call a function pointer, a function of JS,
 * or one of a library that may do so; and those that call such a function. Read from the canonical IR, of which all versions
 * are made, and only once there are callbacks.
 */
import type { SlotIndex } from '../core/ids.js';
import type { Handle, NativeAddon } from '../native/contract.js';
import type { Definition } from '../registry/definition.js';
import type { ModuleRecord } from '../registry/records.js';
import type { SymbolTable } from '../registry/symbol-table.js';
import { harmlessFunctions } from '../resolve/harmless-functions.js';
import type { HostFunctions } from './host-functions.js';
import type { LoadedModule } from './loaded-module.js';
import type { SymbolChain } from './symbol-chain.js';

/** By name, what a function of a module calls; null: also what no name says. */
type Calls = ReadonlyMap<string, readonly string[] | null>;

/** What reach is found out from. */
export interface CallbackReachParts {
  readonly addon: Pick<NativeAddon, 'functionCalls' | 'engineMayCallBack'>;
  readonly engine: Handle;
  readonly chain: Pick<SymbolChain, 'find'>;
  readonly symbols: Pick<SymbolTable, 'resolve'>;
  readonly hostFunctions: Pick<HostFunctions, 'has'>;
  /** By name. */
  readonly modules: ReadonlyMap<string, LoadedModule>;
  readonly slotAddress: (slot: SlotIndex) => number;
}

/** Says of functions that JS calls whether they may come to callbacks. */
export class CallbackReach {
  readonly #parts: CallbackReachParts;
  /** Functions that JS calls, by name. */
  readonly #watched = new Map<string, Definition>();
  readonly #calls = new WeakMap<ModuleRecord, Calls>();
  #hasCallbacks = false;
  #changes = 0;

  /** @param parts - Modules and symbols. */
  constructor(parts: CallbackReachParts) {
    this.#parts = parts;
  }

  /** There are callbacks from now on. */
  begin(): void {
    if (this.#hasCallbacks) return;
    this.#hasCallbacks = true;
    for (const definition of this.#watched.values()) this.#tell(definition);
  }

  /**
   * JS calls this function from now on.
   *
   * @param definition - Of a linked module.
   */
  watch(definition: Definition): void {
    if (this.#watched.get(definition.name) === definition) return;
    this.#watched.set(definition.name, definition);
    if (this.#hasCallbacks) this.#tell(definition);
  }

  /**
   * Does what changes modules. Meanwhile every function may come to callbacks; who is inside already may come to one by the
   * new code, which says so (CALLBACK_FAILED).
   *
   * @param change - What changes them.
   * @returns What it returns.
   * @throws whatever it throws (as rejections)
   */
  async during<Result>(change: () => Promise<Result>): Promise<Result> {
    this.#changes += 1;
    if (this.#hasCallbacks) for (const definition of this.#watched.values()) this.#set(definition, true);
    try {
      return await change();
    } finally {
      this.#changes -= 1;
      this.#settle();
    }
  }

  /** Functions that are still there are looked at anew; the others are forgotten. */
  #settle(): void {
    for (const name of [...this.#watched.keys()]) {
      const definition = this.#parts.symbols.resolve(name)?.definition;
      if (definition?.slot === undefined) this.#watched.delete(name);
      else this.#watched.set(name, definition);
    }
    if (this.#hasCallbacks) for (const definition of this.#watched.values()) this.#tell(definition);
  }

  #tell(definition: Definition): void {
    if (this.#changes === 0) this.#set(definition, this.#mayReach(definition));
  }

  #set({ slot }: Definition, may: boolean): void {
    const { addon, engine, slotAddress } = this.#parts;
    if (slot !== undefined) addon.engineMayCallBack(engine, BigInt(slotAddress(slot)), may);
  }

  #mayReach(root: Definition): boolean {
    const reached = new Set([root]);
    for (const implied of this.#implied()) {
      if (implied === undefined) return true;
      reached.add(implied);
    }
    // Those that are found on the way are visited, too.
    for (const { name, module } of reached) {
      const callees = this.#callsOf(module)?.get(name);
      if (callees === undefined || callees === null) return true;
      for (const callee of callees) {
        const found = this.#target(callee, module);
        if (found === undefined) return true;
        if (found !== 'harmless') reached.add(found);
      }
    }
    return false;
  }

  /** What the compiler makes calls of by itself, and others than libc define; undefined: JS. */
  *#implied(): Generator<Definition | undefined> {
    const { symbols, hostFunctions } = this.#parts;
    for (const name of harmlessFunctions) {
      if (hostFunctions.has(name)) yield undefined;
      const definition = symbols.resolve(name)?.definition;
      if (definition?.kind === 'function') yield definition;
    }
  }

  /** What a module calls by a name; undefined: nobody knows. */
  #target(name: string, module: string): Definition | 'harmless' | undefined {
    const { chain, hostFunctions } = this.#parts;
    const found = chain.find(name, 'code', module);
    if (found?.kind === 'definition') return found.offset === 0 ? found.definition : undefined;
    const isHarmless = found?.kind === 'address' && harmlessFunctions.has(name) && !hostFunctions.has(name);
    return isHarmless ? 'harmless' : undefined;
  }

  /** Undefined where it can't be read: of ELF objects. */
  #callsOf(module: string): Calls | undefined {
    const record = this.#parts.modules.get(module)?.record;
    if (record?.canonical.kind !== 'ir') return undefined;
    let calls = this.#calls.get(record);
    if (calls === undefined) {
      const read = this.#parts.addon.functionCalls(record.canonical.code);
      calls = new Map('kind' in read ? [] : read.map(({ name, callees }) => [name, callees]));
      this.#calls.set(record, calls);
    }
    return calls;
  }
}
