/** From an object's bytes to a prepared image: everything that can be done before there is an address. */
import { TierlinkError } from '../core/errors.js';
import { contentOf, readObject } from '../elf/object.js';
import { type BlockKind, blockKinds, blockNumber } from './blocks.js';
import type { PrepareOptions } from './context.js';
import { definedSymbols } from './definitions.js';
import { applyFixups, type FixupRun } from './fixups-x86-64.js';
import { buildGraph, type SectionGraph } from './graph.js';
import type { PreparedImage, WantedSymbol } from './image.js';
import { destructorOrder, initialOrder, initializerCells } from './initializers.js';
import { alignUp, type Layout, layOut } from './layout.js';
import { need, ownPlace, type ReferenceTable, useOf } from './references.js';
import { type Scan, scanRelocations } from './scan.js';

/** Fills what lies between functions: executing it traps (int3). */
const codeFill = 0xcc;

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
  const scan = scanRelocations(graph, layout, options.bindLocalCall ?? (() => false));
  const { references, bytes: cellBytes } = scan.references.build(
    alignUp(layout.sizes.readonly, cellAlignment),
  );
  const symbols = definedSymbols(graph, layout);
  if (cellBytes > 0) {
    layout.sizes.readonly = references.cellStart + cellBytes;
    layout.alignments.readonly = Math.max(layout.alignments.readonly, cellAlignment);
  }
  const content = initialContent(graph, layout);
  for (const { offset, bytes: size } of scan.cleared) content.readonly.fill(0, offset, offset + size);
  settle(module, scan, content);
  const need = (block: BlockKind) => ({ size: layout.sizes[block], alignment: layout.alignments[block] });
  return {
    module,
    blocks: { code: need('code'), readonly: need('readonly'), data: need('data') },
    symbols,
    wanted: wantedSymbols(references),
    tls: layout.tls,
    movable: scan.movable,
    content,
    preserved: scan.preserved,
    references,
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
  for (const section of graph.object.sections) {
    for (const block of blockKinds) {
      if (layout.blockOf[section.index] !== blockNumber[block] || graph.roles[section.index] === 'zero')
        continue;
      content[block].set(contentOf(graph.object, section), layout.offsets[section.index] ?? 0);
    }
  }
  return content;
}

/** Writes the fixups that are the same wherever the image lies. */
function settle(module: string, scan: Scan, content: Readonly<Record<BlockKind, Uint8Array>>): void {
  const run: FixupRun = {
    preserved: scan.settled,
    bases: new Float64Array(4),
    values: new Float64Array(0),
    modules: new BigUint64Array(0),
    got: 0,
    tlsBase: 0,
    failed: 0,
  };
  for (const block of blockKinds) {
    const bytes = content[block];
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const { from, to } = scan.settled.range(block);
    if (applyFixups(run, from, to, view, 0, true) < 0) continue;
    throw new TierlinkError('RELOCATION_OVERFLOW', {
      module,
      symbol: `its own ${block}`,
      kind: 'relative to its place',
      value: String(run.failed),
    });
  }
}

function wantedSymbols(references: ReferenceTable): WantedSymbol[] {
  const wanted: WantedSymbol[] = [];
  for (let index = 0; index < references.count; index += 1) {
    if (references.places[index] !== ownPlace.none) continue;
    const needs = references.needs[index] ?? 0;
    const name = references.names[index] ?? '';
    wanted.push({ name, weak: (needs & need.weak) !== 0, use: useOf(needs) });
  }
  return wanted;
}
