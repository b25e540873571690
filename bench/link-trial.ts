/** How long tierlink takes to link objects: for the first time in a process, and once it is warm. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { median } from './findings.js';
import { Arena, linkObjects } from './object-linker.js';
import { processorUs } from './processor-time.js';

/** What a trial found, in microseconds of processor time. */
export interface LinkTimes {
  readonly freshUs: number;
  readonly warmUs: number;
}

const arenaBytes = 32 * 2 ** 20;
/** Long enough for V8 to have compiled all that it will. */
const warmMs = 2_500;
const fewestPasses = 20;

/**
 * Links objects again and again.
 *
 * @param paths - The objects.
 * @param isFirstOnly - Whether it may end before V8 is warm.
 * @returns The first time and the median of the later half.
 */
export function linkTrial(paths: readonly string[], isFirstOnly: boolean): LinkTimes {
  const objects = paths.map((path) => ({ name: basename(path), bytes: readFileSync(path) }));
  const arena = new Arena(arenaBytes);
  const times: number[] = [];
  const end = performance.now() + (isFirstOnly ? 0 : warmMs);
  const fewest = isFirstOnly ? 2 : fewestPasses;
  let first: Uint8Array | undefined;
  while (performance.now() < end || times.length < fewest) {
    arena.reset();
    const begin = processorUs();
    linkObjects(objects, arena);
    times.push(processorUs() - begin);
    first ??= arena.bytes.slice();
  }
  if (first === undefined || Buffer.compare(first, arena.bytes) !== 0)
    throw new Error('linking the same objects twice gives different bytes');
  return { freshUs: times[0] ?? Number.NaN, warmUs: median(times.slice(times.length >> 1)) };
}
