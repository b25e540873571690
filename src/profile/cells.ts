/**
 * The cells in which instrumented code counts: how they are named, how large they are, and what they hold. Their name says
 * all, so an object needs nothing beside it, wherever it comes from.
 */
import { type FunctionProfile, mergedValues, type SeenValue } from './record.js';

/** What names of cells begin with; as `profilePrefix` of native/compile_parts.h. */
export const cellsPrefix = '__tierlink_profile.';

/** Words of one site: eight values with their counts; as native/value_sites.h. */
const siteWords = 16;
const wordBytes = 8;

/** The cells of one function. */
export interface CellsShape {
  /** Canonical name of the function. */
  readonly symbol: string;
  readonly hash: bigint;
  readonly counters: number;
  /** Sites of indirect calls, and of memory operations. */
  readonly callSites: number;
  readonly sizeSites: number;
}

/**
 * What a symbol says about the cells that it names.
 *
 * @param name - Such as `__tierlink_profile.1a2b.3.1.0.main`.
 * @returns The shape; undefined if it names no cells.
 */
export function cellsShape(name: string): CellsShape | undefined {
  if (!name.startsWith(cellsPrefix)) return undefined;
  const match = /^([0-9a-f]{1,16})\.(\d{1,9})\.(\d{1,9})\.(\d{1,9})\.(.+)$/s.exec(
    name.slice(cellsPrefix.length),
  );
  if (match === null) return undefined;
  const [, hash = '', counters = '', callSites = '', sizeSites = '', symbol = ''] = match;
  return {
    symbol,
    hash: BigInt(`0x${hash}`),
    counters: Number(counters),
    callSites: Number(callSites),
    sizeSites: Number(sizeSites),
  };
}

/** Bytes that the cells take. */
export function cellsBytes({ counters, callSites, sizeSites }: CellsShape): number {
  return (counters + (callSites + sizeSites) * siteWords) * wordBytes;
}

/**
 * Reads cells. Threads may count meanwhile, without locks: safe because words are aligned, so each is one that was stored,
 * and a value with the count of another, or a count that is lost, changes how well code is optimised and nothing else.
 *
 * @param shape - What they are.
 * @param bytes - The cells.
 * @param name - The function's name in profiles.
 * @param target - What stands in profiles for the function at an address.
 * @returns What was counted; undefined if it was nothing.
 */
export function readCells(
  shape: CellsShape,
  bytes: Uint8Array,
  name: string,
  target: (address: bigint) => bigint,
): FunctionProfile | undefined {
  const words = new BigUint64Array(bytes.buffer, bytes.byteOffset, bytes.length / wordBytes).slice();
  const counts = words.subarray(0, shape.counters);
  if (counts.every((count) => count === 0n)) return undefined;
  const site = (index: number, meaning: (value: bigint) => bigint): SeenValue[] => {
    const begin = shape.counters + index * siteWords;
    const values: SeenValue[] = [];
    for (let at = begin; at < begin + siteWords; at += 2) {
      const count = words[at + 1] ?? 0n;
      if (count > 0n) values.push({ value: meaning(words[at] ?? 0n), count });
    }
    return mergedValues(values);
  };
  return {
    name,
    hash: shape.hash,
    counts,
    calls: Array.from({ length: shape.callSites }, (_, index) => site(index, target)),
    sizes: Array.from({ length: shape.sizeSites }, (_, index) =>
      site(shape.callSites + index, (size) => size),
    ),
  };
}
