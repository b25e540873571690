/** Builds several units and brings them into use together, or none of them. */
import { assert } from '../core/assert.js';
import type { Composition } from './compose.js';
import { LinkBatch, type LinkBatchParts } from './link-batch.js';
import { settled, type Unit } from './unit.js';

/** A unit and the tier that it is to get, as a position in the ladder. */
export interface BatchMember {
  readonly unit: Unit;
  readonly target: number;
}

/** What happens around the moment at which a batch comes into use. */
export type BatchHooks = Pick<LinkBatchParts, 'whenQuiescent' | 'beforePublish'>;

/**
 * Compiles units and publishes them together.
 *
 * @param parts - The engine's parts.
 * @param members - Units that are not being compiled.
 * @param reason - Why, for events.
 * @param hooks - When to publish, and what has to be done before.
 * @throws what the first member failed with (as a rejection); then none has changed.
 */
export async function buildTogether(
  parts: Composition,
  members: readonly BatchMember[],
  reason: string,
  hooks: BatchHooks = {},
): Promise<void> {
  const { builder, controller, settings } = parts;
  const units = members.map(({ unit }) => unit);
  const batch = new LinkBatch(units, { ...parts, clock: settings.clock, ...hooks });
  builder.addBatch(batch);
  try {
    for (const { unit, target } of members) {
      controller.takeFailure(unit);
      const started = controller.step(unit, { type: 'request', target, reason, forced: true });
      assert(started, 'a unit that is not being compiled starts when it is forced to');
    }
    await Promise.all(units.map(settled));
  } finally {
    builder.removeBatch(batch);
  }
  // All members fail with the same error, so that one report is enough.
  const failures = units.map((unit) => controller.takeFailure(unit));
  const failure = failures.find((error) => error !== undefined);
  if (failure !== undefined) throw failure;
}
