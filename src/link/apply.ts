/**
 * Writes all of an image that depends on where it and its targets are: the one way both for a first link and
 * for every relink (I6). Safe to repeat: each field is computed from preserved facts, never from what it holds.
 */
import { TierlinkError } from '../core/errors.js';
import { type BlockKind, blockNumber } from './blocks.js';
import type { Placement } from './context.js';
import { fixup } from './fixup-codes-x86-64.js';
import { applyFixups, type FixupRun } from './fixups-x86-64.js';
import type { ImagePlan } from './image.js';
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
  const bases = blockBases(placement);
  const got = (bases[blockNumber.readonly] ?? 0) + plan.references.cellStart;
  const run: FixupRun = {
    preserved: plan.preserved,
    bases,
    values: resolution.values,
    modules: resolution.modules,
    got,
    tlsBase: got + plan.references.threadBase,
    failed: 0,
  };
  for (const block of blocks) {
    const placed = placement[block];
    const { from, to } = plan.preserved.range(block);
    if (placed === undefined || from === to) continue;
    const { bytes } = placed;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const failed = applyFixups(run, from, to, view, placed.address, write);
    if (failed >= 0) throw failure(plan, failed, run.failed);
  }
  if (write && blocks.includes('readonly') && placement.readonly !== undefined) {
    writeCells(plan, placement.readonly.bytes, resolution);
  }
}

function writeCells(plan: ImagePlan, bytes: Uint8Array, resolution: Resolution): void {
  const { count, cells, pairs, cellStart, threadBase } = plan.references;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let index = 0; index < count; index += 1) {
    const cell = cells[index] ?? -1;
    const pair = pairs[index] ?? -1;
    const row = index * valueStride;
    if (cell >= 0) {
      const address = resolution.values[row + valueField.address] ?? Number.NaN;
      const content = Number.isNaN(address)
        ? (resolution.values[row + valueField.threadOffset] ?? Number.NaN)
        : address;
      write64(view, cellStart + cell, Number.isNaN(content) ? 0 : content);
    }
    if (pair >= 0) {
      view.setBigUint64(cellStart + pair, resolution.modules[index] ?? 0n, true);
      write64(view, cellStart + pair + 8, resolution.values[row + valueField.tlsOffset] ?? 0);
    }
  }
  if (threadBase >= 0) {
    view.setBigUint64(cellStart + threadBase, resolution.threadBase, true);
    write64(view, cellStart + threadBase + 8, 0);
  }
}

function write64(view: DataView, at: number, value: number): void {
  view.setInt32(at, value | 0, true);
  view.setInt32(at + 4, Math.floor(value / 4294967296), true);
}

/** Names the relocation that did not fit. */
function failure(plan: ImagePlan, entry: number, value: number): TierlinkError {
  const packed = plan.preserved.fixups[entry] ?? 0;
  const code = packed & 63;
  const base = (packed >>> 6) & 3;
  const symbol =
    base === 0 ? (plan.references.names[packed >>> 8] ?? '') : `its own ${ownNames[base] ?? 'block'}`;
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
