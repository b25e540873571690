/**
 * The offset table: one slot (8-byte code address), one stub (`jmp *[slot]`) and one entry counter for each
 * function, found by one index. It grows by chunks that never move, so addresses are stable (I1).
 */
import { assert, present } from '../src/core/assert.js';
import { type Address, address, type SlotIndex, slotIndex } from '../src/core/ids.js';
import { RangeTree } from '../src/core/range-tree.js';
import { stubBytes, writeStub } from './encoder-x86-64.js';
import type { TableBlock, TableMemory } from './table-memory.js';

const slotBytes = 8;
const counterBytes = 8;
/** What a counter holds before it is armed: more calls than are made by then. */
export const unarmedCount: number = 2 ** 30;
const chunkSlots = 512;

/** Memory of one kind of table. */
export interface TableRange {
  readonly kind: 'slots' | 'stubs' | 'counters' | 'loops';
  readonly start: Address;
  /** Bytes. */
  readonly size: number;
}

interface Chunk {
  readonly slots: Address;
  readonly stubs: Address;
  readonly counters: Address;
  readonly slotCells: BigInt64Array;
  readonly counterCells: Int32Array;
}

/** Slots, stubs and counters of one engine. */
export class OffsetTable {
  readonly #memory: TableMemory;
  readonly #chunks: Chunk[] = [];
  /** Which chunk, by number, the stubs, the counters and the slots at an address belong to. */
  readonly #stubsAt = new RangeTree<number>();
  readonly #countersAt = new RangeTree<number>();
  readonly #slotsAt = new RangeTree<number>();
  readonly #free: SlotIndex[] = [];
  #next = 0;

  /** @param memory - Where chunks come from. */
  constructor(memory: TableMemory) {
    this.#memory = memory;
  }

  /**
   * Takes a slot with its stub and counter; the slot holds 0 until published, and the counter asks for nothing
   * until it is armed: whoever waits for a version calls it as soon as it is published.
   *
   * @returns The index.
   * @throws TierlinkError MEMORY_EXHAUSTED, MEMORY_MANAGER_INVALID
   */
  allocate(): SlotIndex {
    const reused = this.#free.pop();
    if (reused !== undefined) return reused;
    if (this.#next === this.#chunks.length * chunkSlots) this.#grow();
    const index = slotIndex(this.#next);
    this.#next += 1;
    this.arm(index, unarmedCount);
    return index;
  }

  /** Gives a slot back; only for one that nothing refers to (a link that was rolled back). */
  release(index: SlotIndex): void {
    this.publish(index, address(0));
    this.arm(index, unarmedCount);
    this.#free.push(index);
  }

  /** Address of the slot. */
  slotAddress(index: SlotIndex): Address {
    return address(this.#chunk(index).slots + (index % chunkSlots) * slotBytes);
  }

  /** Address of the stub: the function's canonical entry (I1). */
  stubAddress(index: SlotIndex): Address {
    return address(this.#chunk(index).stubs + (index % chunkSlots) * stubBytes);
  }

  /** Address of the entry counter. */
  counterAddress(index: SlotIndex): Address {
    return address(this.#chunk(index).counters + (index % chunkSlots) * counterBytes);
  }

  /**
   * Publishes: one aligned 8-byte atomic store, the only step that running code can see (I4).
   *
   * @param index - The slot.
   * @param code - Address of the function in its new version.
   */
  publish(index: SlotIndex, code: Address): void {
    Atomics.store(this.#chunk(index).slotCells, index % chunkSlots, BigInt(code));
  }

  /** The code address that the slot holds now. */
  current(index: SlotIndex): Address {
    return address(Number(Atomics.load(this.#chunk(index).slotCells, index % chunkSlots)));
  }

  /** Sets the entry counter to ask for a tier after this many calls, 1 to 2^30. */
  arm(index: SlotIndex, calls: number): void {
    this.#chunk(index).counterCells[(index % chunkSlots) * 2] = calls;
  }

  /** Calls left before the counter asks. */
  remaining(index: SlotIndex): number {
    return present(this.#chunk(index).counterCells[(index % chunkSlots) * 2], 'a counter has a cell');
  }

  /** The slot whose counter lies at this address, or undefined. */
  indexOfCounter(counter: Address): SlotIndex | undefined {
    return indexIn(this.#countersAt, counter, counterBytes);
  }

  /** The index of the slot at this address, or undefined. */
  indexOfSlot(slot: Address): SlotIndex | undefined {
    return indexIn(this.#slotsAt, slot, slotBytes);
  }

  /** The index of the stub at this address, or undefined. */
  indexOfStub(stub: Address): SlotIndex | undefined {
    return indexIn(this.#stubsAt, stub, stubBytes);
  }

  /** True if the address lies in a stub. */
  isStub(code: Address): boolean {
    return code < (this.#stubsAt.floor(code)?.end ?? 0);
  }

  /** Where the tables lie. */
  ranges(): TableRange[] {
    return this.#chunks.flatMap(({ slots, stubs, counters }) => [
      { kind: 'slots', start: slots, size: chunkSlots * slotBytes },
      { kind: 'stubs', start: stubs, size: chunkSlots * stubBytes },
      { kind: 'counters', start: counters, size: chunkSlots * counterBytes },
    ]);
  }

  #chunk(index: SlotIndex): Chunk {
    return present(this.#chunks[Math.floor(index / chunkSlots)], 'a slot lies in a chunk');
  }

  #grow(): void {
    const needs = {
      slots: { kind: 'data', size: chunkSlots * slotBytes },
      counters: { kind: 'data', size: chunkSlots * counterBytes },
      stubs: { kind: 'code', size: chunkSlots * stubBytes },
    } as const;
    const { slots, counters, stubs } = this.#memory.tableChunk<keyof typeof needs>(needs, writeStubs);
    assert(slots.bytes.byteOffset % slotBytes === 0, 'slots are aligned, so that a store is one access');
    const number = this.#chunks.length;
    this.#stubsAt.add(stubs.address, stubs.address + chunkSlots * stubBytes, number);
    this.#slotsAt.add(slots.address, slots.address + chunkSlots * slotBytes, number);
    this.#countersAt.add(counters.address, counters.address + chunkSlots * counterBytes, number);
    this.#chunks.push({
      slots: slots.address,
      stubs: stubs.address,
      counters: counters.address,
      slotCells: new BigInt64Array(slots.bytes.buffer, slots.bytes.byteOffset, chunkSlots),
      counterCells: new Int32Array(counters.bytes.buffer, counters.bytes.byteOffset, chunkSlots * 2),
    });
  }
}

function indexIn(chunks: RangeTree<number>, cell: Address, bytes: number): SlotIndex | undefined {
  const range = chunks.floor(cell);
  if (range === undefined || cell >= range.end) return undefined;
  return slotIndex(range.value * chunkSlots + Math.floor((cell - range.start) / bytes));
}

function writeStubs({ slots, stubs }: Readonly<Record<'slots' | 'stubs', TableBlock>>): void {
  for (let i = 0; i < chunkSlots; i += 1) {
    writeStub(
      stubs.bytes,
      i * stubBytes,
      address(stubs.address + i * stubBytes),
      address(slots.address + i * slotBytes),
    );
  }
}
