/**
 * Takes functions out of use whose module is removed, or defines them no more. Their slots are never given to another
 * function: code and pointers that still lead there reach another module's definition of the same name if there is one,
 * else an error (stubs/removed-functions.ts), until a module brings back a function of the same name and type. Those that
 * no other module refers to go on working until the last thread has left the old code, which may call them.
 */
import { type Address, address, type SlotIndex } from '../core/ids.js';
import type { MemoryBlock } from '../memory/block.js';
import type { SectionMemory } from '../memory/section-memory.js';
import { Transaction } from '../memory/transaction.js';
import type { Definition } from '../registry/definition.js';
import type { Registry } from '../registry/registry.js';
import type { SymbolTable } from '../registry/symbol-table.js';
import type { UseIndex } from '../registry/use-index.js';
import type { LazyEntries } from '../../stubs/lazy-entries.js';
import type { OffsetTable, TableRange } from '../../stubs/offset-table.js';
import type { RemovedFunctions } from '../../stubs/removed-functions.js';
import type { DirectCalls } from './direct-calls.js';
import { type LoadedModule, unitOf } from './loaded-module.js';

/** What a withdrawal works with. */
export interface WithdrawalParts {
  readonly memory: SectionMemory;
  readonly table: OffsetTable;
  readonly thunks: RemovedFunctions;
  readonly symbols: SymbolTable;
  readonly registry: Registry;
  readonly uses: UseIndex;
  /** By name. */
  readonly modules: ReadonlyMap<string, LoadedModule>;
  readonly directCalls: DirectCalls;
  readonly lazyEntries: LazyEntries;
}

interface Removed {
  readonly definition: Definition;
  readonly slot: SlotIndex;
}

/** A function without a successor. */
interface Leaving extends Removed {
  /** What a call of it is told. */
  readonly text: string;
}

interface Gone extends Leaving {
  /** Where the text is. */
  readonly at: Address;
  /** The code that its slot leads to. */
  readonly code: Address;
}

type Successor = NonNullable<ReturnType<Withdrawal['successor']>>;

/** Functions that are about to be taken out of use. */
export interface Withdrawn {
  /** Takes out of use those that other modules refer to. Cannot fail. */
  commit(): void;
  /** Takes out of use the others; only after `commit`. Cannot fail. */
  cutOff(): void;
  /** Leaves them as they are. */
  abort(): void;
}

/** Removed functions of one engine. */
export class Withdrawal {
  readonly #parts: WithdrawalParts;
  /** The latest that was removed of each name. */
  readonly #removed = new Map<string, Removed>();
  /** What each slot's thunk says. It stays: a thread may be about to read it, and the function may go again. */
  readonly #texts = new Map<SlotIndex, { readonly text: string; readonly at: Address }>();
  readonly #leftBehind = new Map<string, MemoryBlock[]>();
  /** Variables of modules that were removed while others referred to them: they stay where they are. */
  readonly #variables = new Map<string, Definition>();

  /** @param parts - Tables and memory. */
  constructor(parts: WithdrawalParts) {
    this.#parts = parts;
  }

  /** Where thunks lie. */
  ranges(): TableRange[] {
    return this.#parts.thunks.ranges();
  }

  /** Memory of removed modules that stays, as code of others refers to it, and of texts. */
  get leftBehind(): ReadonlyMap<string, readonly MemoryBlock[]> {
    return this.#leftBehind;
  }

  /** Keeps memory of a module that is removed: for good, as nobody can tell who still refers to it. */
  leave(module: string, blocks: readonly MemoryBlock[]): void {
    if (blocks.length > 0) this.#leftBehind.set(module, [...(this.#leftBehind.get(module) ?? []), ...blocks]);
  }

  /** What code that was linked against a name still refers to, though nothing defines it any more. */
  lookup(name: string): Definition | undefined {
    return this.#removed.get(name)?.definition ?? this.#variables.get(name);
  }

  /** Keeps a variable for code that still refers to it. */
  keepVariable(definition: Definition): void {
    this.#variables.set(definition.name, definition);
  }

  /**
   * Where another module's definition takes over the name of one.
   *
   * @param definition - A function that stands for its name.
   * @returns The other definition, its module, and its code; undefined if there is none.
   */
  successor(
    definition: Definition,
  ):
    | { readonly definition: Definition; readonly home: LoadedModule; readonly code: Address | undefined }
    | undefined {
    const { symbols, modules } = this.#parts;
    if (definition.kind !== 'function') return undefined;
    for (const other of symbols.all(definition.name)) {
      if (other.module === definition.module || other.alias !== undefined) continue;
      const home = modules.get(other.module);
      if (home?.isLinked !== true) continue;
      const code = unitOf(home, other.name).version?.entries.get(definition.name);
      // A function that can be compiled alone was not, as nothing reached it.
      if (code !== undefined || home.unitKind === 'function') return { definition: other, home, code };
    }
    return undefined;
  }

  /**
   * Who would miss a definition.
   *
   * @param definition - Any definition.
   * @returns Names of other linked modules that refer to it; none when it does not stand for its name, or another
   *   definition can take its place.
   */
  usersOf(definition: Definition): string[] {
    const { symbols, uses, modules } = this.#parts;
    const { name, module } = definition;
    if (symbols.lookup(name) !== definition || this.successor(definition) !== undefined) return [];
    // Another module that defines the name as well refers to the one that stands for it, too.
    const rivals = symbols.all(name).map((rival) => rival.module);
    const users = new Set([...uses.usersOf(name), ...rivals]);
    return [...users].filter((user) => user !== module && modules.get(user)?.isLinked === true);
  }

  /**
   * Makes ready to take functions out of use.
   *
   * @param module - Name of the module that defines them.
   * @param functions - Functions that have slots.
   * @param isUsed - Whether another module refers to one.
   * @returns What does it.
   * @throws TierlinkError MEMORY_EXHAUSTED
   */
  prepare(
    module: string,
    functions: readonly Definition[],
    isUsed: (definition: Definition) => boolean,
  ): Withdrawn {
    const { memory, thunks } = this.#parts;
    const leaving: Leaving[] = [];
    const taken: { readonly slot: SlotIndex; readonly by: Successor }[] = [];
    for (const definition of functions) {
      const { name, slot } = definition;
      if (slot === undefined) continue;
      const by = this.successor(definition);
      if (by === undefined) {
        thunks.reserve(slot);
        leaving.push({ definition, slot, text: `${name} of module ${module} was removed` });
      } else taken.push({ slot, by });
    }
    const transaction = new Transaction(memory);
    const written: MemoryBlock[] = [];
    let gone: Gone[];
    try {
      gone = this.#write(transaction, module, leaving, written);
    } catch (error) {
      transaction.abort();
      throw error;
    }
    const { directCalls, registry, table } = this.#parts;
    return {
      commit: () => {
        transaction.commit();
        this.leave(module, written);
        for (const { slot, by } of taken) this.#handOver(slot, by);
        for (const { definition, slot } of gone) {
          registry.disown(slot);
          this.#removed.set(definition.name, { definition, slot });
        }
        const now = gone.filter(({ definition }) => isUsed(definition));
        for (const item of now) this.#end(item);
        directCalls.repoint([...taken, ...now].map(({ slot }) => slot));
      },
      cutOff: () => {
        // One that was brought back leads elsewhere by now.
        const now = gone.filter(({ slot, code }) => table.current(slot) === code);
        for (const item of now) this.#end(item);
        directCalls.repoint(now.map(({ slot }) => slot));
      },
      abort: () => {
        transaction.abort();
      },
    };
  }

  /**
   * The slot of a removed function, for one of the same name and type.
   *
   * @param definition - A function that is about to be linked.
   * @returns The slot, and what makes it removed again; undefined if there is none.
   */
  reconnect(definition: Definition): { readonly slot: SlotIndex; readonly undo: () => void } | undefined {
    const removed = this.#removed.get(definition.name);
    if (removed?.definition.type !== definition.type) return undefined;
    this.#removed.delete(definition.name);
    const undo = (): void => {
      this.#removed.set(definition.name, removed);
    };
    return { slot: removed.slot, undo };
  }

  #handOver(slot: SlotIndex, { definition, home, code }: Successor): void {
    const { registry, table, lazyEntries } = this.#parts;
    definition.slot = slot;
    home.slots = new Map([...home.slots, [definition.name, slot]]);
    registry.own(slot, definition);
    if (code === undefined) lazyEntries.reserve(slot);
    table.publish(slot, code ?? lazyEntries.entry(slot));
  }

  /** Writes the texts that are not there yet. */
  #write(
    transaction: Transaction,
    module: string,
    leaving: readonly Leaving[],
    written: MemoryBlock[],
  ): Gone[] {
    const { table } = this.#parts;
    const isWritten = ({ slot, text }: Leaving): boolean => this.#texts.get(slot)?.text === text;
    const bytes = Buffer.from(leaving.map((item) => (isWritten(item) ? '' : `${item.text}\0`)).join(''));
    const block = bytes.length === 0 ? undefined : transaction.allocate('readonly', bytes.length, 16, module);
    if (block !== undefined) {
      block.bytes.set(bytes);
      this.#parts.memory.finalize(module);
      written.push(block);
    }
    let next = block?.address ?? 0;
    return leaving.map((item) => {
      const known = isWritten(item) ? this.#texts.get(item.slot)?.at : undefined;
      const at = known ?? address(next);
      if (known === undefined) next += Buffer.byteLength(item.text) + 1;
      return { ...item, at, code: table.current(item.slot) };
    });
  }

  #end({ slot, text, at }: Gone): void {
    const { table, thunks } = this.#parts;
    this.#texts.set(slot, { text, at });
    table.publish(slot, thunks.tell(slot, at));
  }
}
