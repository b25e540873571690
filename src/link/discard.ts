/** Giving up relinking: what it needs is dropped, and its memory with it. */
import { TierlinkError } from '../core/errors.js';
import type { LinkedImage } from './image.js';
import { NameTable } from './names.js';
import { noOddAddends, PreservedRelocations } from './preserved.js';
import { PreservedColumns } from './preserved-columns.js';
import { ReferenceTable } from './references.js';

/** Stands for the relocations of every image that gave them up. */
const discarded = new PreservedRelocations(
  new ReferenceTable({ names: new NameTable(), count: 0, own: new Map(), cellStart: 0 }, new Uint32Array(0)),
  new PreservedColumns({ windows: 0, references: 0, groups: 0, referenced: 0, own: 0 }),
  [0, 0, 0, 0],
  noOddAddends,
);

/**
 * Drops the preserved relocations of an image, for good. Their memory goes with the last use of the image given,
 * and of the prepared image that it was linked from.
 *
 * @param image - The image.
 * @returns The same image at the same place, which can't be linked again.
 */
export function discardRelocations(image: LinkedImage): LinkedImage {
  return { ...image, plan: { ...image.plan, preserved: discarded }, preserved: discarded };
}

/**
 * Holds that an image can be linked again.
 *
 * @param image - The image.
 * @param operation - What is to be done, for the message.
 * @throws TierlinkError RELOCATIONS_DISCARDED
 */
export function needRelocations(image: LinkedImage, operation: string): void {
  if (image.preserved !== discarded) return;
  throw new TierlinkError('RELOCATIONS_DISCARDED', { module: image.module, operation });
}
