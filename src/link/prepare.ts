/** From an object's bytes to a prepared image: everything that can be done before there is an address. */
import { readObject } from '../elf/object.js';
import { type BlockKind, blockKinds, blockNumber } from './blocks.js';
import type { PrepareOptions } from './context.js';
import { definedSymbols } from './definitions.js';
import { buildGraph, type SectionGraph } from './graph.js';
import type { PreparedImage } from './image.js';
import { destructorOrder, initialOrder, initializerCells } from './initializers.js';
import { alignUp, type Layout, layOut } from './layout.js';
import { NameTable } from './names.js';
import { ReferenceBuilder } from './reference-builder.js';
import { scanRelocations } from './scan.js';
import { SymbolNames } from './symbol-names.js';

/** Fills what lies between functions: executing it traps (int3). */
const codeFill = 0xcc;

/** Gaps between sections up to this size, in bytes, are copied with them and then filled. */
const longestGap = 64;

/** Alignment of the image's cells, in bytes. */
const cellAlignment = 16;

/**
 * Reads an object and prepares it for linking.
 *
 * @param bytes - An ELF64 relocatable object; not kept.
 * @param module - Module name, for messages.
 * @param options - Which groups are kept, which calls stay inside, and whether there are variables.
 * @returns The prepared image.
 * @throws TierlinkError OBJECT_INVALID, OBJECT_UNSUPPORTED, TARGET_MISMATCH, RELOCATION_UNSUPPORTED,
 * RELOCATION_OVERFLOW
 */
export function prepareObject(
  bytes: Uint8Array,
  module: string,
  options: PrepareOptions = {},
): PreparedImage {
  const object = readObject(bytes, module);
  const graph = buildGraph(object, options.keepGroup ?? (() => true), options.constantData ?? false);
  const layout = layOut(graph);
  const content = initialContent(graph, layout);
  const names = new SymbolNames(object, options.names ?? new NameTable());
  const builder = new ReferenceBuilder(graph, layout, names);
  const scan = scanRelocations(graph, layout, content, builder, options.bindLocalCall ?? (() => false));
  const { references, bytes: cellBytes } = builder.build(alignUp(layout.sizes.readonly, cellAlignment));
  const symbols = definedSymbols(graph, layout, names);
  const need = (block: BlockKind) => ({ size: layout.sizes[block], alignment: layout.alignments[block] });
  if (cellBytes > 0) {
    layout.sizes.readonly = references.cellStart + cellBytes;
    layout.alignments.readonly = Math.max(layout.alignments.readonly, cellAlignment);
    content.readonly = extended(content.readonly, layout.sizes.readonly);
  }
  const preserved = scan.preserved.build(references);
  if (preserved === undefined) throw object.reader.unsupported('its relocations overlap each other');
  return {
    module,
    blocks: { code: need('code'), readonly: need('readonly'), data: need('data') },
    symbols,
    wanted: builder.wanted(),
    tls: layout.tls,
    movable: scan.movable,
    content,
    preserved,
    frames: layout.frames,
    constructors: initializerCells(initialOrder(graph.byRole.constructors), layout.offsets),
    destructors: initializerCells(destructorOrder(graph.byRole.destructors), layout.offsets),
  };
}

function initialContent(graph: SectionGraph, layout: Layout): Record<BlockKind, Uint8Array> {
  const content = {
    code: new Uint8Array(layout.sizes.code).fill(codeFill),
    readonly: new Uint8Array(layout.sizes.readonly),
    data: new Uint8Array(layout.initialisedData),
  };
  for (const block of blockKinds) copySections(graph, layout, block, content[block]);
  return content;
}

/** Copies the sections of a block; at once those that lie in the file as they lie in the block. */
function copySections(graph: SectionGraph, layout: Layout, block: BlockKind, content: Uint8Array): void {
  const { bytes } = graph.object.reader;
  const fill = block === 'code' ? codeFill : 0;
  const number = blockNumber[block];
  /** The run of sections that is to be copied: its places in the file and in the block, and its bytes. */
  let from = 0;
  let to = 0;
  let size = 0;
  const gaps: number[] = [];
  const copy = (): void => {
    if (size > 0) content.set(new Uint8Array(bytes.buffer, bytes.byteOffset + from, size), to);
  };
  for (const section of graph.object.sections) {
    if (layout.blockOf[section.index] !== number || section.size === 0) continue;
    if (graph.roles[section.index] === 'zero') continue;
    const offset = layout.offsets[section.index] ?? 0;
    const gap = section.offset - from - size;
    if (size > 0 && gap >= 0 && gap < longestGap && offset - to === section.offset - from) {
      if (gap > 0) gaps.push(to + size, offset);
      size += gap + section.size;
      continue;
    }
    copy();
    from = section.offset;
    to = offset;
    size = section.size;
  }
  copy();
  for (let index = 0; index < gaps.length; index += 2) {
    for (let at = gaps[index] ?? 0; at < (gaps[index + 1] ?? 0); at += 1) content[at] = fill;
  }
}

/** Room for the image's cells, which are counted only once all relocations are known. */
function extended(content: Uint8Array, size: number): Uint8Array {
  const larger = new Uint8Array(size);
  larger.set(content);
  return larger;
}
