/** Links an image again, after it was moved or its targets were: every byte as a fresh link would give it. */
import { assert } from '../core/assert.js';
import { applyReference, applyRelocations, blockBases } from './apply.js';
import { type BlockKind, blockKinds } from './blocks.js';
import type { LinkContext, Placement } from './context.js';
import { needRelocations } from './discard.js';
import type { LinkedImage } from './image.js';
import { checkPlacement, imageAt } from './link.js';
import { need } from './references.js';
import { giveResolution, resolveReference, resolveReferences } from './resolve.js';

/** What the program may have done with an image's mutable data. */
export type DataState =
  /** It may have run: data neither moves nor is written (I1, I2). */
  | 'live'
  /** It never ran: data may move and is relocated like the rest. */
  | 'untouched';

/** The blocks that a relink writes. */
const writtenBlocks: Readonly<Record<DataState, readonly BlockKind[]>> = {
  live: ['code', 'readonly'],
  untouched: blockKinds,
};

/**
 * Links an image again. Nothing is written unless everything fits, so a failure leaves the image as it was.
 * Only while no mutator executes in, or can return into, the image (I7).
 *
 * @param image - The image; its present blocks still hold its bytes.
 * @param placement - Where it lies from now on: blocks may be the present ones, or new ones, to which their
 * bytes are copied.
 * @param context - Where symbols lead from now on.
 * @param state - Whether the program may have stored to the image's data.
 * @returns The image at its new place.
 * @throws TierlinkError RELOCATIONS_DISCARDED, SYMBOL_UNRESOLVED, RELOCATION_OVERFLOW, RELOCATION_UNSUPPORTED
 */
export function relinkImage(
  image: LinkedImage,
  placement: Placement,
  context: LinkContext,
  state: DataState = 'live',
): LinkedImage {
  const { plan } = image;
  needRelocations(image, 'relinking');
  checkPlacement(plan, placement);
  const moved = blockKinds.filter((block) => placement[block]?.address !== image.placement[block]?.address);
  const written = writtenBlocks[state];
  if (state === 'live') {
    assert(!moved.includes('data'), 'live data never moves');
    assert(plan.movable || moved.length === 0, 'an image whose data points into its code never moves');
  }
  const resolution = resolveReferences(plan, blockBases(placement), context);
  applyRelocations(plan, placement, resolution, written, false);
  for (const block of blockKinds) {
    const from = image.placement[block]?.bytes;
    const to = placement[block]?.bytes;
    if (from !== undefined && to !== undefined && to !== from)
      to.set(from.subarray(0, plan.blocks[block].size));
  }
  applyRelocations(plan, placement, resolution, written, true);
  giveResolution(resolution);
  return imageAt(plan, placement);
}

/**
 * Writes the fixups against one symbol again, after it alone was moved: found by the index, not by a search.
 * Nothing is written unless all fit. Only while no mutator executes in, or can return into, the image (I7).
 *
 * @param image - The image, where it lies.
 * @param symbol - Linker name of a global symbol that is not a thread-local.
 * @param context - Where it leads from now on.
 * @param state - Whether the program may have stored to the image's data.
 * @returns False when the image does not refer to the symbol.
 * @throws TierlinkError RELOCATIONS_DISCARDED, SYMBOL_UNRESOLVED, RELOCATION_OVERFLOW, RELOCATION_UNSUPPORTED
 */
export function relinkReference(
  image: LinkedImage,
  symbol: string,
  context: LinkContext,
  state: DataState = 'live',
): boolean {
  const { placement, plan } = image;
  needRelocations(image, `relinking ${symbol}`);
  const { references } = plan.preserved;
  const reference = references.find(symbol);
  if (reference < 0) return false;
  const thread = (references.needs(reference) & need.thread) !== 0;
  assert(!thread, 'a thread-local does not move, and shares its pair with others');
  const resolution = resolveReference(plan, blockBases(placement), context, reference);
  applyReference(plan, placement, resolution, writtenBlocks[state], false);
  applyReference(plan, placement, resolution, writtenBlocks[state], true);
  return true;
}
