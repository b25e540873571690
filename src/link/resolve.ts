/** Pass 4: looks up every reference of an image and fills its row of values. */
import { present } from '../core/assert.js';
import { TierlinkError } from '../core/errors.js';
import { blockNumber } from './blocks.js';
import type { LinkContext, Target } from './context.js';
import type { ImagePlan } from './image.js';
import { cellBytes, hasCell, need, needBits, type OwnDefinition, pairBytes } from './references.js';
import { valueField, valueStride } from './values.js';

/** What references of an image came to. */
export interface Resolution {
  /** The reference of the first row. */
  readonly first: number;
  /** Number of rows. */
  readonly count: number;
  /** Rows as in values.ts, and perhaps room behind them. */
  readonly values: Float64Array;
  /** First `tls_index` word of each reference; empty when none is a thread-local. */
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
  const { references } = plan.preserved;
  const { values, modules } = lookUp(plan, bases, context, 0, references.count);
  return {
    first: 0,
    count: references.count,
    values,
    modules,
    threadBase: threadBaseOf(plan, values, modules),
  };
}

/**
 * Looks up one reference.
 *
 * @param plan - The image.
 * @param bases - Addresses of its blocks, by block number.
 * @param context - Where symbols lead.
 * @param reference - Its number; not one that is reached from the start of a thread-local block.
 * @returns Its values.
 * @throws TierlinkError SYMBOL_UNRESOLVED
 */
export function resolveReference(
  plan: ImagePlan,
  bases: Float64Array,
  context: LinkContext,
  reference: number,
): Resolution {
  const { values, modules } = lookUp(plan, bases, context, reference, reference + 1);
  return { first: reference, count: 1, values, modules, threadBase: 0n };
}

const noModules = new BigUint64Array(0);

const noRows: Float64Array = new Float64Array(0);
/** References of the largest image whose rows are kept for the next one. */
const mostKept = 20_000;
/** Rows that were given back. */
let spareRows = noRows;

/** Rows without values; who looks up references meanwhile, while a context is asked, takes others. */
function takeRows(count: number): Float64Array {
  const numbers = count * valueStride;
  const rows = spareRows.length < numbers ? new Float64Array(numbers) : spareRows;
  spareRows = noRows;
  return rows.fill(Number.NaN, 0, numbers);
}

/**
 * Gives a resolution's memory back, for the next one: it must not be used any more.
 *
 * @param resolution - What references came to, all applied now.
 */
export function giveResolution({ values }: Resolution): void {
  if (values.length > spareRows.length && values.length <= mostKept * valueStride) spareRows = values;
}

function lookUp(
  plan: ImagePlan,
  bases: Float64Array,
  context: LinkContext,
  from: number,
  to: number,
): Pick<Resolution, 'values' | 'modules'> {
  const { references } = plan.preserved;
  const { names, own: described, rows } = references;
  const { call, cell: cellNeed, local: localNeed, pair: pairNeed, thread, weak } = need;
  const values = takeRows(to - from);
  // Few images have thread-locals.
  const modules = (references.allNeeds & thread) === 0 ? noModules : new BigUint64Array(to - from);
  const got = (bases[blockNumber.readonly] ?? 0) + references.cellStart;
  const hasOwn = described.size > 0;
  const missing: string[] = [];
  let cell = got + references.cellAfter(references.firstCell, 0, from);
  let pair = got + references.pairAfter(0, 0, from);
  for (let reference = from, row = 0; reference < to; reference += 1, row += valueStride) {
    const needs = rows[reference] ?? 0;
    if ((needs & (cellNeed | weak)) !== 0 && hasCell(needs)) {
      values[row + valueField.cell] = cell;
      cell += cellBytes;
    }
    if ((needs & pairNeed) !== 0) {
      values[row + valueField.pair] = pair;
      pair += pairBytes;
    }
    let target: Target | undefined;
    if ((needs & localNeed) === 0) {
      // As `useOf` does.
      const use = (needs & thread) !== 0 ? 'tls' : (needs & call) !== 0 ? 'call' : 'address';
      target = context.resolve(names.text(needs >>> needBits), use);
    }
    const own = hasOwn ? described.get(reference) : undefined;
    if (own !== undefined) values[row + valueField.size] = own.size;
    if (target !== undefined) fillTarget(values, modules, row, target);
    else if (!fillWithout(plan, values, modules, row, reference, own, bases, context))
      missing.push(references.name(reference));
    // What a target can't serve must not be served by an empty pair.
    if ((needs & pairNeed) !== 0 && Number.isNaN(values[row + valueField.tlsOffset]))
      values[row + valueField.pair] = Number.NaN;
  }
  if (missing.length > 0) {
    const { module } = plan;
    throw new TierlinkError('SYMBOL_UNRESOLVED', { module, symbols: missing, searched: context.searched });
  }
  return { values, modules };
}

function fillTarget(values: Float64Array, modules: BigUint64Array, row: number, target: Target): void {
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
      fillThread(values, modules, row, target.offset, target.module);
      if (target.staticOffset === undefined) break;
      values[row + valueField.threadOffset] = target.staticOffset;
      values[row + valueField.slot] = values[row + valueField.cell] ?? Number.NaN;
      break;
  }
  // What a target can't serve must not be served by an empty cell.
  if (target.kind === 'tls') values[row + valueField.cell] = Number.NaN;
}

/** What a symbol is that is not looked up, or was not found; false when it is missing. */
function fillWithout(
  plan: ImagePlan,
  values: Float64Array,
  modules: BigUint64Array,
  row: number,
  reference: number,
  described: OwnDefinition | undefined,
  bases: Float64Array,
  context: LinkContext,
): boolean {
  const { references } = plan.preserved;
  const needs = references.needs(reference);
  const local = (needs & need.local) !== 0;
  const own = described ?? (local ? undefined : plan.symbols.ofId(references.nameId(reference)));
  if (own === undefined) {
    if ((needs & need.weak) === 0) return false;
    fillNothing(values, row);
  } else if (own.place === 'tls') {
    const module = present(context.tlsModule, 'an image with thread-locals is linked with their module word');
    fillThread(values, modules, row, own.offset, module);
    values[row + valueField.cell] = Number.NaN;
  } else {
    const { offset, place } = own;
    fillAddress(values, row, place === 'absolute' ? offset : (bases[blockNumber[place]] ?? 0) + offset);
  }
  return true;
}

function fillThread(
  values: Float64Array,
  modules: BigUint64Array,
  row: number,
  offset: number,
  module: bigint,
): void {
  values[row + valueField.tlsOffset] = offset;
  modules[row / valueStride] = module;
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
  const { references } = plan.preserved;
  if (references.threadBase < 0) return 0n;
  let first = -1;
  for (let index = 0; index < references.count; index += 1) {
    if ((references.needs(index) & need.threadBase) === 0) continue;
    if (first < 0) first = index;
    const thread = !Number.isNaN(values[index * valueStride + valueField.tlsOffset]);
    if (thread && modules[index] === modules[first]) continue;
    throw new TierlinkError('RELOCATION_UNSUPPORTED', {
      module: plan.module,
      symbol: references.name(index),
      kind: 'R_X86_64_TLSLD',
      reason: thread
        ? `it shares a thread-local block with ${references.name(first)} of another module`
        : 'it is not thread-local',
    });
  }
  return modules[first] ?? 0n;
}
