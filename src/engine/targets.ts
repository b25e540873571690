/** Where symbols lead when an image is linked: stubs and slots, variables, thread-locals, the process. */
import { present } from '../core/assert.js';
import { type Address, address, type SlotIndex } from '../core/ids.js';
import type { LinkContext, SymbolUse, Target } from '../link/context.js';
import type { MemoryBlock } from '../memory/block.js';
import type { SectionMemory } from '../memory/section-memory.js';
import type { Transaction } from '../memory/transaction.js';
import { cellsPrefix } from '../profile/cells.js';
import type { Definition } from '../registry/definition.js';
import type { Registry } from '../registry/registry.js';
import type { SymbolTable } from '../registry/symbol-table.js';
import type { OffsetTable } from '../../stubs/offset-table.js';
import { loopCellPrefix, type LoopTable } from './loops.js';
import type { Linkage } from './options.js';
import type { ProfileCells } from './profile-cells.js';
import type { SymbolChain } from './symbol-chain.js';

/** What targets are found in. */
export interface TargetsParts {
  readonly memory: SectionMemory;
  readonly table: OffsetTable;
  readonly symbols: SymbolTable;
  readonly chain: SymbolChain;
  readonly loops: Pick<LoopTable, 'cellOf'>;
  readonly registry: Pick<Registry, 'module'>;
  readonly cells: ProfileCells;
  /** Address that the runtime gives a name, or 0n. */
  readonly runtime: (symbol: string) => bigint;
  /** What code that is linked already refers to by a name that nothing defines any more. */
  readonly removed: (symbol: string) => Definition | undefined;
}

const counterPrefix = '__tierlink_counter.';

/** How the linker's words for a use are put to resolvers. */
const queried = { call: 'code', address: 'data', tls: 'tls' } as const satisfies Readonly<
  Record<SymbolUse, string>
>;

/** Targets of one engine. */
export class Targets {
  readonly #parts: TargetsParts;
  /** Slots and stubs for functions outside of the engine, by address. */
  readonly #far = new Map<Address, SlotIndex>();
  /** First word of the `tls_index` of each module that has thread-locals. */
  readonly #threadLocals = new Map<string, bigint>();
  /** Code addresses that slots are about to be given: of versions that are placed and not published. */
  readonly #coming = new Map<SlotIndex, Address>();
  #dsoHandle: MemoryBlock | undefined;
  #spare: SlotIndex | undefined;

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
   * @param transaction - What gives back the slots that are taken for functions outside of the engine.
   * @param module - Name of the module.
   * @param linkage - How its calls reach functions.
   * @returns The context.
   */
  contextFor(transaction: Transaction, module: string, linkage: Linkage): LinkContext {
    const asking = { transaction, module, direct: linkage === 'direct' };
    return {
      resolve: (symbol, use) => this.#resolve(symbol, use, asking),
      tlsModule: this.#threadLocals.get(module),
      searched: this.#parts.chain.searched,
    };
  }

  /**
   * A slot that holds the address of a function outside of the engine.
   *
   * @param code - Its address.
   * @param transaction - What gives the slot back if something fails later.
   * @returns The slot.
   * @throws TierlinkError MEMORY_EXHAUSTED
   */
  farSlot(code: Address, transaction?: Transaction): SlotIndex {
    const known = this.#far.get(code);
    if (known !== undefined) return known;
    const { table } = this.#parts;
    const slot = table.allocate();
    table.publish(slot, code);
    this.#far.set(code, slot);
    transaction?.onAbort(() => {
      this.#far.delete(code);
      table.release(slot);
    });
    return slot;
  }

  /** Bytes of data that it holds for modules to refer to. */
  get heldBytes(): number {
    return this.#dsoHandle?.size ?? 0;
  }

  #resolve(symbol: string, use: SymbolUse, asking: Asking): Target | undefined {
    const { symbols, chain, table, runtime } = this.#parts;
    if (symbol.startsWith(counterPrefix)) {
      const counted = symbols.resolve(symbol.slice(counterPrefix.length))?.definition;
      const spare = counted?.binding === 'fallback' ? this.#spareSlot() : undefined;
      const slot = present(counted?.slot ?? spare, 'a counted function has a slot');
      return { kind: 'data', address: table.counterAddress(slot) };
    }
    if (symbol.startsWith(loopCellPrefix)) {
      const cell = this.#parts.loops.cellOf(asking.module, symbol, asking.transaction);
      return cell === undefined ? undefined : { kind: 'data', address: cell };
    }
    if (symbol.startsWith(cellsPrefix)) {
      const record = this.#parts.registry.module(asking.module);
      const cells = this.#parts.cells.named(record, symbol, asking.transaction);
      return cells && { kind: 'data', address: cells.block.address };
    }
    if (symbol === '__dso_handle') return { kind: 'data', address: this.#dso() };
    // What compiled code can't do without does not depend on who is in the chain.
    const own = isOwn(symbol) ? runtime(symbol) : 0n;
    if (own !== 0n) return this.#outside(address(Number(own)), use, asking);
    const found = chain.find(symbol, queried[use], asking.module);
    switch (found?.kind) {
      case undefined: {
        const removed = this.#parts.removed(symbol);
        // By its stub: nobody would turn a direct call when the function comes back.
        return removed === undefined ? undefined : this.#defined(removed, 0, false);
      }
      case 'definition':
        return this.#defined(found.definition, found.offset, asking.direct);
      case 'address':
        return this.#outside(found.address, use, asking);
      case 'thread-local': {
        const { module, offset, staticOffset } = found;
        const target = { kind: 'tls', module, offset } as const;
        return staticOffset === undefined ? target : { ...target, staticOffset };
      }
    }
  }

  #outside(place: Address, use: SymbolUse, { transaction }: Asking): Target {
    if (use !== 'call') return { kind: 'data', address: place };
    const { table } = this.#parts;
    const slot = this.farSlot(place, transaction);
    return {
      kind: 'far-function',
      address: place,
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
      const cell = table.slotAddress(slot);
      const code = direct ? (this.#coming.get(slot) ?? table.current(slot)) : 0;
      // Written out: a copy of an object, for each reference of each image, takes longer than all else here.
      if (code === 0) return { kind: 'function', stub, slot: cell };
      return { kind: 'function', stub, slot: cell, direct: code };
    }
    if (definition.placed === undefined) return undefined;
    const place = definition.placed.address + offset;
    if (definition.kind === 'variable') return { kind: 'data', address: address(place) };
    const module = present(definition.placed.module, 'a placed thread-local has its module word');
    return { kind: 'tls', module, offset: place };
  }

  /** Has the counter of all bodies that nothing calls: one that was offered for inlining only, and is not needed. */
  #spareSlot(): SlotIndex {
    this.#spare ??= this.#parts.table.allocate();
    return this.#spare;
  }

  #dso(): Address {
    this.#dsoHandle ??= this.#parts.memory.allocate('data', 8, 8, 'dso handle');
    return this.#dsoHandle.address;
  }
}

/** For whom a symbol is looked up. */
interface Asking {
  readonly transaction: Transaction;
  readonly module: string;
  readonly direct: boolean;
}

/** Names that only the engine itself gives a meaning. */
function isOwn(symbol: string): boolean {
  return symbol.startsWith('__tierlink_') || symbol === '__tls_get_addr';
}
