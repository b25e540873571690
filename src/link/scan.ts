/**
 * Pass 3: sorts the relocations of an object into those that no placement changes, which are settled in the
 * initial bytes, and those that are preserved.
 */
import { TierlinkError } from '../core/errors.js';
import { relocationWord, relocationWords } from '../elf/relocations.js';
import { type BlockKind, blockKinds, type BlockNumber, blockNumber } from './blocks.js';
import {
  classField,
  classKind,
  type ClassSource,
  type FixupClasses,
  framesBit,
  isRelative,
} from './fixup-classes.js';
import { fixup } from './fixup-codes-x86-64.js';
import { applyFixup, type FixupRun } from './fixups-x86-64.js';
import { fieldBytes, fixupOf, noFixup, plainFixup, severalForms } from './forms-x86-64.js';
import { role } from './graph.js';
import { relocationTable } from './relocations-x86-64.js';

/** The first role of each block, and the end of the last one's. */
const firstRoles = [role.code, role.readonly, role.data, role.threadZero] as const;

/**
 * Scans all relocations, preserves those that a placement changes, and writes those that are the same wherever the
 * image lies.
 *
 * @param source - The object.
 * @param classes - Where its relocations go.
 * @param content - Initial bytes of the blocks.
 * @returns False when mutable data holds addresses of the image's own code or constants.
 * @throws TierlinkError OBJECT_INVALID, OBJECT_UNSUPPORTED, RELOCATION_UNSUPPORTED, RELOCATION_OVERFLOW
 */
export function scanRelocations(
  source: ClassSource,
  classes: FixupClasses,
  content: Readonly<Record<BlockKind, Uint8Array>>,
): boolean {
  const { graph, layout, preserved } = source;
  const { object, order, roles, starts } = graph;
  const { reader, relocations, sections } = object;
  const { bytes } = reader;
  const { latest } = classes;
  const views = blockKinds.map((kind) => viewOf(content[kind]));
  const { addend: addendWord, offset: offsetWord, symbol: symbolWord, type: typeWord } = relocationWord;
  const { code: codeField, key: keyField, next: nextField, operand: operandField } = classField;
  let { rows } = classes;
  let movable = true;
  for (let block = 1; block <= blockKinds.length; block += 1) {
    const end = starts[firstRoles[block] ?? 0] ?? 0;
    const view = views[block - 1];
    const executable = block === blockNumber.code;
    preserved.nextBlock();
    for (let index = starts[firstRoles[block - 1] ?? 0] ?? 0; index < end; index += 1) {
      const section = order[index] ?? 0;
      const table = relocations.of[section] ?? 0;
      if (table === 0) continue;
      const size = sections.size(section);
      const start = layout.offsets[section] ?? 0;
      const contents = sections.offset(section);
      const frames = roles[section] === role.frames ? framesBit : 0;
      const from = sections.offset(table);
      const words = reader.words(from);
      const last = (from >> 2) + sections.size(table) / 4;
      for (let word = from >> 2; word < last; word += relocationWords) {
        const at = words[word + offsetWord] ?? 0;
        const type = words[word + typeWord] ?? 0;
        const symbol = words[word + symbolWord] ?? 0;
        const low = words[word + addendWord] ?? 0;
        const high = words[word + addendWord + 1] ?? 0;
        const plain = plainFixup[type] ?? noFixup;
        if (plain === noFixup) throw unsupported(source, type, symbol);
        if (plain === fixup.none) continue;
        if (at + (fieldBytes[type] ?? 0) > size) {
          throw reader.damaged(`a relocation reaches over the end of section ${sections.name(section)}`);
        }
        // Nearly all are small; above 2^53 no address can need it.
        const addend = high === low >> 31 ? low : high * 4294967296 + (low >>> 0);
        if (!Number.isSafeInteger(addend)) throw reader.unsupported('a relocation has an addend beyond 2^53');
        const several = executable && severalForms[type] === 1;
        const key = (several ? fixupOf(type, plain, addend, bytes, contents, at) : plain) | frames;
        let found = latest[symbol] ?? 0;
        while (found !== 0 && rows[found + keyField] !== key) found = rows[found + nextField] ?? 0;
        if (found === 0) {
          found = classes.add(source, symbol, key);
          ({ rows } = classes);
        }
        const kind = rows[found] ?? 0;
        const code = rows[found + codeField] ?? 0;
        const operand = rows[found + operandField] ?? 0;
        if (kind === classKind.reference) {
          preserved.addReference(start + at, code, operand, addend);
        } else if (kind === classKind.cleared) {
          content.readonly.fill(0, start + at, start + at + (fieldBytes[type] ?? 0));
        } else if (kind === block && view !== undefined && isRelative(code)) {
          // Both ends of a settled fixup move together, so any address of their block will do.
          if (!applyFixup(atZero, view, 0, start + at, code, addend, kind, operand, true))
            throw overflow(reader.module, block);
        } else {
          // Safe because all other kinds are block numbers.
          preserved.addOwn(start + at, code, kind as BlockNumber, operand, addend);
          if (block === blockNumber.data && kind !== block) movable = false;
        }
      }
    }
  }
  return movable;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function overflow(module: string, block: number): TierlinkError {
  return new TierlinkError('RELOCATION_OVERFLOW', {
    module,
    symbol: `its own ${blockKinds[block - 1] ?? 'code'}`,
    kind: 'relative to its place',
    value: String(atZero.failed),
  });
}

function unsupported({ graph, references }: ClassSource, type: number, symbol: number): TierlinkError {
  const row = relocationTable[type];
  return new TierlinkError('RELOCATION_UNSUPPORTED', {
    module: graph.object.reader.module,
    symbol: references.nameOf(symbol),
    kind: row?.name ?? `number ${String(type >>> 0)}`,
    reason: row?.action ?? 'its number is unknown',
  });
}

/** For fixups whose both ends lie in one block. */
const atZero: FixupRun = {
  bases: new Float64Array(4),
  first: 0,
  values: new Float64Array(0),
  modules: new BigUint64Array(0),
  got: 0,
  tlsBase: 0,
  failed: 0,
};
