/** From an object's bytes to a prepared image: everything that can be done before there is an address. */
import { type ElfObject, readObject } from '../elf/object.js';
import type { BlockKind } from './blocks.js';
import { initialContent } from './content.js';
import type { PrepareOptions } from './context.js';
import { definedSymbols } from './definitions.js';
import { buildGraph, coldPartPrefix, role, type SectionGraph } from './graph.js';
import type { ColdPart, PreparedImage } from './image.js';
import { initializerCells } from './initializers.js';
import { alignUp, type Layout, layOut, sectionsOf } from './layout.js';
import { NameTable } from './names.js';
import { cellBytes } from './references.js';
import { scanRelocations } from './scan.js';
import { giveWorkspace, takeWorkspace, type Workspace } from './workspace.js';

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
  const workspace = takeWorkspace();
  try {
    return prepare(object, options, workspace);
  } finally {
    giveWorkspace(workspace, object.symbols.count + object.relocations.count);
  }
}

function prepare(object: ElfObject, options: PrepareOptions, workspace: Workspace): PreparedImage {
  const { classes, locals, names, preserved: entries, references } = workspace;
  const graph = buildGraph(object, options.keepGroup ?? keepAll, options.constantData ?? false);
  const layout = layOut(graph);
  const content = initialContent(graph, layout);
  names.start(object, options.names ?? new NameTable());
  references.start(graph, layout);
  entries.start(object.relocations.count);
  classes.start(object.symbols.count);
  locals.start(object.symbols.firstGlobal);
  const bindLocalCall = options.bindLocalCall ?? bindNone;
  const source = { graph, layout, locals, references, preserved: entries, bindLocalCall };
  const movable = scanRelocations(source, classes, content);
  const preserved = entries.build(references.build(alignUp(layout.sizes.readonly, cellAlignment)));
  if (preserved === undefined) throw object.reader.unsupported('its relocations overlap each other');
  const { sizes, alignments, offsets } = layout;
  const own = preserved.references.cellBytes;
  const cells = own === 0 && references.usesCells ? cellBytes : own;
  if (cells > 0) {
    sizes.readonly = preserved.references.cellStart + cells;
    alignments.readonly = Math.max(alignments.readonly, cellAlignment);
  }
  const need = (block: BlockKind) => ({ size: sizes[block], alignment: alignments[block] });
  return {
    module: object.reader.module,
    blocks: { code: need('code'), readonly: need('readonly'), data: need('data') },
    symbols: definedSymbols(graph, layout, names, workspace.keys(object.symbols.count)),
    coldParts: coldParts(graph, layout),
    tls: layout.tls,
    movable,
    hasLines: graph.hasLines,
    content,
    preserved,
    frames: layout.frames,
    constructors: initializerCells(object.sections, sectionsOf(graph, role.constructors), offsets),
    destructors: initializerCells(object.sections, sectionsOf(graph, role.destructors), offsets),
  };
}

const noColdParts: readonly ColdPart[] = [];

/** Other cold sections hold functions as a whole. */
function coldParts(graph: SectionGraph, layout: Layout): readonly ColdPart[] {
  const cold = sectionsOf(graph, role.cold);
  if (cold.length === 0) return noColdParts;
  const parts: ColdPart[] = [];
  for (const section of cold) {
    const name = graph.object.sections.name(section);
    if (!name.startsWith(coldPartPrefix)) continue;
    parts.push({ function: name.slice(coldPartPrefix.length), offset: layout.offsets[section] ?? 0 });
  }
  return parts;
}

function keepAll(): boolean {
  return true;
}

function bindNone(): boolean {
  return false;
}
