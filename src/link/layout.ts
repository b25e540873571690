/** Pass 2: where each section lies in its block, and how much memory the blocks need. */
import { sectionWord, sectionWords } from '../elf/sections.js';
import { symbolSection } from '../elf/symbols.js';
import { type BlockKind, blockKinds } from './blocks.js';
import { role, type SectionGraph } from './graph.js';
import type { BlockRange, TlsTemplate } from './image.js';
import { orderConstructors, orderDestructors } from './initializers.js';

/** Largest block, in bytes: fields of 4 bytes must reach through it. */
const largestBlock = 0x7fff_0000;

/** The zero word that ends an unwind table. */
const terminatorBytes = 4;

const noSections = new Int32Array(0);
const noCommons: ReadonlyMap<number, number> = new Map<number, number>();

/** Where everything lies. */
export interface Layout {
  /** Offset of each section in its block, in bytes; in the thread's block for `threadZero`. */
  readonly offsets: Int32Array;
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
 * @param graph - The sections by role; those of constructors are put in the order in which they run.
 * @returns Their places. The readonly block can still grow at its end, by the image's cells.
 * @throws TierlinkError OBJECT_INVALID, OBJECT_UNSUPPORTED
 */
export function layOut(graph: SectionGraph): Layout {
  const { sections, symbols } = graph.object;
  const plan = new Plan(graph);
  plan.add('code', role.code, 0);
  plan.add('code', role.cold, 0);
  plan.add('readonly', role.readonly, 0);
  const frames = plan.addFrames();
  const constructors = sectionsOf(graph, role.constructors);
  if (constructors.length > 1) orderConstructors(sections, constructors);
  plan.add('readonly', role.constructors, 0);
  const destructors = sectionsOf(graph, role.destructors);
  if (destructors.length > 1) orderDestructors(sections, destructors);
  plan.add('readonly', role.destructors, 0);
  const tls = plan.addThreadLocals();
  plan.add('data', role.data, 0);
  const initialisedData = plan.sizes.data;
  plan.add('data', role.zero, 0);
  if (symbols.hasCommon) plan.addCommons();
  plan.ensureAll();
  const { alignments, commons, offsets, sizes } = plan;
  return {
    offsets,
    commons,
    sizes,
    alignments,
    initialisedData: Math.min(initialisedData, sizes.data),
    frames,
    tls,
  };
}

/**
 * The sections of a role.
 *
 * @param graph - All sections.
 * @param one - A value of `role`, less than `dropped`.
 * @returns Their indices; a view of the graph's order.
 */
export function sectionsOf(graph: SectionGraph, one: number): Int32Array {
  const { order, starts } = graph;
  const start = starts[one];
  const end = starts[one + 1];
  // Most roles have none, and a view takes longer than all else.
  return start === end ? noSections : order.subarray(start, end);
}

/**
 * Where a section of thread-locals lies.
 *
 * @param graph - The sections by role.
 * @param layout - Their places.
 * @param section - The section.
 * @returns Bytes from the start of a thread's block.
 */
export function threadOffset(graph: SectionGraph, layout: Layout, section: number): number {
  const offset = layout.offsets[section] ?? 0;
  return graph.roles[section] === role.threadImage ? offset - (layout.tls?.offset ?? 0) : offset;
}

/**
 * Rounds up to an alignment.
 *
 * @param offset - Bytes, less than 2 GiB.
 * @param alignment - A power of two.
 * @returns The next multiple; less than 0 when it is not below 2 GiB.
 */
export function alignUp(offset: number, alignment: number): number {
  return (offset + alignment - 1) & -alignment;
}

class Plan {
  readonly offsets: Int32Array;
  commons: ReadonlyMap<number, number> = noCommons;
  readonly sizes: Record<BlockKind, number> = { code: 0, readonly: 0, data: 0 };
  readonly alignments: Record<BlockKind, number> = { code: 1, readonly: 1, data: 1 };
  readonly #graph: SectionGraph;

  constructor(graph: SectionGraph) {
    this.#graph = graph;
    this.offsets = new Int32Array(graph.object.sections.count);
  }

  /** Places all sections of a role; with an alignment given, that stands for their own ones. */
  add(block: BlockKind, one: number, given: number): void {
    const { object, order, starts } = this.#graph;
    const { first, words } = object.sections;
    const { offsets } = this;
    const end = starts[one + 1] ?? 0;
    let size = this.sizes[block];
    let largest = this.alignments[block];
    for (let index = starts[one] ?? 0; index < end; index += 1) {
      const section = order[index] ?? 0;
      const header = first + section * sectionWords;
      const alignment = given === 0 ? (words[header + sectionWord.alignment] ?? 0) || 1 : given;
      const offset = (size + alignment - 1) & -alignment;
      offsets[section] = offset;
      size = offset + (words[header + sectionWord.size] ?? 0);
      if (alignment > largest) largest = alignment;
      // At once: beyond 2 GiB the numbers would wrap.
      if (offset < 0 || size > largestBlock) throw this.#tooLarge(block);
    }
    this.sizes[block] = size;
    this.alignments[block] = largest;
  }

  /** Unwind tables follow each other without a gap, since a gap of zeros would read as their end. */
  addFrames(): BlockRange | undefined {
    const { sections, reader } = this.#graph.object;
    const tables = sectionsOf(this.#graph, role.frames);
    const [first] = tables;
    if (first === undefined) return undefined;
    for (const section of tables) {
      if (sections.size(section) % 4 === 0) continue;
      throw reader.damaged(`the size of ${sections.name(section)} is not a multiple of 4`);
    }
    const offset = this.#take('readonly', 0, Math.max(8, sections.alignment(first)));
    this.add('readonly', role.frames, 1);
    const size = this.sizes.readonly - offset;
    this.#take('readonly', terminatorBytes, 1);
    return { offset, size };
  }

  /** The initial image lies in the readonly block just as it will lie in each thread's block. */
  addThreadLocals(): TlsTemplate | undefined {
    const { sections, reader } = this.#graph.object;
    const image = sectionsOf(this.#graph, role.threadImage);
    const zero = sectionsOf(this.#graph, role.threadZero);
    if (image.length + zero.length === 0) return undefined;
    let size = 0;
    let alignment = 1;
    let fileBytes = 0;
    for (const section of [...image, ...zero]) {
      const own = sections.alignment(section);
      size = alignUp(size, own);
      this.offsets[section] = size;
      if (size >= 0) size += sections.size(section);
      alignment = Math.max(alignment, own);
      if (this.#graph.roles[section] === role.threadImage) fileBytes = size;
      if (size < 0 || size > largestBlock)
        throw reader.unsupported('its thread-locals are larger than 2 GiB');
    }
    const offset = this.#take('readonly', fileBytes, alignment);
    for (const section of image) this.offsets[section] = offset + (this.offsets[section] ?? 0);
    // Threads copy from an address even when there is nothing to copy.
    if (this.sizes.readonly === 0) this.sizes.readonly = 1;
    return { offset, fileBytes, memoryBytes: size, alignment };
  }

  addCommons(): void {
    const { symbols } = this.#graph.object;
    const commons = new Map<number, number>();
    this.commons = commons;
    for (let symbol = symbols.firstGlobal; symbol < symbols.count; symbol += 1) {
      if (symbols.section(symbol) !== symbolSection.common) continue;
      commons.set(symbol, this.#take('data', symbols.size(symbol), symbols.value(symbol)));
    }
  }

  /** An empty section may still carry a symbol (a function without instructions): give it an address. */
  ensureAll(): void {
    for (const block of blockKinds) {
      if (this.sizes[block] === 0 && this.#carriesSymbol(firstRole[block], lastRole[block]))
        this.sizes[block] = 1;
    }
  }

  #carriesSymbol(from: number, to: number): boolean {
    const { object, roles, starts } = this.#graph;
    if (starts[from] === starts[to + 1]) return false;
    const { symbols } = object;
    // Section symbols of empty sections are in every object, but are local and nothing refers to them.
    for (let symbol = symbols.firstGlobal; symbol < symbols.count; symbol += 1) {
      const section = symbols.section(symbol);
      const found = section > 0 ? (roles[section] ?? role.dropped) : role.dropped;
      if (found >= from && found <= to) return true;
    }
    return false;
  }

  #take(block: BlockKind, size: number, alignment: number): number {
    const offset = alignUp(this.sizes[block], alignment);
    if (offset < 0 || offset + size > largestBlock) throw this.#tooLarge(block);
    this.sizes[block] = offset + size;
    this.alignments[block] = Math.max(this.alignments[block], alignment);
    return offset;
  }

  #tooLarge(block: BlockKind): Error {
    return this.#graph.object.reader.unsupported(`its ${block} needs more than 2 GiB`);
  }
}

/** The roles that lie in a block. */
const firstRole: Readonly<Record<BlockKind, number>> = {
  code: role.code,
  readonly: role.readonly,
  data: role.data,
};
const lastRole: Readonly<Record<BlockKind, number>> = {
  code: role.cold,
  readonly: role.threadImage,
  data: role.zero,
};
