/**
 * Writes all of an image that depends on where it and its targets are: the one way both for a first link and
 * for every relink (I6). Safe to repeat: each field is computed from preserved facts, never from what it holds.
 */
import { TierlinkError } from '../core/errors.js';
import { type BlockKind, blockKinds, blockNumber } from './blocks.js';
import type { PlacedBlock, Placement } from './context.js';
import { fixup } from './fixup-codes-x86-64.js';
import { applyFixup, type FixupRun } from './fixups-x86-64.js';
import type { ImagePlan } from './image.js';
import type { FixupVisitor } from './preserved.js';
import { cellBytes, hasCell, need, pairBytes } from './references.js';
import { relocationTable } from './relocations-x86-64.js';
import type { Resolution } from './resolve.js';
import { valueField, valueStride } from './values.js';

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
  const visit = writer(plan, placement, resolution, blocks, write);
  for (const block of blocks) {
    if (placement[block] !== undefined) plan.preserved.inBlock(block, visit);
  }
  if (write && blocks.includes('readonly')) writeCells(plan, placement, resolution);
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
  plan.preserved.forReference(resolution.first, writer(plan, placement, resolution, blocks, write));
  if (write && blocks.includes('readonly')) writeCells(plan, placement, resolution);
}

/** Makes what writes entries into the blocks of a placement. */
function writer(
  plan: ImagePlan,
  placement: Placement,
  resolution: Resolution,
  blocks: readonly BlockKind[],
  write: boolean,
): FixupVisitor {
  const { references } = plan.preserved;
  const bases = blockBases(placement);
  const got = (bases[blockNumber.readonly] ?? 0) + references.cellStart;
  const { first, modules, values } = resolution;
  const run: FixupRun = {
    bases,
    first,
    values,
    modules,
    got,
    tlsBase: got + references.threadBase,
    failed: 0,
  };
  const views: (DataView | undefined)[] = [undefined];
  for (const kind of blockKinds) views.push(blocks.includes(kind) ? viewOf(placement[kind]) : undefined);
  return (block, place, code, addend, base, operand) => {
    const view = views[block];
    if (view === undefined) return;
    if (applyFixup(run, view, bases[block] ?? 0, place, code, addend, base, operand, write)) return;
    throw failure(plan, code, base, operand, run.failed);
  };
}

function viewOf(placed: PlacedBlock | undefined): DataView | undefined {
  return placed === undefined
    ? undefined
    : new DataView(placed.bytes.buffer, placed.bytes.byteOffset, placed.bytes.byteLength);
}

/** Writes the cells and pairs of all references that a resolution covers. */
function writeCells(plan: ImagePlan, placement: Placement, resolution: Resolution): void {
  const { references } = plan.preserved;
  const { cellStart, needs, threadBase } = references;
  const { first, modules, values } = resolution;
  const view = viewOf(placement.readonly);
  if (view === undefined) return;
  let cell = cellStart + references.cellAfter(references.firstCell, 0, first);
  let pair = cellStart + references.pairAfter(0, 0, first);
  for (let index = 0; index < modules.length; index += 1) {
    const bits = needs[first + index] ?? 0;
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
  if (threadBase >= 0 && modules.length === references.count) {
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
