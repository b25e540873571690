/** Turns compiled objects into placed, relocated images: takes memory, links, registers unwind tables. */
import { present } from '../core/assert.js';
import type { CompiledObject } from '../core/compiler.js';
import type { Address } from '../core/ids.js';
import type { TierRecipe } from '../core/tier.js';
import type { Placement } from '../link/context.js';
import { addressOf, blockKinds, type LinkedImage, type PreparedImage } from '../link/image.js';
import { linkImage } from '../link/link.js';
import { NameTable } from '../link/names.js';
import { prepareObject } from '../link/prepare.js';
import type { MemoryBlock } from '../memory/memory-manager.js';
import type { Transaction } from '../memory/transaction.js';
import type { Handle, NativeAddon } from '../native/contract.js';
import type { ModuleRecord, Version } from '../registry/records.js';
import type { Registry } from '../registry/registry.js';
import type { SymbolTable } from '../registry/symbol-table.js';
import type { Targets } from './targets.js';

/** What the linker works with. */
export interface UnitLinkerParts {
  readonly addon: NativeAddon;
  readonly engine: Handle;
  readonly symbols: SymbolTable;
  readonly targets: Targets;
  readonly registry: Registry;
  /** Milliseconds since the engine was created. */
  readonly atMs: () => number;
}

/** An image with the memory it took. */
export interface PlacedImage {
  readonly prepared: PreparedImage;
  readonly placement: Placement;
  readonly blocks: readonly MemoryBlock[];
}

/** Links objects of one engine. */
export class UnitLinker {
  readonly #parts: UnitLinkerParts;
  /** Kept once for all versions: most of them use the same. */
  readonly #names = new NameTable();

  /** @param parts - Tables, memory and symbols. */
  constructor(parts: UnitLinkerParts) {
    this.#parts = parts;
  }

  /**
   * Reads an object that was compiled for a module.
   *
   * @param record - The module.
   * @param object - The ELF object.
   * @param tier - The tier it was compiled at; undefined for data.
   * @returns The prepared image.
   * @throws TierlinkError OBJECT_INVALID, OBJECT_UNSUPPORTED, RELOCATION_UNSUPPORTED
   */
  prepare(record: ModuleRecord, object: Uint8Array, tier?: TierRecipe): PreparedImage {
    const bindLocalCall = (symbol: string): boolean => {
      const definition = this.#parts.symbols.lookup(symbol);
      return definition?.module === record.name && definition.binding === 'strong';
    };
    return prepareObject(object, record.name, {
      names: this.#names,
      ...(tier?.bindLocalCalls === true ? { bindLocalCall } : {}),
    });
  }

  /**
   * Takes memory for an image.
   *
   * @param transaction - What gives it back if something fails later.
   * @param prepared - The image.
   * @returns The image with its blocks.
   * @throws TierlinkError MEMORY_EXHAUSTED
   */
  place(transaction: Transaction, prepared: PreparedImage): PlacedImage {
    const blocks: MemoryBlock[] = [];
    const placement: Record<string, MemoryBlock> = {};
    for (const kind of blockKinds) {
      const { size, alignment } = prepared.blocks[kind];
      if (size === 0) continue;
      const block = transaction.allocate(kind, size, Math.max(alignment, 16), prepared.module);
      blocks.push(block);
      placement[kind] = block;
    }
    return { prepared, placement, blocks };
  }

  /**
   * Makes the variables of a placed image known, so that other images can refer to them.
   *
   * @param transaction - What forgets them if something fails later.
   * @param record - The module.
   * @param placed - Its image.
   */
  locate(transaction: Transaction, record: ModuleRecord, placed: PlacedImage): void {
    const { addon, engine } = this.#parts;
    const { tls, symbols } = placed.prepared;
    if (tls !== undefined) {
      const image = present(placed.placement.readonly, 'thread-locals have an image').address + tls.offset;
      const word = addon.engineTlsRegister(
        engine,
        BigInt(image),
        tls.fileBytes,
        tls.memoryBytes,
        tls.alignment,
      );
      this.#parts.targets.setThreadLocals(record.name, word);
      transaction.onAbort(() => {
        this.#parts.targets.setThreadLocals(record.name, undefined);
      });
    }
    for (const definition of record.definitions) {
      const defined = symbols.get(definition.name);
      if (definition.kind === 'function' || defined === undefined) continue;
      definition.placed = {
        address:
          defined.place === 'tls' || defined.place === 'absolute'
            ? defined.offset
            : present(placed.placement[defined.place], 'a variable lies in a block').address + defined.offset,
      };
      transaction.onAbort(() => {
        definition.placed = undefined;
      });
    }
  }

  /**
   * Relocates a placed image and registers its unwind table. Touches nothing but the image's own memory.
   *
   * @param transaction - What deregisters it if something fails later.
   * @param record - The module.
   * @param placed - The image.
   * @returns The linked image.
   * @throws TierlinkError SYMBOL_UNRESOLVED, RELOCATION_UNSUPPORTED, RELOCATION_OVERFLOW, MEMORY_EXHAUSTED
   */
  link(transaction: Transaction, record: ModuleRecord, placed: PlacedImage): LinkedImage {
    const context = this.#parts.targets.contextFor(record.name);
    const image = linkImage(placed.prepared, placed.placement, context);
    const { frames } = image;
    if (frames !== undefined && frames.size > 0) {
      const table = BigInt(frames.address);
      this.#parts.addon.framesRegister(table);
      transaction.onAbort(() => {
        this.#parts.addon.framesDeregister(table);
      });
    }
    return image;
  }

  /**
   * The version that a linked image is.
   *
   * @param record - The module.
   * @param image - Its linked code.
   * @param placed - The memory it holds.
   * @param made - How it came about.
   * @returns The version, not published yet.
   */
  version(
    record: ModuleRecord,
    image: LinkedImage,
    placed: PlacedImage,
    made: {
      readonly tier: TierRecipe;
      readonly reason: string;
      readonly object: CompiledObject | undefined;
      readonly linkUs: number;
    },
  ): Version {
    const entries = new Map<string, Address>();
    for (const [name, symbol] of image.symbols) {
      const entry = symbol.place === 'code' ? addressOf(image, name) : undefined;
      if (entry !== undefined) entries.set(name, entry);
    }
    return {
      id: this.#parts.registry.nextVersion(),
      unit: record.unit,
      module: record.name,
      tier: made.tier,
      reason: made.reason,
      blocks: placed.blocks,
      codeBytes: placed.prepared.blocks.code.size,
      relocations: { count: image.preserved.count, bytes: image.preserved.bytes },
      compileMs: made.object?.compileMs ?? 0,
      linkUs: made.linkUs,
      atMs: this.#parts.atMs(),
      entries,
      frames: image.frames !== undefined && image.frames.size > 0 ? image.frames.address : undefined,
    };
  }
}
