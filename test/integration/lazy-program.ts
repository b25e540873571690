/** A placed program some of whose functions are not compiled yet, and a hand-made control that compiles them. */
import type { Handle, NativeAddon } from '../../src/native/contract.js';
import { type Address, address, type SlotIndex } from '../../src/core/ids.js';
import { LazyEntries } from '../../stubs/lazy-entries.js';
import { OffsetTable } from '../../stubs/offset-table.js';
import type { TableBlock, TableMemory, TableNeed } from '../../stubs/table-memory.js';
import { type PlacedProgram, regionsOf } from './native-program.js';

/** Where tables begin in the regions of code and data, in bytes; programs are smaller. */
const tablesFrom = { code: 0x80000, data: 0x200000 };
const pageBytes = 4096;

/** A function that is not compiled yet. */
export interface LazyFunction {
  readonly name: string;
  readonly slot: SlotIndex;
  /** Its canonical entry. */
  readonly stub: Address;
  /** Address of its slot. */
  readonly cell: bigint;
}

/** Lazy functions of one engine. */
export class LazyProgram {
  readonly table: OffsetTable;
  readonly entries: LazyEntries;
  /** What was asked for, in order. */
  readonly requests: bigint[] = [];
  readonly #addon: NativeAddon;
  readonly #engine: Handle;
  readonly #program: PlacedProgram;
  readonly #functions = new Map<bigint, LazyFunction>();

  /**
   * @param addon - The addon under test.
   * @param engine - The engine that the program lies in.
   * @param program - The program.
   */
  constructor(addon: NativeAddon, engine: Handle, program: PlacedProgram) {
    this.#addon = addon;
    this.#engine = engine;
    this.#program = program;
    const memory = tableMemory(addon, engine);
    this.table = new OffsetTable(memory);
    const symbol = (name: string): Address => address(Number(addon.engineRuntimeSymbol(engine, name)));
    this.entries = new LazyEntries(memory, {
      handler: symbol('__tierlink_lazy'),
      engine: symbol('__tierlink_engine'),
      slotAddress: (slot) => this.table.slotAddress(slot),
    });
  }

  /**
   * Makes a function lazy.
   *
   * @param name - The program's name for it.
   * @param pointers - Variables of the program that are given its address.
   * @returns The function.
   */
  add(name: string, ...pointers: string[]): LazyFunction {
    const slot = this.table.allocate();
    this.entries.reserve(slot);
    const { table } = this;
    const made = { name, slot, stub: table.stubAddress(slot), cell: BigInt(table.slotAddress(slot)) };
    this.#functions.set(made.cell, made);
    for (const pointer of pointers) this.write(pointer, BigInt(made.stub));
    this.forget(made);
    this.#addon.engineLazySettled(this.#engine, true);
    return made;
  }

  /** Stores a word in a variable of the program. */
  write(variable: string, value: bigint, index = 0): void {
    const { data } = regionsOf(this.#addon, this.#engine);
    const at = Number(this.#program.address(variable) - data.base) + 8 * index;
    new DataView(data.bytes).setBigUint64(at, value, true);
  }

  /** Makes a function one that is not compiled, again. */
  forget({ slot }: LazyFunction): void {
    this.table.publish(slot, this.entries.entry(slot));
  }

  /** Compiles the function of a slot, or all for 0n. */
  compile(cell: bigint): void {
    const chosen = cell === 0n ? [...this.#functions.values()] : [this.of(cell)];
    for (const { name, slot } of chosen)
      this.table.publish(slot, address(Number(this.#program.address(name))));
  }

  /** The function of a slot. */
  of(cell: bigint): LazyFunction {
    const found = this.#functions.get(cell);
    if (found === undefined) throw new Error(`no function has the slot ${String(cell)}`);
    return found;
  }

  /** Tells waiting threads that slots were stored. */
  settled(): void {
    const left = [...this.#functions.values()].some(({ slot }) =>
      this.entries.isEntry(this.table.current(slot)),
    );
    this.#addon.engineLazySettled(this.#engine, left);
  }

  /** Takes what was asked for. */
  take(): bigint[] {
    const taken = [...this.#addon.engineTakeLazyRequests(this.#engine)];
    this.requests.push(...taken);
    return taken;
  }

  /** Answers requests as they come, each as `answer` says: by default it is compiled. */
  serve(
    answer: (cell: bigint) => void = (cell) => {
      this.compile(cell);
    },
  ): void {
    this.#addon.engineOnRequests(this.#engine, () => {
      for (const cell of this.take()) answer(cell);
      this.settled();
    });
  }
}

function tableMemory(addon: NativeAddon, engine: Handle): TableMemory {
  const regions = regionsOf(addon, engine);
  const next = { ...tablesFrom };
  const take = ({ kind, size }: TableNeed): TableBlock => {
    const offset = next[kind];
    next[kind] = Math.ceil((offset + size) / pageBytes) * pageBytes;
    const { base, bytes } = regions[kind];
    return { address: address(Number(base) + offset), bytes: new Uint8Array(bytes, offset, size) };
  };
  return {
    tableChunk: (needs, fill) => {
      const entries = Object.entries<TableNeed>(needs).map(([name, need]) => [name, take(need)] as const);
      // Safe because the keys are those of `needs`.
      const chunk = Object.fromEntries(entries) as unknown as Record<keyof typeof needs, TableBlock>;
      fill(chunk);
      return chunk;
    },
  };
}
