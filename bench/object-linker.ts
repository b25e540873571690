/** Links objects with each other by src/link alone, as the engine does it, but into memory that nothing executes. */
import { type Address, address } from '../src/core/ids.js';
import { readObject } from '../src/elf/object.js';
import type { LinkContext, PlacedBlock, Placement, Target } from '../src/link/context.js';
import { symbolPlace } from '../src/link/defined-symbols.js';
import { blockKinds, type LinkedImage, type PreparedImage } from '../src/link/image.js';
import { linkImage, type LinkOptions } from '../src/link/link.js';
import { NameTable } from '../src/link/names.js';
import { prepareObject } from '../src/link/prepare.js';
import type { ObjectFile } from './compiled-modules.js';

const arenaAddress = 0x1000_0000_0000;
const tableAddress = 0x1000_4000_0000;
const processAddress = 0x7fff_0000_0000;
const slotBytes = 8;
const blockAlignment = 16;

/** Memory, taken from its start to its end; all of it lies near the table of stubs and slots. */
export class Arena {
  readonly bytes: Uint8Array;
  #used = 0;

  /** @param size - Bytes. */
  constructor(size: number) {
    // Shared: like the memory of an engine, it is not on the account by which V8 decides when to collect garbage.
    this.bytes = new Uint8Array(new SharedArrayBuffer(size));
  }

  /** Gives everything back. */
  reset(): void {
    this.#used = 0;
  }

  /**
   * Places an image.
   *
   * @param image - The image.
   * @returns A block of each kind that it needs.
   */
  place(image: PreparedImage): Placement {
    const placement: Record<string, PlacedBlock> = {};
    for (const kind of blockKinds) {
      const { size, alignment } = image.blocks[kind];
      if (size === 0) continue;
      const unit = Math.max(alignment, blockAlignment);
      const start = Math.ceil(this.#used / unit) * unit;
      this.#used = start + size;
      if (this.#used > this.bytes.length) throw new Error('the arena is too small');
      placement[kind] = {
        address: address(arenaAddress + start),
        bytes: this.bytes.subarray(start, this.#used),
      };
    }
    return placement;
  }
}

/** Symbols of all objects, and those of the process: functions have a stub and a slot, as in the engine. */
class Symbols implements LinkContext {
  readonly searched: readonly string[] = ['the objects'];
  readonly #targets = new Map<string, Target>();

  define(image: PreparedImage, placement: Placement): void {
    const { symbols } = image;
    for (let index = 0; index < symbols.size; index += 1) {
      const place = symbols.place(index);
      if (place === symbolPlace.code) {
        this.#targets.set(symbols.name(index), {
          kind: 'function',
          stub: this.#nextStub(),
          slot: this.#nextSlot(),
        });
      } else if (place === symbolPlace.readonly || place === symbolPlace.data) {
        const block = place === symbolPlace.data ? placement.data : placement.readonly;
        const target = address((block?.address ?? 0) + symbols.offset(index));
        this.#targets.set(symbols.name(index), { kind: 'data', address: target });
      }
    }
  }

  resolve(symbol: string, use: string): Target {
    const known = this.#targets.get(symbol);
    if (known !== undefined) return known;
    const far = address(processAddress + this.#targets.size * slotBytes);
    const target: Target =
      use === 'call'
        ? { kind: 'far-function', address: far, stub: this.#nextStub(), slot: this.#nextSlot() }
        : { kind: 'data', address: far };
    this.#targets.set(symbol, target);
    return target;
  }

  #nextStub(): Address {
    return address(tableAddress + this.#targets.size * slotBytes * 2);
  }

  #nextSlot(): Address {
    return address(this.#nextStub() + slotBytes);
  }
}

/**
 * Reads, places and links objects that refer to each other.
 *
 * @param objects - The objects.
 * @param arena - Where they come to lie.
 * @param names - Shared by all of them, as in an engine.
 * @param options - Whether relocations are preserved.
 * @returns The linked images.
 */
export function linkObjects(
  objects: readonly ObjectFile[],
  arena: Arena,
  names: NameTable = new NameTable(),
  options: LinkOptions = {},
): LinkedImage[] {
  const symbols = new Symbols();
  const placed = objects.map(({ bytes, name }) => {
    const image = prepareObject(bytes, name, { names, bindLocalCall: () => true });
    const placement = arena.place(image);
    symbols.define(image, placement);
    return { image, placement };
  });
  return placed.map(({ image, placement }) => linkImage(image, placement, symbols, options));
}

/**
 * Counts relocations as they stand in a file.
 *
 * @param object - The object.
 * @returns Entries of all its RELA sections.
 */
export function relocationsIn({ bytes, name }: ObjectFile): number {
  const { sections } = readObject(bytes, name);
  return sections.relocations.reduce((sum, one) => sum + sections.size(one) / sections.entryBytes(one), 0);
}
