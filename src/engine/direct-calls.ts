/**
 * Direct calls and where they lead (linkage `direct`). A publish first stores the slots, which makes the new version
 * reachable; this then turns the calls of everyone that still holds the old address to the new one, while they run.
 */
import { present } from '../core/assert.js';
import type { Address, SlotIndex } from '../core/ids.js';
import { blockNumber } from '../link/blocks.js';
import { directCallAt, isPatchable } from '../link/fixups-x86-64.js';
import type { LinkedImage } from '../link/image.js';
import { need } from '../link/references.js';
import type { OffsetTable } from '../../stubs/offset-table.js';
import type { SymbolChain } from './symbol-chain.js';

/** An image that calls a function by its code address. */
interface Caller {
  readonly image: LinkedImage;
  /** Number of the function among the image's references. */
  readonly reference: number;
}

/** What direct calls work with. */
export interface DirectCallsParts {
  readonly chain: Pick<SymbolChain, 'find'>;
  readonly table: Pick<OffsetTable, 'current' | 'stubAddress'>;
  /** Stores displacements of calls that may be executing, and returns when every core has seen them. */
  readonly patch: (patches: BigUint64Array) => void;
}

/** The callers of each function that call it by its code address. */
export class DirectCalls {
  readonly #parts: DirectCallsParts;
  readonly #callers = new Map<SlotIndex, Set<Caller>>();
  readonly #byImage = new Map<LinkedImage, { readonly slot: SlotIndex; readonly caller: Caller }[]>();

  /** @param parts - Resolvers, slots and the patcher. */
  constructor(parts: DirectCallsParts) {
    this.#parts = parts;
  }

  /** Notes the direct calls of an image that was linked for this linkage; also of one that is about to retire. */
  add(image: LinkedImage): void {
    const { references } = image.plan.preserved;
    const noted: { readonly slot: SlotIndex; readonly caller: Caller }[] = [];
    for (let reference = 0; reference < references.count; reference += 1) {
      const needs = references.needs(reference);
      if ((needs & need.call) === 0 || (needs & need.local) !== 0) continue;
      const found = this.#parts.chain.find(references.name(reference), 'code', image.plan.module);
      if (found?.kind !== 'definition' || found.offset !== 0) continue;
      const { slot } = found.definition;
      if (slot === undefined) continue;
      const caller = { image, reference };
      const known = this.#callers.get(slot);
      if (known === undefined) this.#callers.set(slot, new Set([caller]));
      else known.add(caller);
      noted.push({ slot, caller });
    }
    this.#byImage.set(image, noted);
  }

  /** Forgets an image whose memory is about to be free. */
  remove(image: LinkedImage): void {
    for (const { slot, caller } of this.#byImage.get(image) ?? []) {
      const callers = present(this.#callers.get(slot), 'a noted caller has its set');
      callers.delete(caller);
      if (callers.size === 0) this.#callers.delete(slot);
    }
    this.#byImage.delete(image);
  }

  /**
   * Turns all direct calls of some functions to the code that their slots hold now. Afterwards no code leads to what
   * the slots held before; threads that are in it stay in it.
   *
   * @param slots - Slots that were just stored.
   * @returns Calls that were patched.
   */
  repoint(slots: Iterable<SlotIndex>): number {
    const { table, patch } = this.#parts;
    const patches: bigint[] = [];
    for (const slot of slots) {
      const callers = this.#callers.get(slot);
      if (callers === undefined) continue;
      const code = table.current(slot);
      const stub = table.stubAddress(slot);
      for (const { image, reference } of callers) this.#collect(image, reference, code, stub, patches);
    }
    if (patches.length > 0) patch(BigUint64Array.from(patches));
    return patches.length / 2;
  }

  #collect(image: LinkedImage, reference: number, code: Address, stub: Address, patches: bigint[]): void {
    const block = image.placement.code;
    if (block === undefined) return;
    image.preserved.forReference(reference, (kind, offset, fixup, addend) => {
      if (kind !== blockNumber.code) return;
      const at = directCallAt(fixup, block.bytes, offset);
      if (at < 0) return;
      const place = block.address + at;
      // Such a call goes to the stub, and was never anything else.
      if (!isPatchable(place)) return;
      const straight = code + addend - place;
      const displacement = straight === (straight | 0) ? straight : stub + addend - place;
      patches.push(BigInt(place), BigInt.asUintN(64, BigInt(displacement)));
    });
  }
}
