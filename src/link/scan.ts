/**
 * Pass 3: sorts the relocations of an object into those that no placement changes, which are settled in the
 * initial bytes, and those that are preserved.
 */
import { TierlinkError } from '../core/errors.js';
import { relocationWords } from '../elf/relocations.js';
import { sectionWord, sectionWords } from '../elf/sections.js';
import { type BlockKind, blockKinds, type BlockNumber, blockNumber } from './blocks.js';
import { classField, classKind, type ClassSource, type FixupClasses, framesBit } from './fixup-classes.js';
import { fixup, usualAddend } from './fixup-codes-x86-64.js';
import { applyFixup, fixupRun } from './fixups-x86-64.js';
import { fixupOf, formOf, noFixup, severalForms } from './forms-x86-64.js';
import { role } from './graph.js';
import { elsewhere, ownForms, relativeForm } from './local-symbols.js';
import { offsetLimit } from './preserved-builder.js';
import { relocationTable } from './relocations-x86-64.js';

/** The first role of each block, and the end of the last one's. */
const firstRoles = [role.code, role.readonly, role.data, role.threadZero] as const;
const lastBlock = 3;

/** Bits of an own form that tell the fixup. */
const codeBits = 63;

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
  const { graph, layout, locals, preserved } = source;
  const { object, order, roles, starts } = graph;
  const { reader, relocations, sections, symbols } = object;
  // What a module or an object has is looked up once, not for each relocation.
  const { first: firstHeader, words: headers } = sections;
  const { offset: offsetWord, size: sizeWord } = sectionWord;
  const { of: tableOf } = relocations;
  const { offsets } = layout;
  const { bytes } = reader;
  const { latest } = classes;
  const { blocks: localBlocks, offsets: localOffsets } = locals;
  const { own, referenced } = preserved;
  const { places, values } = referenced;
  const { places: ownPlaces, values: ownValues } = own;
  const forms = formOf;
  const formsOfOwn = ownForms;
  const usual = usualAddend;
  const { none } = fixup;
  const { cleared, reference } = classKind;
  const {
    code: codeField,
    key: keyField,
    kind: kindField,
    next: nextField,
    operand: operandField,
  } = classField;
  const { count: symbolCount, firstGlobal } = symbols;
  let { rows } = classes;
  let words = headers;
  let phase = -1;
  let movable = true;
  for (let block = 1; block <= lastBlock; block += 1) {
    const end = starts[firstRoles[block] ?? 0] ?? 0;
    const executable = block === blockNumber.code ? severalForms : 0;
    let view: DataView | undefined;
    for (let index = starts[firstRoles[block - 1] ?? 0] ?? 0; index < end; index += 1) {
      const section = order[index] ?? 0;
      const table = tableOf[section] ?? 0;
      if (table === 0) continue;
      const header = firstHeader + section * sectionWords;
      const tableHeader = firstHeader + table * sectionWords;
      const size = headers[header + sizeWord] ?? 0;
      const start = offsets[section] ?? 0;
      const frames = roles[section] === role.frames ? framesBit : 0;
      const from = headers[tableHeader + offsetWord] ?? 0;
      if ((from & 3) !== phase) {
        phase = from & 3;
        words = reader.words(from);
      }
      const last = (from >> 2) + ((headers[tableHeader + sizeWord] ?? 0) >> 2);
      let latestAt = 0;
      // The words of an entry: see `relocationWords`.
      for (let word = from >> 2; word < last; word += 6) {
        const at = words[word] ?? 0;
        const symbol = words[word + 3] ?? 0;
        const low = words[word + 4] ?? 0;
        const high = words[word + 5] ?? 0;
        const form = forms[words[word + 2] ?? 0] ?? noFixup;
        let plain = form & 255;
        if (plain === none) continue;
        // Taken as unsigned, what is below 0 is too large as well.
        if (symbol >>> 0 >= symbolCount || (at >>> 0) + ((form >> 8) & 255) > size || words[word + 1] !== 0)
          throw misplaced(source, table, section, word);
        if (plain === noFixup) throw unsupported(source, words[word + 2] ?? 0, symbol);
        // Nearly all are small; above 2^53 no address can need it.
        const addend = high === low >> 31 ? low : high * 4294967296 + (low >>> 0);
        if (addend !== low && !Number.isSafeInteger(addend))
          throw reader.unsupported('a relocation has an addend beyond 2^53');
        if (addend === -4 && (form & executable) !== 0) {
          const contents = headers[header + offsetWord] ?? 0;
          plain = fixupOf(words[word + 2] ?? 0, plain, bytes, contents, at);
        }
        const place = start + at;
        let target = elsewhere;
        let code = formsOfOwn[plain] ?? 0;
        let operand = 0;
        if (symbol < firstGlobal && code !== 0) {
          target = localBlocks[symbol] ?? 0;
          if (target === 0) target = locals.find(graph, layout, symbol);
          operand = localOffsets[symbol] ?? 0;
        }
        if (target === elsewhere) {
          const key = plain | frames;
          let found = latest[symbol] ?? 0;
          while (found !== 0 && rows[found + keyField] !== key) found = rows[found + nextField] ?? 0;
          if (found === 0) {
            found = classes.add(source, symbol, key);
            ({ rows } = classes);
          }
          target = rows[found + kindField] ?? 0;
          operand = rows[found + operandField] ?? 0;
          code = rows[found + codeField] ?? 0;
        }
        if (target === reference) {
          const { count } = referenced;
          if (addend !== usual[code]) referenced.odd.set(count, addend);
          places[count] = place;
          values[count] = operand;
          referenced.count = count + 1;
        } else if (target === cleared) {
          content.readonly.fill(0, place, place + ((form >> 8) & 255));
        } else if (target === block && code >= relativeForm) {
          view ??= viewOf(content[blockKinds[block - 1] ?? 'code']);
          settle(source, view, block, place, code & codeBits, addend, operand);
        } else {
          const folded = operand + addend - (usual[code & codeBits] ?? 0);
          const { count } = own;
          // As `addOwn` does.
          if (folded >= 0 && folded < offsetLimit) {
            ownPlaces[count] = place;
            ownValues[count] = (code & codeBits) | (target << 6) | (folded << 8);
            own.count = count + 1;
          } else {
            // Safe because all other kinds are block numbers.
            preserved.addOwn(place, code & codeBits, target as BlockNumber, operand, addend);
          }
          if (block === blockNumber.data && target !== block) movable = false;
        }
        if (at < latestAt) preserved.ascending = false;
        latestAt = at;
      }
    }
    preserved.endBlock();
  }
  return movable;
}

/** Writes a fixup whose both ends move together, so that any address of their block will do. */
function settle(
  { graph }: ClassSource,
  view: DataView,
  block: number,
  place: number,
  code: number,
  addend: number,
  operand: number,
): void {
  if (code === fixup.pc32) {
    // The one that is common, here in all its shortness.
    const value = operand + addend - place;
    if (value === (value | 0)) {
      view.setInt32(place, value, true);
      return;
    }
  }
  if (applyFixup(atZero, view, 0, place, code, addend, block, operand, true)) return;
  throw new TierlinkError('RELOCATION_OVERFLOW', {
    module: graph.object.reader.module,
    symbol: `its own ${blockKinds[block - 1] ?? 'code'}`,
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
