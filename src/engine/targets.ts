/** Where symbols lead when an image is linked: stubs and slots, variables, thread-locals, the process. */
import { present } from '../core/assert.js';
import { type Address, address, type SlotIndex } from '../core/ids.js';
import type { LinkContext, SymbolUse, Target } from '../link/context.js';
import type { MemoryBlock } from '../memory/block.js';
import type { SectionMemory } from '../memory/section-memory.js';
import type { NativeAddon } from '../native/contract.js';
import type { Definition } from '../registry/definition.js';
import type { SymbolTable } from '../registry/symbol-table.js';
import type { OffsetTable } from '../../stubs/offset-table.js';
import type { Linkage } from './options.js';
import type { SymbolSearch } from './symbol-search.js';

/** What targets are found in. */
export interface TargetsParts {
  readonly addon: NativeAddon;
  readonly memory: SectionMemory;
  readonly table: OffsetTable;
  readonly symbols: SymbolTable;
  readonly search: SymbolSearch;
  /** What code that is linked already refers to by a name that nothing defines any more. */
  readonly removed: (symbol: string) => Definition | undefined;
}

const counterPrefix = '__tierlink_counter.';

/** Targets of one engine. */
export class Targets {
  readonly #parts: TargetsParts;
  /** Slots and stubs for functions of the process and of libraries, by symbol. */
  readonly #far = new Map<string, SlotIndex>();
  /** First word of the `tls_index` of each module that has thread-locals. */
  readonly #threadLocals = new Map<string, bigint>();
  /** Code addresses that slots are about to be given: of versions that are placed and not published. */
  readonly #coming = new Map<SlotIndex, Address>();
  #dsoHandle: MemoryBlock | undefined;

  /** @param parts - Tables and symbols. */
  constructor(parts: TargetsParts) {
    this.#parts = parts;
  }

  /** Notes the first word of the `tls_index` of a module's thread-locals; undefined forgets it. */
  setThreadLocals(module: string, word: bigint | undefined): void {
    if (word === undefined) this.#threadLocals.delete(module);
    else this.#threadLocals.set(module, word);
  }

  /** The first word of the `tls_index` of a module's thread-locals, if it has any that are linked. */
  threadLocals(module: string): bigint | undefined {
    return this.#threadLocals.get(module);
  }

  /**
   * Notes where a function's code will be once what is being linked is published: direct calls of what is linked
   * together, and of a version to itself, go there.
   */
  expect(slot: SlotIndex, code: Address): void {
    this.#coming.set(slot, code);
  }

  /** Forgets what was expected: it is published, or failed. */
  expectNothing(): void {
    this.#coming.clear();
  }

  /**
   * What the linker is given to link an image of a module.
   *
   * @param module - Name of the module.
   * @param linkage - How its calls reach functions.
   * @returns The context.
   */
  contextFor(module: string, linkage: Linkage): LinkContext {
    const direct = linkage === 'direct';
    return {
      resolve: (symbol, use) => this.#resolve(symbol, use, direct),
      tlsModule: this.#threadLocals.get(module),
      searched: this.#parts.search.searched,
    };
  }

  /**
   * A slot that holds the address of a function of the runtime, the process or a library.
   *
   * @param symbol - Its name.
   * @param code - Its address.
   * @returns The slot.
   * @throws TierlinkError MEMORY_EXHAUSTED
   */
  farSlot(symbol: string, code: bigint): SlotIndex {
    const known = this.#far.get(symbol);
    if (known !== undefined) return known;
    const slot = this.#parts.table.allocate();
    this.#parts.table.publish(slot, address(Number(code)));
    this.#far.set(symbol, slot);
    return slot;
  }

  /** Bytes of data that it holds for modules to refer to. */
  get heldBytes(): number {
    return this.#dsoHandle?.size ?? 0;
  }

  #resolve(symbol: string, use: SymbolUse, direct: boolean): Target | undefined {
    const { symbols, search, table } = this.#parts;
    if (symbol.startsWith(counterPrefix)) {
      const slot = symbols.resolve(symbol.slice(counterPrefix.length))?.definition.slot;
      return { kind: 'data', address: table.counterAddress(present(slot, 'a counted function has a slot')) };
    }
    if (symbol === '__dso_handle') return { kind: 'data', address: this.#dso() };
    const found = search.find(symbol);
    if (found === undefined) {
      const removed = this.#parts.removed(symbol);
      return removed === undefined ? undefined : this.#defined(removed, 0, direct);
    }
    if (found.kind === 'definition') return this.#defined(found.definition, found.offset, direct);
    if (use === 'tls') return this.#farThreadLocal(symbol, found.library);
    const code = address(Number(found.address));
    if (use === 'address') return { kind: 'data', address: code };
    const slot = this.farSlot(symbol, found.address);
    return {
      kind: 'far-function',
      address: code,
      stub: table.stubAddress(slot),
      slot: table.slotAddress(slot),
    };
  }

  #defined(definition: Definition, offset: number, direct: boolean): Target | undefined {
    const { table } = this.#parts;
    if (definition.kind === 'function') {
      const slot = definition.slot;
      if (slot === undefined) return undefined;
      const stub = table.stubAddress(slot);
      if (offset !== 0) return { kind: 'data', address: address(stub + offset) };
      const target = { kind: 'function', stub, slot: table.slotAddress(slot) } as const;
      const code = direct ? (this.#coming.get(slot) ?? table.current(slot)) : 0;
      return code === 0 ? target : { ...target, direct: code };
    }
    if (definition.placed === undefined) return undefined;
    const place = definition.placed.address + offset;
    if (definition.kind === 'variable') return { kind: 'data', address: address(place) };
    const module = present(definition.placed.module, 'a placed thread-local has its module word');
    return { kind: 'tls', module, offset: place };
  }

  #farThreadLocal(symbol: string, library: bigint): Target | undefined {
    const { addon } = this.#parts;
    const index = addon.tlsIndexOf(library, symbol);
    if (index === null) return undefined;
    const fixed = addon.tlsStaticOffsetOf(library, symbol);
    const target = { kind: 'tls', module: index.module, offset: Number(index.offset) } as const;
    return fixed === null ? target : { ...target, staticOffset: Number(fixed) };
  }

  #dso(): Address {
    this.#dsoHandle ??= this.#parts.memory.allocate('data', 8, 8, 'dso handle');
    return this.#dsoHandle.address;
  }
}
