/** How much memory preserved relocations take: as they count themselves, and as it is missing from the process. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { ObjectFile } from './compiled-modules.js';
import type { LinkedImage } from '../src/link/image.js';
import { NameTable } from '../src/link/names.js';
import { Arena, linkObjects } from './object-linker.js';

/** What a trial found. */
export interface PreservedBytes {
  readonly relocations: number;
  /** Bytes of columns, indexes and references. */
  readonly counted: number;
  /** Bytes that the process holds more than if relocations had been discarded, objects of JS included. */
  readonly held: number;
}

/** Linked so often: one copy is too little beside what else a process does. */
const copies = 12;
const arenaBytes = 64 * 2 ** 20;

/**
 * Links copies of objects, once preserving and once discarding their relocations.
 *
 * @param paths - The objects.
 * @returns Of one copy.
 */
export function preservedTrial(paths: readonly string[]): PreservedBytes {
  const objects = paths.map((path): ObjectFile => ({ name: basename(path), bytes: readFileSync(path) }));
  const arena = new Arena(arenaBytes);
  const names = new NameTable();
  const link = (relocations: 'preserve' | 'discard'): LinkedImage[] => {
    arena.reset();
    return linkObjects(objects, arena, names, { relocations });
  };
  // Code, names and what V8 makes for its own use are there before anything is counted.
  link('discard');
  const sample = link('preserve');
  const relocations = sample.reduce((sum, { preserved }) => sum + preserved.count, 0);
  const counted = sample.reduce((sum, { preserved }) => sum + preserved.bytes, 0);
  const kept = (keeping: 'preserve' | 'discard'): number => {
    const before = heldBytes();
    const images = Array.from({ length: copies }, () => link(keeping));
    const after = heldBytes();
    // They must live until here.
    if (images.length !== copies) throw new Error('copies are missing');
    return after - before;
  };
  const discarded = kept('discard');
  return { relocations, counted, held: (kept('preserve') - discarded) / copies };
}

function heldBytes(): number {
  const { gc } = globalThis;
  if (gc === undefined) throw new Error('the process was started without --expose-gc');
  gc();
  gc();
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return arrayBuffers + heapUsed;
}
