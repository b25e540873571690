/** Turns compiled objects into placed, relocated images: takes memory, links, registers unwind tables. */
import { present } from '../core/assert.js';
import type { CompiledObject } from '../core/compiler.js';
import { TierlinkError } from '../core/errors.js';
import { type Address, address } from '../core/ids.js';
import type { TierRecipe } from '../core/tier.js';
import type { Placement } from '../link/context.js';
import { type DefinedSymbol, symbolPlace } from '../link/defined-symbols.js';
import { discardRelocations } from '../link/discard.js';
import { blockKinds, type LinkedImage, type PreparedImage } from '../link/image.js';
import { linkImage } from '../link/link.js';
import { NameTable } from '../link/names.js';
import { prepareObject } from '../link/prepare.js';
import { relinkImage } from '../link/relink.js';
import { wantedSymbols } from '../link/wanted.js';
import type { MemoryBlock } from '../memory/block.js';
import type { SectionMemory } from '../memory/section-memory.js';
import type { Transaction } from '../memory/transaction.js';
import type { Handle, NativeAddon } from '../native/contract.js';
import type { Placed } from '../registry/definition.js';
import type { ModuleRecord } from '../registry/records.js';
import type { Registry } from '../registry/registry.js';
import type { SymbolTable } from '../registry/symbol-table.js';
import type { FrameRegistrar } from '../unwind/frame-registrar.js';
import {
  type LinkedVersion,
  type LoadedModule,
  type Loop,
  type Reliance,
  slotsOf,
  type Unit,
} from './loaded-module.js';
import { functionOfEntry, type LoopTable } from './loops.js';
import type { RelocationKeeping } from './options.js';
import type { ProfileCells } from './profile-cells.js';
import type { SymbolChain } from './symbol-chain.js';
import type { Targets } from './targets.js';

/** What the linker works with. */
export interface UnitLinkerParts {
  readonly addon: NativeAddon;
  readonly engine: Handle;
  readonly memory: Pick<SectionMemory, 'finalize'>;
  readonly frames: FrameRegistrar;
  readonly symbols: SymbolTable;
  readonly chain: SymbolChain;
  readonly targets: Targets;
  readonly registry: Registry;
  readonly loops: Pick<LoopTable, 'among'>;
  readonly relocations: RelocationKeeping;
  readonly cells: ProfileCells;
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
      if (definition?.module !== record.name || definition.binding !== 'strong') return false;
      const found = this.#parts.chain.find(symbol, 'code', record.name);
      return found?.kind === 'definition' && found.definition.module === record.name;
    };
    return prepareObject(object, record.name, {
      names: this.#names,
      bindLocalCall: tier?.bindLocalCalls === true ? bindLocalCall : undefined,
      // Ingest moved the variables out of the code, except for those that pin a module.
      constantData: tier !== undefined && record.pinned === '',
    });
  }

  /**
   * Takes memory for an image.
   *
   * @param transaction - What gives it back if something fails later.
   * @param prepared - The image.
   * @returns The image with its blocks.
   * @throws TierlinkError MEMORY_EXHAUSTED, MEMORY_MANAGER_INVALID
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
    const { addon, engine, targets } = this.#parts;
    const { tls, symbols } = placed.prepared;
    // Thread-locals of a module that gets new source stay where each thread has them.
    if (tls !== undefined && targets.threadLocals(record.name) === undefined) {
      const image = present(placed.placement.readonly, 'thread-locals have an image').address + tls.offset;
      const word = addon.engineTlsRegister(
        engine,
        BigInt(image),
        tls.fileBytes,
        tls.memoryBytes,
        tls.alignment,
      );
      targets.setThreadLocals(record.name, word);
      transaction.onAbort(() => {
        targets.setThreadLocals(record.name, undefined);
      });
    }
    for (const definition of record.definitions) {
      // Of a module that gets new source, variables that are kept stay where they are (I1).
      if (definition.kind === 'function' || definition.placed !== undefined) continue;
      const defined = symbols.get(definition.name);
      if (defined === undefined) continue;
      if (definition.binding === 'fallback' && !this.#parts.chain.needs(definition)) continue;
      definition.placed = placeOfVariable(defined, placed.placement, targets.threadLocals(record.name));
      transaction.onAbort(() => {
        definition.placed = undefined;
      });
    }
  }

  /**
   * Notes where a placed version's functions will be, for direct calls of what is linked together with it.
   *
   * @param units - Units whose functions are in it.
   * @param placed - The code: what it defines, and where it will be.
   */
  expect(units: Iterable<Unit>, { symbols, placement }: Pick<LinkedImage, 'symbols' | 'placement'>): void {
    const { code } = placement;
    if (code === undefined) return;
    for (const unit of units) {
      for (const [name, slot] of slotsOf(unit)) {
        const symbol = symbols.get(name);
        if (symbol?.place === 'code') this.#parts.targets.expect(slot, address(code.address + symbol.offset));
      }
    }
  }

  /** Forgets what was expected. */
  expectNothing(): void {
    this.#parts.targets.expectNothing();
  }

  /**
   * Relocates images of a module that were placed. Touches nothing but the images' own memory.
   *
   * @param transaction - What takes back what is made for them if something fails later.
   * @param home - The module.
   * @param placed - Its images: variables, then code, or one of them.
   * @returns The linked images, in this order.
   * @throws TierlinkError SYMBOL_UNRESOLVED, RELOCATION_UNSUPPORTED, RELOCATION_OVERFLOW, MEMORY_EXHAUSTED,
   *   MEMORY_MANAGER_INVALID
   */
  link(transaction: Transaction, home: LoadedModule, ...placed: readonly PlacedImage[]): LinkedImage[] {
    const context = this.#parts.targets.contextFor(transaction, home.record.name, home.linkage);
    const images = placed.map(({ prepared, placement }) => linkImage(prepared, placement, context));
    return this.#parts.relocations === 'preserve' ? images : images.map(discardRelocations);
  }

  /**
   * Links an image again at another place. The image as it was is not touched.
   *
   * @param transaction - What takes back what is made for it if something fails later.
   * @param home - The module.
   * @param image - Its linked code.
   * @param placement - Where it comes to lie.
   * @returns The image at its new place.
   * @throws TierlinkError SYMBOL_UNRESOLVED, RELOCATION_OVERFLOW, MEMORY_MANAGER_INVALID
   */
  relink(
    transaction: Transaction,
    home: LoadedModule,
    image: LinkedImage,
    placement: Placement,
  ): LinkedImage {
    const context = this.#parts.targets.contextFor(transaction, home.record.name, home.linkage);
    return relinkImage(image, placement, context);
  }

  /**
   * Protects images and registers their unwind tables: all images of a transaction at once, when the last of them is
   * written, since a manager protects all that a module has open.
   *
   * @param transaction - What deregisters them if something fails later.
   * @param images - The images, linked.
   * @throws TierlinkError MEMORY_MANAGER_INVALID, OBJECT_UNSUPPORTED
   */
  seal(transaction: Transaction, images: readonly LinkedImage[]): void {
    for (const module of new Set(images.map((image) => image.module))) this.#parts.memory.finalize(module);
    for (const image of images) this.#registerFrames(transaction, image);
  }

  #registerFrames(transaction: Transaction, image: LinkedImage): void {
    const table = framesOf(image);
    const { code } = image.placement;
    if (table === undefined || code === undefined) return;
    this.#register(image.plan.module, table, { start: code.address, size: image.plan.blocks.code.size });
    transaction.onAbort(() => {
      this.#parts.frames.deregister(table.address);
    });
  }

  #register(
    module: string,
    table: FramesRange,
    code: { readonly start: Address; readonly size: number },
  ): void {
    try {
      this.#parts.frames.register(table.address, table.size, code);
    } catch (cause) {
      if (cause instanceof TierlinkError) throw cause;
      const reason = `its unwind table is refused (${cause instanceof Error ? cause.message : String(cause)})`;
      throw new TierlinkError('OBJECT_UNSUPPORTED', { module, reason }, { cause });
    }
  }

  /**
   * The version that a linked image is.
   *
   * @param home - The module.
   * @param image - Its linked code.
   * @param placed - The memory it holds.
   * @param made - How it came about.
   * @returns The version, not published yet.
   */
  version(
    home: LoadedModule,
    image: LinkedImage,
    placed: PlacedImage,
    made: {
      readonly tier: TierRecipe;
      readonly reason: string;
      readonly object: CompiledObject | undefined;
      readonly continues?: Loop | undefined;
      readonly relies: readonly Reliance[];
      readonly linkUs: number;
    },
  ): LinkedVersion {
    return {
      id: this.#parts.registry.nextVersion(),
      home,
      module: home.record.name,
      tier: made.tier,
      reason: made.reason,
      blocks: placed.blocks,
      codeBytes: placed.prepared.blocks.code.size,
      relocations: { count: image.preserved.count, bytes: image.preserved.bytes },
      compileMs: made.object?.compileMs ?? 0,
      linkUs: made.linkUs,
      atMs: this.#parts.atMs(),
      users: new Set(),
      polls: this.#parts.loops.among(home.record, namesWanted(placed.prepared)),
      continues: made.continues,
      linesOf: placed.prepared.hasLines ? made.object?.object : undefined,
      relies: made.relies,
      cells:
        made.tier.profile === 'collect'
          ? this.#parts.cells.of(
              home.record,
              wantedSymbols(placed.prepared).map(({ name }) => name),
            )
          : [],
      ...placeOf(image),
    };
  }

  /**
   * A version at another place.
   *
   * @param version - The version as it is.
   * @param image - Its code, linked there.
   * @param blocks - The memory it holds there.
   * @returns The version, not published there yet.
   */
  versionAt(version: LinkedVersion, image: LinkedImage, blocks: readonly MemoryBlock[]): LinkedVersion {
    return { ...version, blocks, users: new Set(), ...placeOf(image) };
  }
}

function placeOfVariable(
  { place, offset }: DefinedSymbol,
  placement: Placement,
  threadLocals: bigint | undefined,
): Placed {
  if (place === 'absolute') return { address: offset };
  if (place === 'tls')
    return { address: offset, module: present(threadLocals, 'thread-locals are registered') };
  return { address: present(placement[place], 'a variable lies in a block').address + offset };
}

function* namesWanted(prepared: PreparedImage): Iterable<string> {
  for (const { name } of wantedSymbols(prepared)) yield name;
}

/** What a version has by the place of its image. */
function placeOf(image: LinkedImage): Pick<LinkedVersion, 'coldParts' | 'entries' | 'frames' | 'image'> {
  const entries = new Map<string, Address>();
  const { placement, plan, symbols } = image;
  const start = placement.code?.address ?? 0;
  for (let index = 0; index < symbols.size; index += 1) {
    if (symbols.place(index) === symbolPlace.code)
      entries.set(functionOfEntry(symbols.name(index)), address(start + symbols.offset(index)));
  }
  const coldParts = plan.coldParts.length === 0 ? noColdParts : new Map<string, Address>();
  for (const { function: symbol, offset } of plan.coldParts) {
    const name = functionOfEntry(symbol);
    // A section may have been named like one.
    if (entries.has(name)) coldParts.set(name, address(start + offset));
  }
  return { entries, coldParts, frames: framesOf(image)?.address, image };
}

/** Nothing is ever put into it. */
const noColdParts = new Map<string, Address>();

type FramesRange = NonNullable<LinkedImage['frames']>;

/** The unwind table of an image that has code to unwind. */
function framesOf({ frames, placement }: LinkedImage): FramesRange | undefined {
  return placement.code === undefined || frames?.size === 0 ? undefined : frames;
}
