/** The shipped policies by name, and the one that an engine's options ask for. */
import type { TierRecipe } from '../core/tier.js';
import { budgetedPolicy } from '../../tiers/policies/budgeted.js';
import { countersPolicy, type Thresholds } from '../../tiers/policies/counters.js';
import { eagerPolicy } from '../../tiers/policies/eager.js';
import { neverPolicy } from '../../tiers/policies/never.js';
import { dotnetPolicy, hotspotPolicy, jscPolicy, v8Policy } from '../../tiers/policies/presets.js';
import type { Policy } from '../../tiers/policy.js';
import { invalid } from './option-checks.js';

/** Names of the shipped policies. */
export const policyNames = [
  'counters',
  'never',
  'eager',
  'budgeted',
  'hotspot',
  'v8',
  'jsc',
  'dotnet',
] as const;

/** What an engine's options say of its policy. */
export interface PolicyOptions {
  readonly policy?: string | Policy;
  readonly thresholds?: Thresholds;
}

/** The shipped policies but `counters`, which has options. */
const byName: Readonly<Record<string, () => Policy>> = {
  never: () => neverPolicy,
  eager: () => eagerPolicy,
  budgeted: () => budgetedPolicy(),
  hotspot: () => hotspotPolicy,
  v8: () => v8Policy,
  jsc: () => jscPolicy,
  dotnet: () => dotnetPolicy,
} satisfies Record<Exclude<(typeof policyNames)[number], 'counters'>, () => Policy>;

/**
 * The policy that was asked for.
 *
 * @param options - The engine's options.
 * @param tiers - Its ladder.
 * @returns The policy.
 * @throws TierlinkError OPTION_INVALID
 */
export function policyOf(
  { policy = 'counters', thresholds }: PolicyOptions,
  tiers: readonly Pick<TierRecipe, 'name'>[],
): Policy {
  if (thresholds !== undefined && policy !== 'counters') {
    const name = typeof policy === 'string' ? policy : policy.name;
    throw invalid('thresholds', `given to policy ${name}`, 'thresholds to the policy counters only');
  }
  if (typeof policy !== 'string') return policy;
  if (policy !== 'counters') {
    const make = Object.hasOwn(byName, policy) ? byName[policy] : undefined;
    if (make === undefined) throw invalid('policy', policy, policyNames.join(', '));
    return make();
  }
  const names = tiers.slice(1).map((tier) => tier.name);
  const stray = Object.keys(thresholds ?? {}).find((name) => !names.includes(name));
  if (stray !== undefined)
    throw invalid('thresholds', `for ${stray}`, `tiers above the lowest: ${names.join(', ')}`);
  return countersPolicy(thresholds === undefined ? {} : { thresholds });
}
