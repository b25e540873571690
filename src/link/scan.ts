/**
 * Pass 3: sorts the relocations of an object into those that no placement changes, which are settled in the
 * initial bytes, and those that are preserved.
 */
import { TierlinkError } from '../core/errors.js';
import { type ElfObject, relocationsOf } from '../elf/object.js';
import { RelocationColumns, type RelocationTable } from '../elf/relocations.js';
import type { ElfSection } from '../elf/sections.js';
import { type BlockKind, blockKinds, type BlockNumber, blockNumber } from './blocks.js';
import { classField, classKind, FixupClasses, isRelative } from './fixup-classes.js';
import { fixup } from './fixup-codes-x86-64.js';
import { applyFixup, type FixupRun } from './fixups-x86-64.js';
import { fieldBytes, fixupOf, noFixup, plainFixup } from './forms-x86-64.js';
import type { SectionGraph } from './graph.js';
import type { Layout } from './layout.js';
import { PreservedBuilder } from './preserved-builder.js';
import type { ReferenceBuilder } from './reference-builder.js';
import { relocationTable } from './relocations-x86-64.js';

/** What the relocations of an object come to. */
export interface Scan {
  readonly preserved: PreservedBuilder;
  /** False when mutable data holds addresses of the image's own code or constants. */
  readonly movable: boolean;
}

/**
 * Scans all relocations, and writes those that are the same wherever the image lies.
 *
 * @param graph - The sections by role.
 * @param layout - Their places.
 * @param content - Initial bytes of the blocks.
 * @param references - Numbers the symbols that are looked up.
 * @param bindLocalCall - Whether calls to this function of the object's own stay inside the image.
 * @returns The relocations to preserve.
 * @throws TierlinkError OBJECT_INVALID, OBJECT_UNSUPPORTED, RELOCATION_UNSUPPORTED, RELOCATION_OVERFLOW
 */
export function scanRelocations(
  graph: SectionGraph,
  layout: Layout,
  content: Readonly<Record<BlockKind, Uint8Array>>,
  references: ReferenceBuilder,
  bindLocalCall: (symbol: string) => boolean,
): Scan {
  const { object } = graph;
  const relocated: ElfSection[][] = [[], [], [], []];
  let bytes = 0;
  let largest = 0;
  for (const [index, relocations] of object.relocationSections) {
    const section = object.sections[index];
    const block = layout.blockOf[index] ?? 0;
    if (section === undefined || block === 0) continue;
    relocated[block]?.push(section);
    bytes += relocations.size;
    largest = Math.max(largest, relocations.size);
  }
  const columns = new RelocationColumns();
  columns.reserve(Math.floor(largest / relocationBytes));
  const classes = new FixupClasses(graph, layout, references, bindLocalCall);
  const scanner = new Scanner(graph, layout, content, references, classes, bytes / relocationBytes);
  for (const block of blockKinds) {
    scanner.preserved.nextBlock();
    const sections = relocated[blockNumber[block]] ?? [];
    sections.sort((left, right) => (layout.offsets[left.index] ?? 0) - (layout.offsets[right.index] ?? 0));
    for (const section of sections) {
      const table = relocationsOf(object, section, columns);
      if (table !== undefined) scanner.scan(section, table);
    }
  }
  return scanner;
}

/** Bytes of a relocation in the file. */
const relocationBytes = 24;

class Scanner implements Scan {
  readonly preserved: PreservedBuilder;
  movable = true;
  readonly #object: ElfObject;
  readonly #graph: SectionGraph;
  readonly #layout: Layout;
  readonly #content: Readonly<Record<BlockKind, Uint8Array>>;
  readonly #references: ReferenceBuilder;
  readonly #classes: FixupClasses;

  constructor(
    graph: SectionGraph,
    layout: Layout,
    content: Readonly<Record<BlockKind, Uint8Array>>,
    references: ReferenceBuilder,
    classes: FixupClasses,
    capacity: number,
  ) {
    this.#object = graph.object;
    this.#graph = graph;
    this.#layout = layout;
    this.#content = content;
    this.#references = references;
    this.#classes = classes;
    this.preserved = new PreservedBuilder(Math.ceil(capacity));
  }

  scan(section: ElfSection, table: RelocationTable): void {
    const { addends, count, offsets, symbols, types } = table;
    const { reader } = this.#object;
    const { bytes } = reader;
    const block = this.#layout.blockOf[section.index] ?? 0;
    const start = this.#layout.offsets[section.index] ?? 0;
    const executable = block === blockNumber.code;
    const frames = this.#graph.roles[section.index] === 'frames';
    const classes = this.#classes;
    for (let index = 0; index < count; index += 1) {
      const at = offsets[index] ?? 0;
      const symbol = symbols[index] ?? 0;
      const addend = addends[index] ?? 0;
      const type = types[index] ?? 0;
      const plain = plainFixup[type] ?? noFixup;
      if (plain === noFixup) throw this.#unsupported(type, symbol);
      if (plain === fixup.none) continue;
      if (at + (fieldBytes[type] ?? 0) > section.size) {
        throw reader.damaged(`a relocation reaches over the end of section ${section.name}`);
      }
      // NaN stands for an addend above 2^53: no address can need it.
      if (Number.isNaN(addend)) throw reader.unsupported('a relocation has an addend beyond 2^53');
      const asked = executable ? fixupOf(type, plain, addend, bytes, section.offset, at) : plain;
      const found = classes.find(symbol, asked, frames);
      const kind = classes.rows[found + classField.kind] ?? 0;
      const code = classes.rows[found + classField.code] ?? 0;
      const operand = classes.rows[found + classField.operand] ?? 0;
      if (kind === classKind.reference) {
        this.preserved.addReference(start + at, code, operand, addend);
      } else if (kind === classKind.cleared) {
        this.#content.readonly.fill(0, start + at, start + at + (fieldBytes[type] ?? 0));
      } else if (kind === block && isRelative(code)) {
        this.#settle(start + at, code, kind, operand, addend);
      } else {
        // Safe because all other kinds are block numbers.
        this.preserved.addOwn(start + at, code, kind as BlockNumber, operand, addend);
        if (block === blockNumber.data && kind !== block) this.movable = false;
      }
    }
  }

  #settle(place: number, code: number, block: number, offset: number, addend: number): void {
    const kind = blockKinds[block - 1] ?? 'code';
    const bytes = this.#content[kind];
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (applyFixup(atZero, view, 0, place, code, addend, 1, offset, true)) return;
    throw new TierlinkError('RELOCATION_OVERFLOW', {
      module: this.#object.reader.module,
      symbol: `its own ${kind}`,
      kind: 'relative to its place',
      value: String(atZero.failed),
    });
  }

  #unsupported(type: number, symbol: number): TierlinkError {
    const row = relocationTable[type];
    return new TierlinkError('RELOCATION_UNSUPPORTED', {
      module: this.#object.reader.module,
      symbol: this.#references.nameOf(symbol),
      kind: row?.name ?? `number ${String(type)}`,
      reason: row?.action ?? 'its number is unknown',
    });
  }
}

/** Both ends of a settled fixup move together, so any address of their block will do. */
const atZero: FixupRun = {
  bases: new Float64Array(4),
  first: 0,
  values: new Float64Array(0),
  modules: new BigUint64Array(0),
  got: 0,
  tlsBase: 0,
  failed: 0,
};
