/** From an object's bytes to a prepared image: everything that can be done before there is an address. */
import { readObject } from '../elf/object.js';
import { type BlockKind, blockKinds } from './blocks.js';
import type { PrepareOptions } from './context.js';
import { definedSymbols } from './definitions.js';
import { buildGraph, type SectionGraph } from './graph.js';
import type { DefinedSymbol, PreparedImage, WantedSymbol } from './image.js';
import { destructorOrder, initialOrder, initializerCells } from './initializers.js';
import { alignUp, type Layout, layOut } from './layout.js';
import { NameTable } from './names.js';
import { ReferenceBuilder } from './reference-builder.js';
import { need, type ReferenceTable, useOf } from './references.js';
import { scanRelocations } from './scan.js';

/** Fills what lies between functions: executing it traps (int3). */
const codeFill = 0xcc;

/** Alignment of the image's cells, in bytes. */
const cellAlignment = 16;

/**
 * Reads an object and prepares it for linking.
 *
 * @param bytes - An ELF64 relocatable object; not kept.
 * @param module - Module name, for messages.
 * @param options - Which groups are kept, and which calls stay inside.
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
  const graph = buildGraph(object, options.keepGroup ?? (() => true));
  const layout = layOut(graph);
  const content = initialContent(graph, layout);
  const builder = new ReferenceBuilder(graph, layout, options.names ?? new NameTable());
  const scan = scanRelocations(graph, layout, content, builder, options.bindLocalCall ?? (() => false));
  const { references, bytes: cellBytes } = builder.build(alignUp(layout.sizes.readonly, cellAlignment));
  const symbols = definedSymbols(graph, layout);
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
    wanted: wantedSymbols(references, symbols),
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
  const { bytes } = graph.object.reader;
  for (const section of graph.object.sections) {
    const block = blockKinds[(layout.blockOf[section.index] ?? 0) - 1];
    if (block === undefined || section.size === 0 || graph.roles[section.index] === 'zero') continue;
    // Not subarray: that of a Buffer takes several times as long as this.
    const from = new Uint8Array(bytes.buffer, bytes.byteOffset + section.offset, section.size);
    content[block].set(from, layout.offsets[section.index] ?? 0);
  }
  return content;
}

/** Room for the image's cells, which are counted only once all relocations are known. */
function extended(content: Uint8Array, size: number): Uint8Array {
  const larger = new Uint8Array(size);
  larger.set(content);
  return larger;
}

function wantedSymbols(
  references: ReferenceTable,
  symbols: ReadonlyMap<string, DefinedSymbol>,
): WantedSymbol[] {
  const wanted: WantedSymbol[] = [];
  for (let index = 0; index < references.count; index += 1) {
    const needs = references.needs[index] ?? 0;
    if ((needs & need.local) !== 0) continue;
    const name = references.name(index);
    if (symbols.has(name)) continue;
    wanted.push({ name, weak: (needs & need.weak) !== 0, use: useOf(needs) });
  }
  return wanted;
}
