/** Pass 2: where each section lies in its block, and how much memory the blocks need. */
import type { ElfSection } from '../elf/sections.js';
import { symbolSection } from '../elf/symbols.js';
import { type BlockKind, blockNumber } from './blocks.js';
import type { SectionGraph, SectionRole } from './graph.js';
import type { BlockRange, TlsTemplate } from './image.js';
import { destructorOrder, initialOrder } from './initializers.js';

/** Largest block, in bytes: fields of 4 bytes must reach through it. */
const largestBlock = 0x7fff_0000;

/** The zero word that ends an unwind table. */
const terminatorBytes = 4;

/** Where everything lies. */
export interface Layout {
  /** Number of the block of each section (see `blockNumber`); 0 when it is in none. */
  readonly blockOf: Uint8Array;
  /** Offset of each section in its block, in bytes. */
  readonly offsets: Float64Array;
  /** Offset of each thread-local section in the thread's block. */
  readonly threadOffsets: Float64Array;
  /** Offset of each common symbol in the data block, by symbol index. */
  readonly commons: ReadonlyMap<number, number>;
  readonly sizes: Record<BlockKind, number>;
  readonly alignments: Record<BlockKind, number>;
  /** Bytes of the data block that the object initialises; the rest is zero. */
  readonly initialisedData: number;
  readonly frames: BlockRange | undefined;
  readonly tls: TlsTemplate | undefined;
}

/**
 * Lays out the sections.
 *
 * @param graph - The sections by role.
 * @returns Their places. The readonly block can still grow at its end, by the image's cells.
 * @throws TierlinkError OBJECT_INVALID, OBJECT_UNSUPPORTED
 */
export function layOut(graph: SectionGraph): Layout {
  const plan = new Plan(graph);
  plan.add('code', graph.byRole.code);
  plan.add('readonly', graph.byRole.readonly);
  const frames = plan.addFrames(graph.byRole.frames);
  plan.add('readonly', initialOrder(graph.byRole.constructors));
  plan.add('readonly', destructorOrder(graph.byRole.destructors));
  const tls = plan.addThreadLocals(graph.byRole.threadImage, graph.byRole.threadZero);
  plan.add('data', graph.byRole.data);
  const initialisedData = plan.sizes.data;
  plan.add('data', graph.byRole.zero);
  plan.addCommons();
  plan.check();
  const { blockOf, offsets, threadOffsets, commons, sizes, alignments } = plan;
  return {
    blockOf,
    offsets,
    threadOffsets,
    commons,
    sizes,
    alignments,
    initialisedData: Math.min(initialisedData, sizes.data),
    frames,
    tls,
  };
}

/**
 * Rounds up to an alignment.
 *
 * @param offset - Bytes.
 * @param alignment - A power of two.
 * @returns The next multiple.
 */
export function alignUp(offset: number, alignment: number): number {
  // Not with bit operations: they would wrap above 2 GiB before the check for that.
  return Math.ceil(offset / alignment) * alignment;
}

class Plan {
  readonly blockOf: Uint8Array;
  readonly offsets: Float64Array;
  readonly threadOffsets: Float64Array;
  readonly commons = new Map<number, number>();
  readonly sizes: Record<BlockKind, number> = { code: 0, readonly: 0, data: 0 };
  readonly alignments: Record<BlockKind, number> = { code: 1, readonly: 1, data: 1 };
  readonly #graph: SectionGraph;

  constructor(graph: SectionGraph) {
    const count = graph.object.sections.length;
    this.#graph = graph;
    this.blockOf = new Uint8Array(count);
    this.offsets = new Float64Array(count);
    this.threadOffsets = new Float64Array(count);
  }

  add(block: BlockKind, sections: readonly ElfSection[]): void {
    for (const section of sections) {
      this.blockOf[section.index] = blockNumber[block];
      this.offsets[section.index] = this.#take(block, section.size, section.alignment);
    }
  }

  /** Unwind tables follow each other without a gap, since a gap of zeros would read as their end. */
  addFrames(sections: readonly ElfSection[]): BlockRange | undefined {
    const [first] = sections;
    if (first === undefined) return undefined;
    const offset = this.#take('readonly', 0, Math.max(8, first.alignment));
    for (const section of sections) {
      if (section.size % 4 !== 0) {
        throw this.#graph.object.reader.damaged(`the size of ${section.name} is not a multiple of 4`);
      }
      this.blockOf[section.index] = blockNumber.readonly;
      this.offsets[section.index] = this.#take('readonly', section.size, 1);
    }
    const size = this.sizes.readonly - offset;
    this.#take('readonly', terminatorBytes, 1);
    return { offset, size };
  }

  /** The initial image lies in the readonly block just as it will lie in each thread's block. */
  addThreadLocals(image: readonly ElfSection[], zero: readonly ElfSection[]): TlsTemplate | undefined {
    if (image.length + zero.length === 0) return undefined;
    let size = 0;
    let alignment = 1;
    let fileBytes = 0;
    for (const section of [...image, ...zero]) {
      size = alignUp(size, section.alignment);
      this.threadOffsets[section.index] = size;
      size += section.size;
      alignment = Math.max(alignment, section.alignment);
      if (image.includes(section)) fileBytes = size;
    }
    const offset = this.#take('readonly', fileBytes, alignment);
    for (const section of image) {
      this.blockOf[section.index] = blockNumber.readonly;
      this.offsets[section.index] = offset + (this.threadOffsets[section.index] ?? 0);
    }
    if (size > largestBlock) {
      throw this.#graph.object.reader.unsupported('its thread-locals are larger than 2 GiB');
    }
    // Threads copy from an address even when there is nothing to copy.
    if (this.sizes.readonly === 0) this.sizes.readonly = 1;
    return { offset, fileBytes, memoryBytes: size, alignment };
  }

  addCommons(): void {
    const { symbols } = this.#graph.object;
    for (let symbol = symbols.firstGlobal; symbol < symbols.count; symbol += 1) {
      if (symbols.sections[symbol] !== symbolSection.common) continue;
      const offset = this.#take('data', symbols.sizes[symbol] ?? 0, symbols.values[symbol] ?? 1);
      this.commons.set(symbol, offset);
    }
  }

  check(): void {
    for (const [block, size] of Object.entries(this.sizes)) {
      if (size > largestBlock) {
        throw this.#graph.object.reader.unsupported(
          `its ${block} needs ${String(size)} bytes, more than 2 GiB`,
        );
      }
    }
    // An empty section may still carry a symbol (a function without instructions): give it an address.
    this.#ensure('code', ['code']);
    this.#ensure('readonly', ['readonly', 'constructors', 'destructors', 'threadImage']);
    this.#ensure('data', ['data', 'zero']);
  }

  #ensure(block: BlockKind, roles: readonly SectionRole[]): void {
    if (this.sizes[block] > 0) return;
    const { symbols } = this.#graph.object;
    // Section symbols of empty sections are in every object, but are local and nothing refers to them.
    for (let symbol = symbols.firstGlobal; symbol < symbols.count; symbol += 1) {
      const role = this.#graph.roles[symbols.sections[symbol] ?? 0];
      if (role !== undefined && roles.includes(role)) this.sizes[block] = 1;
    }
  }

  #take(block: BlockKind, size: number, alignment: number): number {
    const offset = alignUp(this.sizes[block], alignment);
    this.sizes[block] = offset + size;
    this.alignments[block] = Math.max(this.alignments[block], alignment);
    return offset;
  }
}
