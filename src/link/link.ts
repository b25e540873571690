/** Links a prepared image at its first place. */
import { assert } from '../core/assert.js';
import { type Address, address } from '../core/ids.js';
import { applyRelocations, blockBases } from './apply.js';
import { blockKinds } from './blocks.js';
import type { LinkContext, Placement } from './context.js';
import { discardRelocations } from './discard.js';
import type { ImagePlan, LinkedImage, PreparedImage } from './image.js';
import { giveResolution, resolveReferences } from './resolve.js';

/** Shared by all images without constructors. */
const noCells: readonly Address[] = [];

/** What becomes of an image's relocations once they are applied. */
export interface LinkOptions {
  /**
   * `discard`: dropped, so that the image can't be linked again.
   *
   * @defaultValue `preserve`
   */
  readonly relocations?: 'preserve' | 'discard' | undefined;
}

/**
 * Links an image. Writes only into the given blocks; after an error they hold garbage, and nothing else has
 * changed.
 *
 * @param prepared - The image.
 * @param placement - A block for each kind of which the image needs more than 0 bytes, aligned as needed. What
 * the object does not initialise is not written, and must read as zero.
 * @param context - Where symbols lead.
 * @param options - Whether it is to be linked again.
 * @returns The linked image, which no longer refers to the object's bytes.
 * @throws TierlinkError SYMBOL_UNRESOLVED, RELOCATION_OVERFLOW, RELOCATION_UNSUPPORTED
 */
export function linkImage(
  prepared: PreparedImage,
  placement: Placement,
  context: LinkContext,
  options: LinkOptions = {},
): LinkedImage {
  checkPlacement(prepared, placement);
  const { content } = prepared;
  const plan = planOf(prepared);
  const resolution = resolveReferences(plan, blockBases(placement), context);
  for (const block of blockKinds) placement[block]?.bytes.set(content[block]);
  // Cells that nothing is written to must read as zero, too.
  placement.readonly?.bytes.fill(0, content.readonly.length, plan.blocks.readonly.size);
  applyRelocations(plan, placement, resolution, blockKinds, true);
  giveResolution(resolution);
  const image = imageAt(plan, placement);
  return options.relocations === 'discard' ? discardRelocations(image) : image;
}

/** All but the initial bytes; named one by one, since copying the rest of an object takes longer than all of them. */
function planOf(prepared: PreparedImage): ImagePlan {
  const {
    blocks,
    coldParts,
    constructors,
    destructors,
    frames,
    hasLines,
    module,
    movable,
    preserved,
    symbols,
    tls,
  } = prepared;
  return {
    module,
    blocks,
    symbols,
    coldParts,
    tls,
    movable,
    hasLines,
    preserved,
    frames,
    constructors,
    destructors,
  };
}

/**
 * Holds that a placement fits an image.
 *
 * @param plan - The image.
 * @param placement - Where it is to lie.
 * @throws InvariantError when a block is missing, too small or not aligned.
 */
export function checkPlacement(plan: ImagePlan, placement: Placement): void {
  for (const block of blockKinds) {
    const { size, alignment } = plan.blocks[block];
    if (size === 0) continue;
    const placed = placement[block];
    assert(
      placed !== undefined && placed.bytes.length >= size,
      `the ${block} block has ${String(size)} bytes`,
    );
    assert(placed.address % alignment === 0, `the ${block} block is aligned to ${String(alignment)} bytes`);
  }
}

/**
 * Describes an image at a place.
 *
 * @param plan - The image.
 * @param placement - Where it lies now.
 * @returns The linked image.
 */
export function imageAt(plan: ImagePlan, placement: Placement): LinkedImage {
  const start = placement.readonly?.address ?? 0;
  const at = (offset: number): Address => address(start + offset);
  const { frames, tls } = plan;
  return {
    module: plan.module,
    plan,
    placement,
    symbols: plan.symbols,
    preserved: plan.preserved,
    frames: frames === undefined ? undefined : { address: at(frames.offset), size: frames.size },
    tls:
      tls === undefined
        ? undefined
        : {
            image: at(tls.offset),
            fileBytes: tls.fileBytes,
            memoryBytes: tls.memoryBytes,
            alignment: tls.alignment,
          },
    constructors: plan.constructors.length === 0 ? noCells : plan.constructors.map(at),
    destructors: plan.destructors.length === 0 ? noCells : plan.destructors.map(at),
  };
}
