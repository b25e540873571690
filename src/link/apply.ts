/**
 * Writes all of an image that depends on where it and its targets are: the one way both for a first link and
 * for every relink (I6). Safe to repeat: each field is computed from preserved facts, never from what it holds.
 */
import { TierlinkError } from '../core/errors.js';
import { type BlockKind, blockKinds, blockNumber } from './blocks.js';
import type { PlacedBlock, Placement } from './context.js';
import { fixup } from './fixup-codes-x86-64.js';
import { writeGroup } from './fixup-groups-x86-64.js';
import { applyFixup, fixupRun, type FixupRun } from './fixups-x86-64.js';
import type { ImagePlan } from './image.js';
import { windowBits, windowStride } from './preserved-columns.js';
import { cellBytes, hasCell, need, pairBytes } from './references.js';
import { relocationTable } from './relocations-x86-64.js';
import type { Resolution } from './resolve.js';
import { valueField, valueStride } from './values.js';

/** Bytes that a window spans. */
const windowBytes = 2 ** windowBits;

/**
 * Addresses of an image's blocks.
 *
 * @param placement - Where they lie.
 * @returns The addresses by block number; 0 for one that is not there.
 */
export function blockBases(placement: Placement): Float64Array {
  const bases = new Float64Array(4);
  bases[blockNumber.code] = placement.code?.address ?? 0;
  bases[blockNumber.readonly] = placement.readonly?.address ?? 0;
  bases[blockNumber.data] = placement.data?.address ?? 0;
  return bases;
}

/**
 * Computes every fixup of some blocks, and the image's cells, and writes them.
 *
 * @param plan - The image.
 * @param placement - Where its blocks lie; their initial bytes are there already.
 * @param resolution - What its references came to.
 * @param blocks - The blocks to write in.
 * @param write - False: only check that everything fits.
 * @throws TierlinkError RELOCATION_OVERFLOW, RELOCATION_UNSUPPORTED
 */
export function applyRelocations(
  plan: ImagePlan,
  placement: Placement,
  resolution: Resolution,
  blocks: readonly BlockKind[],
  write: boolean,
): void {
  const { preserved } = plan;
  const run = runOf(plan, placement, resolution);
  for (const block of blocks) {
    const placed = placement[block];
    const number = blockNumber[block];
    // Most images have nothing to be written in one block or another, and a view takes longer than to see that.
    if (placed === undefined || preserved.firstWindow(number) === preserved.firstWindow(number + 1)) continue;
    applyBlock(plan, run, number, viewOf(placed), write);
  }
  if (write && blocks.includes('readonly')) writeCells(plan, placement, resolution);
}

/** Goes through the columns itself: called for each entry, a visitor would take longer than the fixup. */
function applyBlock(plan: ImagePlan, run: FixupRun, block: number, view: DataView, write: boolean): void {
  const { preserved } = plan;
  const { columns } = preserved;
  const { groupReferences, groupStarts, halves, windows, words } = columns;
  const references = columns.wide ? words : halves;
  const firstWindow = preserved.firstWindow(block);
  const end = preserved.firstWindow(block + 1);
  for (let window = firstWindow, start = 0; window < end; window += 1, start += windowBytes) {
    const record = windows + window * windowStride;
    const firstEntry = words[record + 1] ?? 0;
    const lastGroup = words[record + windowStride] ?? 0;
    const lastEntry = words[record + windowStride + 1] ?? 0;
    let entry = firstEntry;
    for (let group = words[record] ?? 0; group < lastGroup; group += 1) {
      const code = columns.code(group);
      const reference = references[groupReferences + group] ?? 0;
      const next = group + 1 === lastGroup ? lastEntry : firstEntry + (halves[groupStarts + group + 1] ?? 0);
      applyGroup(plan, run, view, block, start, entry, next, code, reference, write);
      entry = next;
    }
    applyOwn(
      plan,
      run,
      view,
      block,
      start,
      words[record + 2] ?? 0,
      words[record + windowStride + 2] ?? 0,
      write,
    );
  }
}

/** Entries of one fixup against one reference. */
function applyGroup(
  plan: ImagePlan,
  run: FixupRun,
  view: DataView,
  block: number,
  start: number,
  from: number,
  to: number,
  code: number,
  reference: number,
  write: boolean,
): void {
  const { preserved } = plan;
  const { halves, places } = preserved.columns;
  const base = run.bases[block] ?? 0;
  let entry = from;
  if (write && preserved.hasUsualAddends)
    entry = writeGroup(run, view, base, start, halves, places + from, places + to, code, reference) - places;
  for (; entry < to; entry += 1) {
    const place = start + (halves[places + entry] ?? 0);
    const addend = preserved.addend(entry, code);
    if (!applyFixup(run, view, base, place, code, addend, 0, reference, write))
      throw failure(plan, code, 0, reference, run.failed);
  }
}

/** Entries against the image's own blocks. */
function applyOwn(
  plan: ImagePlan,
  run: FixupRun,
  view: DataView,
  block: number,
  start: number,
  from: number,
  to: number,
  write: boolean,
): void {
  const { preserved } = plan;
  const { halves, ownFixups, ownPlaces, referenced, words } = preserved.columns;
  const { bases } = run;
  const base = bases[block] ?? 0;
  const common = write && preserved.hasUsualAddends ? fixup.pc32 : -1;
  let target = 0;
  let distance = 0;
  let near = false;
  for (let own = from; own < to; own += 1) {
    const packed = words[ownFixups + own] ?? 0;
    const place = halves[ownPlaces + own] ?? 0;
    const code = packed & 63;
    const offset = packed >>> 8;
    if (((packed >>> 6) & 3) !== target) {
      target = (packed >>> 6) & 3;
      const exact = (bases[target] ?? 0) - base - 4 - start;
      // As a whole number: a fraction takes memory each time until V8 has optimised this.
      distance = exact | 0;
      near = distance === exact;
    }
    if (code === common && near) {
      const value = distance + offset - place;
      if (value === (value | 0)) {
        view.setInt32(start + place, value, true);
        continue;
      }
    }
    const addend = preserved.addend(referenced + own, code);
    if (!applyFixup(run, view, base, start + place, code, addend, target, offset, write))
      throw failure(plan, code, target, 0, run.failed);
  }
}

/**
 * Computes the fixups against one reference, and its cells, and writes them.
 *
 * @param plan - The image.
 * @param placement - Where its blocks lie.
 * @param resolution - What the reference came to.
 * @param blocks - The blocks to write in.
 * @param write - False: only check that everything fits.
 * @throws TierlinkError RELOCATION_OVERFLOW, RELOCATION_UNSUPPORTED
 */
export function applyReference(
  plan: ImagePlan,
  placement: Placement,
  resolution: Resolution,
  blocks: readonly BlockKind[],
  write: boolean,
): void {
  const run = runOf(plan, placement, resolution);
  const views: (DataView | undefined)[] = [undefined];
  for (const kind of blockKinds) {
    const placed = blocks.includes(kind) ? placement[kind] : undefined;
    views.push(placed === undefined ? undefined : viewOf(placed));
  }
  plan.preserved.forReference(resolution.first, (block, place, code, addend, base, operand) => {
    const view = views[block];
    if (view === undefined) return;
    if (applyFixup(run, view, run.bases[block] ?? 0, place, code, addend, base, operand, write)) return;
    throw failure(plan, code, base, operand, run.failed);
  });
  if (write && blocks.includes('readonly')) writeCells(plan, placement, resolution);
}

/** The targets of an image's fixups. */
function runOf(plan: ImagePlan, placement: Placement, resolution: Resolution): FixupRun {
  const { references } = plan.preserved;
  const { first, modules, values } = resolution;
  const bases = blockBases(placement);
  const got = (bases[blockNumber.readonly] ?? 0) + references.cellStart;
  return fixupRun(bases, first, values, modules, got, got + references.threadBase);
}

function viewOf({ bytes }: PlacedBlock): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Writes the cells and pairs of all references that a resolution covers. */
function writeCells(plan: ImagePlan, placement: Placement, resolution: Resolution): void {
  const { references } = plan.preserved;
  const { readonly } = placement;
  if (readonly === undefined || references.cellBytes === 0) return;
  const { cellStart, threadBase } = references;
  const { count, first, modules, values } = resolution;
  const view = viewOf(readonly);
  let cell = cellStart + references.cellAfter(references.firstCell, 0, first);
  let pair = cellStart + references.pairAfter(0, 0, first);
  for (let index = 0; index < count; index += 1) {
    const bits = references.needs(first + index);
    const row = index * valueStride;
    if (hasCell(bits)) {
      const address = values[row + valueField.address] ?? Number.NaN;
      const content = Number.isNaN(address) ? (values[row + valueField.threadOffset] ?? Number.NaN) : address;
      write64(view, cell, Number.isNaN(content) ? 0 : content);
      cell += cellBytes;
    }
    if ((bits & need.pair) !== 0) {
      view.setBigUint64(pair, modules[index] ?? 0n, true);
      write64(view, pair + 8, values[row + valueField.tlsOffset] ?? 0);
      pair += pairBytes;
    }
  }
  if (threadBase >= 0 && count === references.count) {
    view.setBigUint64(cellStart + threadBase, resolution.threadBase, true);
    write64(view, cellStart + threadBase + 8, 0);
  }
}

function write64(view: DataView, at: number, value: number): void {
  view.setInt32(at, value | 0, true);
  view.setInt32(at + 4, Math.floor(value / 4294967296), true);
}

/** Names the relocation that did not fit. */
function failure(plan: ImagePlan, code: number, base: number, operand: number, value: number): TierlinkError {
  const symbol =
    base === 0 ? plan.preserved.references.name(operand) : `its own ${ownNames[base] ?? 'block'}`;
  const kind = nameOf(code);
  const { module } = plan;
  if (!Number.isNaN(value)) {
    return new TierlinkError('RELOCATION_OVERFLOW', { module, symbol, kind, value: hexadecimal(value) });
  }
  return new TierlinkError('RELOCATION_UNSUPPORTED', { module, symbol, kind, reason: reasonOf(code) });
}

const ownNames: Readonly<Record<number, string>> = { 1: 'code', 2: 'constants', 3: 'data' };

function nameOf(code: number): string {
  switch (code) {
    case fixup.load32:
    case fixup.call32:
    case fixup.jump32:
      return 'R_X86_64_GOTPCRELX';
    case fixup.lea32:
      return 'R_X86_64_PC32';
    default:
      return relocationTable.find((row) => row.fixup === code)?.name ?? `fixup ${String(code)}`;
  }
}

function reasonOf(code: number): string {
  switch (code) {
    case fixup.tlsCell32:
    case fixup.threadOffset32:
    case fixup.threadOffset64:
      return 'it is not in static TLS, so it has no fixed offset from the thread pointer';
    case fixup.tlsOffset32:
    case fixup.tlsOffset64:
    case fixup.tlsModule64:
    case fixup.tlsPair32:
      return 'it is not thread-local';
    case fixup.size32:
    case fixup.size64:
      return 'its size is not known in this object';
    default:
      return 'it is thread-local, or has no cell';
  }
}

function hexadecimal(value: number): string {
  return value < 0 ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}
