/** Pass 4: looks up every reference of an image and fills its row of values. */
import { present } from '../core/assert.js';
import { TierlinkError } from '../core/errors.js';
import { blockNumber } from './blocks.js';
import type { LinkContext, Target } from './context.js';
import type { ImagePlan } from './image.js';
import { need, ownPlace, type ReferenceTable, useOf } from './references.js';
import { valueField, valueStride } from './values.js';

/** What all references of an image came to. */
export interface Resolution {
  /** Rows as in values.ts. */
  readonly values: Float64Array;
  /** First `tls_index` word of each reference. */
  readonly modules: BigUint64Array;
  /** First `tls_index` word of the pair {module, 0}. */
  readonly threadBase: bigint;
}

/**
 * Looks up every reference.
 *
 * @param plan - The image.
 * @param bases - Addresses of its blocks, by block number.
 * @param context - Where symbols lead.
 * @returns Their values.
 * @throws TierlinkError SYMBOL_UNRESOLVED naming all that are missing, RELOCATION_UNSUPPORTED
 */
export function resolveReferences(plan: ImagePlan, bases: Float64Array, context: LinkContext): Resolution {
  const { references } = plan;
  const { count } = references;
  const values = new Float64Array(count * valueStride).fill(Number.NaN);
  const modules = new BigUint64Array(count);
  const got = (bases[blockNumber.readonly] ?? 0) + references.cellStart;
  const missing: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const row = index * valueStride;
    const needs = references.needs[index] ?? 0;
    const name = references.names[index] ?? '';
    const cell = references.cells[index] ?? -1;
    const pair = references.pairs[index] ?? -1;
    if (cell >= 0) values[row + valueField.cell] = got + cell;
    if (pair >= 0) values[row + valueField.pair] = got + pair;
    values[row + valueField.size] = references.sizes[index] ?? Number.NaN;
    const target = (needs & need.local) !== 0 ? undefined : context.resolve(name, useOf(needs));
    if (target !== undefined) fillTarget(values, modules, index, target);
    else if (references.places[index] !== ownPlace.none) {
      fillOwn(values, modules, index, references, bases, context);
    } else if ((needs & need.weak) !== 0) fillNothing(values, row);
    else missing.push(name);
    // What a target can't serve must not be served by an empty cell.
    if (Number.isNaN(values[row + valueField.address])) values[row + valueField.cell] = Number.NaN;
    if (Number.isNaN(values[row + valueField.tlsOffset])) values[row + valueField.pair] = Number.NaN;
  }
  if (missing.length > 0) {
    const { module } = plan;
    throw new TierlinkError('SYMBOL_UNRESOLVED', { module, symbols: missing, searched: context.searched });
  }
  return { values, modules, threadBase: threadBaseOf(plan, values, modules) };
}

function fillTarget(values: Float64Array, modules: BigUint64Array, index: number, target: Target): void {
  const row = index * valueStride;
  switch (target.kind) {
    case 'function':
      values[row + valueField.address] = target.stub;
      values[row + valueField.entry] = target.stub;
      values[row + valueField.slot] = target.slot;
      if (target.direct !== undefined) values[row + valueField.direct] = target.direct;
      break;
    case 'far-function':
      values[row + valueField.address] = target.address;
      values[row + valueField.entry] = target.stub;
      values[row + valueField.slot] = target.slot;
      break;
    case 'data':
      fillAddress(values, row, target.address);
      break;
    case 'tls':
      values[row + valueField.tlsOffset] = target.offset;
      modules[index] = target.module;
      if (target.staticOffset === undefined) break;
      values[row + valueField.threadOffset] = target.staticOffset;
      values[row + valueField.slot] = values[row + valueField.cell] ?? Number.NaN;
      break;
  }
}

function fillOwn(
  values: Float64Array,
  modules: BigUint64Array,
  index: number,
  references: ReferenceTable,
  bases: Float64Array,
  context: LinkContext,
): void {
  const row = index * valueStride;
  const place = references.places[index] ?? 0;
  const offset = references.offsets[index] ?? 0;
  if (place === ownPlace.thread) {
    values[row + valueField.tlsOffset] = offset;
    modules[index] = present(
      context.tlsModule,
      'an image with thread-locals is linked with their module word',
    );
  } else {
    fillAddress(values, row, place === ownPlace.absolute ? offset : (bases[place] ?? 0) + offset);
  }
}

function fillAddress(values: Float64Array, row: number, address: number): void {
  values[row + valueField.address] = address;
  values[row + valueField.entry] = address;
  values[row + valueField.direct] = address;
  values[row + valueField.slot] = values[row + valueField.cell] ?? Number.NaN;
}

/** A weak symbol that nothing defines: address 0, and calling it faults. */
function fillNothing(values: Float64Array, row: number): void {
  const cell = values[row + valueField.cell] ?? Number.NaN;
  values[row + valueField.address] = 0;
  // A near call can't reach address 0: it goes to the cell, which can't be executed either.
  values[row + valueField.entry] = cell;
  values[row + valueField.slot] = cell;
}

/** The module that `__tls_get_addr({module, 0})` is asked for; one image can have only one such. */
function threadBaseOf(plan: ImagePlan, values: Float64Array, modules: BigUint64Array): bigint {
  const { references } = plan;
  if (references.threadBase < 0) return 0n;
  let first = -1;
  for (let index = 0; index < references.count; index += 1) {
    if (((references.needs[index] ?? 0) & need.threadBase) === 0) continue;
    if (first < 0) first = index;
    const thread = !Number.isNaN(values[index * valueStride + valueField.tlsOffset]);
    if (thread && modules[index] === modules[first]) continue;
    throw new TierlinkError('RELOCATION_UNSUPPORTED', {
      module: plan.module,
      symbol: references.names[index] ?? '',
      kind: 'R_X86_64_TLSLD',
      reason: thread
        ? `it shares a thread-local block with ${references.names[first] ?? ''} of another module`
        : 'it is not thread-local',
    });
  }
  return modules[first] ?? 0n;
}
