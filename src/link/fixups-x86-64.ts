/**
 * Fixups of x86-64: pure functions of (pristine addend, place, target) that overwrite their whole field, and,
 * where an instruction has a relaxed form, its opcode too; so each can be written again at any time (I6).
 */
import { fixup, store, storeOf } from './fixup-codes-x86-64.js';
import { valueField, valueStride } from './values.js';

/** The targets of fixups. */
export interface FixupRun {
  /** Addresses of the blocks at 1 to 3 (see `blockNumber`). */
  readonly bases: Float64Array;
  /** The reference of the first row of values. */
  readonly first: number;
  /** Values of each reference, see values.ts. */
  readonly values: Float64Array;
  /** First `tls_index` words, by reference. */
  readonly modules: BigUint64Array;
  /** Address of the image's cells. */
  readonly got: number;
  /** Address of the pair {module, 0}. */
  readonly tlsBase: number;
  /** The value that did not fit, after a failure; `NaN` when the target has no such value. */
  failed: number;
}

/**
 * Puts the targets of fixups together.
 *
 * @param bases - Addresses of the blocks.
 * @param first - The reference of the first row of values.
 * @param values - Values of each reference.
 * @param modules - First `tls_index` words.
 * @param got - Address of the image's cells.
 * @param tlsBase - Address of the pair {module, 0}.
 * @returns The targets.
 */
export function fixupRun(
  bases: Float64Array,
  first: number,
  values: Float64Array,
  modules: BigUint64Array,
  got: number,
  tlsBase: number,
): FixupRun {
  return { bases, first, values, modules, got, tlsBase, failed: Number.NaN };
}

/**
 * Computes and stores one fixup. Allocates nothing.
 *
 * @param run - Its targets.
 * @param view - Writable bytes of the block that it lies in.
 * @param block - Address of that block.
 * @param offset - Offset of the field in the block.
 * @param code - Fixup code.
 * @param addend - Pristine addend.
 * @param base - 0: against a reference; else number of the block that the symbol lies in.
 * @param operand - Number of the reference, or offset of the symbol.
 * @param write - False: only check that the value fits.
 * @returns False when the value does not fit; `run.failed` then holds it.
 */
export function applyFixup(
  run: FixupRun,
  view: DataView,
  block: number,
  offset: number,
  code: number,
  addend: number,
  base: number,
  operand: number,
  write: boolean,
): boolean {
  const { values, got } = run;
  let at = offset;
  const place = block + at;
  const row = (operand - run.first) * valueStride;
  const symbol =
    base === 0 ? (values[row + valueField.address] ?? Number.NaN) : (run.bases[base] ?? 0) + operand;
  let value: number;
  switch (code) {
    case fixup.pc32:
    case fixup.pc8:
    case fixup.pc16:
    case fixup.pc64:
      value = symbol + addend - place;
      break;
    case fixup.branch32:
      value = (values[row + valueField.direct] ?? Number.NaN) + addend - place;
      if (value !== (value | 0) || !isPatchable(place))
        value = (values[row + valueField.entry] ?? Number.NaN) + addend - place;
      break;
    case fixup.abs64:
    case fixup.abs8:
    case fixup.abs16:
    case fixup.abs32:
    case fixup.abs32s:
      value = symbol + addend;
      break;
    case fixup.load32:
    case fixup.lea32:
      value = symbol + addend - place;
      if (value === (value | 0)) {
        if (write) view.setUint8(at - 2, 0x8d);
      } else {
        value = (values[row + valueField.cell] ?? Number.NaN) + addend - place;
        if (write) view.setUint8(at - 2, 0x8b);
      }
      break;
    case fixup.call32:
      value = (base === 0 ? (values[row + valueField.direct] ?? Number.NaN) : symbol) + addend - place;
      if (value === (value | 0) && (base !== 0 || isPatchable(place))) {
        if (write) view.setUint16(at - 2, 0xe867, true);
      } else {
        value = (values[row + valueField.slot] ?? Number.NaN) + addend - place;
        if (write) view.setUint16(at - 2, 0x15ff, true);
      }
      break;
    case fixup.jump32:
      // The relaxed jump is one byte shorter, so its displacement starts, and counts from, one byte earlier.
      value = (base === 0 ? (values[row + valueField.direct] ?? Number.NaN) : symbol) + addend - place + 1;
      if (value === (value | 0) && (base !== 0 || isPatchable(place - 1))) {
        if (write) {
          view.setUint8(at - 2, 0xe9);
          view.setUint8(at + 3, 0x90);
        }
        at -= 1;
      } else {
        value = (values[row + valueField.slot] ?? Number.NaN) + addend - place;
        if (write) view.setUint16(at - 2, 0x25ff, true);
      }
      break;
    case fixup.cell32:
    case fixup.cell64:
      value = (values[row + valueField.cell] ?? Number.NaN) + addend - place;
      break;
    case fixup.tlsCell32:
      value = (values[row + valueField.slot] ?? Number.NaN) + addend - place;
      break;
    case fixup.got32:
    case fixup.got64:
      value = (values[row + valueField.cell] ?? Number.NaN) + addend - got;
      break;
    case fixup.gotOffset64:
      value = symbol + addend - got;
      break;
    case fixup.pltOffset64:
      value = (values[row + valueField.entry] ?? Number.NaN) + addend - got;
      break;
    case fixup.gotPc32:
    case fixup.gotPc64:
      value = got + addend - place;
      break;
    case fixup.tlsPair32:
      value = (values[row + valueField.pair] ?? Number.NaN) + addend - place;
      break;
    case fixup.tlsBase32:
      value = run.tlsBase + addend - place;
      break;
    case fixup.tlsOffset32:
    case fixup.tlsOffset64:
      value = (values[row + valueField.tlsOffset] ?? Number.NaN) + addend;
      break;
    case fixup.threadOffset32:
    case fixup.threadOffset64:
      value = (values[row + valueField.threadOffset] ?? Number.NaN) + addend;
      break;
    case fixup.size32:
    case fixup.size64:
      value = (values[row + valueField.size] ?? Number.NaN) + addend;
      break;
    case fixup.tlsModule64:
      value = values[row + valueField.tlsOffset] ?? Number.NaN;
      if (Number.isNaN(value)) return fail(run, value);
      if (write) view.setBigUint64(at, run.modules[operand - run.first] ?? 0n, true);
      return true;
    default:
      return true;
  }
  switch (storeOf[code] ?? store.none) {
    case store.signed32:
      if (value !== (value | 0)) return fail(run, value);
      if (write) view.setInt32(at, value, true);
      break;
    case store.whole64:
      if (!Number.isSafeInteger(value)) return fail(run, value);
      if (write) {
        view.setInt32(at, value | 0, true);
        view.setInt32(at + 4, Math.floor(value / 4294967296), true);
      }
      break;
    case store.unsigned32:
      if (value !== value >>> 0) return fail(run, value);
      if (write) view.setUint32(at, value, true);
      break;
    case store.either16:
      if (!(value >= -0x8000 && value <= 0xffff)) return fail(run, value);
      if (write) view.setInt16(at, value, true);
      break;
    case store.signed16:
      if (!(value >= -0x8000 && value <= 0x7fff)) return fail(run, value);
      if (write) view.setInt16(at, value, true);
      break;
    case store.either8:
      if (!(value >= -0x80 && value <= 0xff)) return fail(run, value);
      if (write) view.setInt8(at, value);
      break;
    default:
      if (!(value >= -0x80 && value <= 0x7f)) return fail(run, value);
      if (write) view.setInt8(at, value);
      break;
  }
  return true;
}

/** Bytes that the processor stores and fetches as one. */
const cacheLineBytes = 64;

/**
 * Whether the displacement at a place can be stored while the instruction is being executed: it must lie within one
 * cache line (I7). Only such a call goes straight to code that may be replaced.
 *
 * @param place - Address of the 4-byte displacement.
 * @returns True if it can.
 */
export function isPatchable(place: number): boolean {
  return place % cacheLineBytes <= cacheLineBytes - 4;
}

/**
 * Where the displacement of a direct call or jump lies, if the fixup's instruction is one now.
 *
 * @param code - The fixup.
 * @param bytes - The block's bytes now.
 * @param at - Offset of the fixup's field in them.
 * @returns Offset of the displacement; -1 when the instruction is no direct call.
 */
export function directCallAt(code: number, bytes: Uint8Array, at: number): number {
  if (code === fixup.branch32) return at;
  if (code === fixup.call32) return bytes[at - 2] === 0x67 && bytes[at - 1] === 0xe8 ? at : -1;
  if (code === fixup.jump32) return bytes[at - 2] === 0xe9 ? at - 1 : -1;
  return -1;
}

function fail(run: FixupRun, value: number): boolean {
  run.failed = value;
  return false;
}
