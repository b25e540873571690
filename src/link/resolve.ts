/** Pass 4: looks up every reference of an image and fills its row of values. */
import { present } from '../core/assert.js';
import { TierlinkError } from '../core/errors.js';
import { blockNumber } from './blocks.js';
import type { LinkContext, Target } from './context.js';
import type { ImagePlan } from './image.js';
import { need, ownPlace, type Reference, useOf } from './references.js';
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
  const { list, cells } = plan.references;
  const values = new Float64Array(list.length * valueStride).fill(Number.NaN);
  const modules = new BigUint64Array(list.length);
  const got = (bases[blockNumber.readonly] ?? 0) + cells;
  const missing: string[] = [];
  for (let index = 0; index < list.length; index += 1) {
    const reference = present(list[index], 'references are numbered without gaps');
    const row = index * valueStride;
    if (reference.cell >= 0) values[row + valueField.cell] = got + reference.cell;
    if (reference.pair >= 0) values[row + valueField.pair] = got + reference.pair;
    values[row + valueField.size] = reference.size;
    const target = reference.local ? undefined : context.resolve(reference.name, useOf(reference.needs));
    if (target !== undefined) fillTarget(values, modules, row, index, target);
    else if (reference.place !== ownPlace.none)
      fillOwn(values, modules, row, index, reference, bases, context);
    else if (reference.weak) fillNothing(values, row);
    else missing.push(reference.name);
  }
  if (missing.length > 0) {
    const { module } = plan;
    throw new TierlinkError('SYMBOL_UNRESOLVED', { module, symbols: missing, searched: context.searched });
  }
  return { values, modules, threadBase: threadBaseOf(plan, modules) };
}

function fillTarget(
  values: Float64Array,
  modules: BigUint64Array,
  row: number,
  index: number,
  target: Target,
): void {
  switch (target.kind) {
    case 'function':
      values[row + valueField.address] = target.stub;
      values[row + valueField.entry] = target.direct ?? target.stub;
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
      fillThreadLocal(values, modules, row, index, target.module, target.offset);
      if (target.staticOffset !== undefined) {
        values[row + valueField.threadOffset] = target.staticOffset;
        values[row + valueField.slot] = values[row + valueField.cell] ?? Number.NaN;
      }
      break;
  }
}

function fillOwn(
  values: Float64Array,
  modules: BigUint64Array,
  row: number,
  index: number,
  reference: Reference,
  bases: Float64Array,
  context: LinkContext,
): void {
  if (reference.place === ownPlace.thread) {
    const module = present(context.tlsModule, 'an image with thread-locals is linked with their module word');
    fillThreadLocal(values, modules, row, index, module, reference.offset);
  } else if (reference.place === ownPlace.absolute) {
    fillAddress(values, row, reference.offset);
  } else {
    fillAddress(values, row, (bases[reference.place] ?? 0) + reference.offset);
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

function fillThreadLocal(
  values: Float64Array,
  modules: BigUint64Array,
  row: number,
  index: number,
  module: bigint,
  offset: number,
): void {
  // The cell of a thread-local holds its static offset: no relocation may take it for an address.
  values[row + valueField.tlsOffset] = offset;
  modules[index] = module;
}

/** The module that `__tls_get_addr({module, 0})` is asked for; one image can have only one such. */
function threadBaseOf(plan: ImagePlan, modules: BigUint64Array): bigint {
  if (plan.references.threadBase < 0) return 0n;
  let first = -1;
  for (let index = 0; index < plan.references.list.length; index += 1) {
    const reference = present(plan.references.list[index], 'references are numbered without gaps');
    if ((reference.needs & need.threadBase) === 0) continue;
    if (first < 0) first = index;
    if (modules[index] === modules[first]) continue;
    throw new TierlinkError('RELOCATION_UNSUPPORTED', {
      module: plan.module,
      symbol: reference.name,
      kind: 'R_X86_64_TLSLD',
      reason: `it shares a thread-local block with ${plan.references.list[first]?.name ?? ''} of another module`,
    });
  }
  return modules[first] ?? 0n;
}
