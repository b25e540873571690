/**
 * Pass 3: sorts the relocations of an object into those that no placement changes, which are settled in the
 * initial bytes, and those that are preserved.
 */
import { TierlinkError } from '../core/errors.js';
import { relocationWords } from '../elf/relocations.js';
import { type BlockKind, blockKinds, type BlockNumber, blockNumber } from './blocks.js';
import { classField, classKind, type ClassSource, type FixupClasses, framesBit } from './fixup-classes.js';
import { fixup } from './fixup-codes-x86-64.js';
import { applyFixup, fixupRun } from './fixups-x86-64.js';
import { fixupOf, formOf, noFixup, severalForms } from './forms-x86-64.js';
import { role } from './graph.js';
import { relocationTable } from './relocations-x86-64.js';

/** The first role of each block, and the end of the last one's. */
const firstRoles = [role.code, role.readonly, role.data, role.threadZero] as const;
const lastBlock = 3;

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
  const { reader, relocations, sections, symbols } = object;
  const { bytes } = reader;
  const { latest } = classes;
  // What a module or an object has is looked up once, not for each relocation.
  const forms = formOf;
  const { none } = fixup;
  const { cleared, reference } = classKind;
  const { code: codeField, key: keyField, next: nextField, operand: operandField, settled } = classField;
  const symbolCount = symbols.count;
  let { rows } = classes;
  let movable = true;
  for (let block = 1; block <= lastBlock; block += 1) {
    const end = starts[firstRoles[block] ?? 0] ?? 0;
    const executable = block === blockNumber.code ? severalForms : 0;
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
      // The words of an entry: see `relocationWords`.
      for (let word = from >> 2; word < last; word += 6) {
        const at = words[word] ?? 0;
        const type = words[word + 2] ?? 0;
        const symbol = words[word + 3] ?? 0;
        const low = words[word + 4] ?? 0;
        const high = words[word + 5] ?? 0;
        const form = forms[type] ?? noFixup;
        const plain = form & 255;
        if (plain === none) continue;
        if (
          symbol < 0 ||
          symbol >= symbolCount ||
          at < 0 ||
          at + ((form >> 8) & 255) > size ||
          words[word + 1] !== 0
        )
          throw misplaced(source, table, section, word);
        if (plain === noFixup) throw unsupported(source, type, symbol);
        // Nearly all are small; above 2^53 no address can need it.
        const addend = high === low >> 31 ? low : high * 4294967296 + (low >>> 0);
        if (addend !== low && !Number.isSafeInteger(addend))
          throw reader.unsupported('a relocation has an addend beyond 2^53');
        const several = addend === -4 && (form & executable) !== 0;
        const key = (several ? fixupOf(type, plain, bytes, contents, at) : plain) | frames;
        let found = latest[symbol] ?? 0;
        while (found !== 0 && rows[found + keyField] !== key) found = rows[found + nextField] ?? 0;
        if (found === 0) {
          found = classes.add(source, symbol, key);
          ({ rows } = classes);
        }
        const kind = rows[found] ?? 0;
        const code = rows[found + codeField] ?? 0;
        const operand = rows[found + operandField] ?? 0;
        if (kind === reference) {
          preserved.addReference(start + at, code, operand, addend);
        } else if (rows[found + settled] === block) {
          settle(source, content, block, start + at, code, addend, operand);
        } else if (kind === cleared) {
          content.readonly.fill(0, start + at, start + at + ((form >> 8) & 255));
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

/** Writes a fixup whose both ends move together, so that any address of their block will do. */
function settle(
  { graph }: ClassSource,
  content: Readonly<Record<BlockKind, Uint8Array>>,
  block: number,
  place: number,
  code: number,
  addend: number,
  operand: number,
): void {
  const kind = blockKinds[block - 1] ?? 'code';
  if (applyFixup(atZero, viewOf(content[kind]), 0, place, code, addend, block, operand, true)) return;
  throw new TierlinkError('RELOCATION_OVERFLOW', {
    module: graph.object.reader.module,
    symbol: `its own ${kind}`,
    kind: 'relative to its place',
    value: String(atZero.failed),
  });
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function misplaced({ graph }: ClassSource, table: number, section: number, word: number): TierlinkError {
  const { reader, sections } = graph.object;
  const entry = (word - (sections.offset(table) >> 2)) / relocationWords;
  return reader.damaged(
    `entry ${String(entry)} of ${sections.name(table)} reaches over the end of section ${sections.name(section)}, or of the symbol table`,
  );
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
const atZero = fixupRun(new Float64Array(4), 0, new Float64Array(0), new BigUint64Array(0), 0, 0);
