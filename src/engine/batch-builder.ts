/** Builds units of several modules and brings them into use together, or none of them. */
import { assert, present } from '../core/assert.js';
import { askedFor, CompileTicket } from '../core/compile-ticket.js';
import type { ModuleRecord } from '../registry/records.js';
import type { Composition } from './compose.js';
import { LinkBatch, type LinkBatchParts } from './link-batch.js';
import type { LoadedModule, Unit } from './loaded-module.js';

/** Units of a module, and the tier that they are to get, as a position in the ladder. */
export interface BatchMember {
  readonly home: LoadedModule;
  /** Units that are not being compiled; none: only the module's variables are linked. */
  readonly units: readonly Unit[];
  readonly target: number;
  /** New source that is to become the module's. */
  readonly replacement?: { readonly record: ModuleRecord; readonly wantsData: boolean };
}

/** What happens around the moment at which a batch comes into use. */
export type BatchHooks = Pick<LinkBatchParts, 'whenQuiescent' | 'beforePublish'>;

/**
 * Compiles units and publishes them together.
 *
 * @param parts - The engine's parts.
 * @param members - Each module once.
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
  const { builder, lifecycles, settings } = parts;
  const orders = members.map(({ home, units, target, replacement }) => {
    const tier = present(settings.tiers[target], 'a member names a rung of the ladder');
    const { record, wantsData } = replacement ?? { record: home.record, wantsData: !home.isLinked };
    const ticket = new CompileTicket(home.isLinked ? askedFor : { kind: 'lazy' });
    return { home, record, wantsData, units, tier, reason, ticket };
  });
  const batch = new LinkBatch(orders, { ...parts, clock: settings.clock, ...hooks });
  builder.addBatch(batch);
  const all = members.flatMap(({ units, target }) => units.map((unit) => ({ unit, target })));
  try {
    for (const { unit, target } of all) {
      lifecycles.takeFailure(unit);
      const started = lifecycles.ask([unit], target, { reason, forced: true });
      assert(started, 'a unit that is not being compiled starts when it is forced to');
    }
    await batch.run();
    await Promise.all(all.map(async ({ unit }) => unit.work));
  } finally {
    builder.removeBatch(batch);
  }
  // All members fail with the same error, so that one report is enough.
  for (const { unit } of all) lifecycles.takeFailure(unit);
  await batch.done;
}
