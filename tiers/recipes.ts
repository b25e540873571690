/** The shipped tiers and the ladder that an engine climbs. */
import { TierlinkError } from '../src/core/errors.js';
import type { TierRecipe } from '../src/core/tier.js';

/** Lowest tier: compiled fast, runs clang's alloca form as it is, counts calls. */
export const baseline: TierRecipe = {
  name: 'baseline',
  passes: 'default<O0>',
  codegenLevel: 0,
  hostCpu: false,
  counters: true,
  osr: true,
  bindLocalCalls: false,
};

/**
 * Cheap optimisation, still counting: the function passes that undo clang's allocas and what that uncovers. LLVM's whole
 * O1 pipeline costs nearly as much as O2 (Lua, one run each on a busy machine: 1.7 s of compiling here, 3.8 at O1, 4.4 at
 * O2; a script took 0.80, 0.70 and 0.74 s).
 */
export const quick: TierRecipe = {
  name: 'quick',
  passes:
    'always-inline,function(sroa<modify-cfg>,early-cse<memssa>,simplifycfg,instcombine<no-verify-fixpoint>,simplifycfg)',
  codegenLevel: 1,
  hostCpu: false,
  counters: true,
  osr: true,
  profile: 'collect',
  bindLocalCalls: false,
};

/** What a static `-O2` gives; still counts, so that the hottest units can reach `peak`. */
export const optimized: TierRecipe = {
  name: 'optimized',
  passes: 'default<O2>',
  codegenLevel: 2,
  hostCpu: false,
  counters: true,
  profile: 'use',
  importBudget: 4000,
  bindLocalCalls: false,
};

/** Everything, across modules and for the CPU at hand; the end of the ladder, so nothing is counted. */
export const peak: TierRecipe = {
  name: 'peak',
  passes: 'default<O3>',
  codegenLevel: 3,
  hostCpu: true,
  counters: false,
  profile: 'use',
  importBudget: 4000,
  inlineAcross: true,
  bindLocalCalls: true,
};

/** All shipped tiers, lowest first. */
export const shippedTiers: readonly TierRecipe[] = [baseline, quick, optimized, peak];

/**
 * Builds a ladder from names of shipped tiers and recipes of the user's own. The top rung asks for nothing
 * above it, so it neither counts nor polls, nor leaves the version for calls inside its unit.
 *
 * @param rungs - Lowest first.
 * @returns The recipes, the last one without counters and polls.
 * @throws TierlinkError TIER_UNKNOWN, OPTION_INVALID
 */
export function ladder(rungs: readonly (string | TierRecipe)[]): readonly TierRecipe[] {
  const recipes = rungs.map((rung) => (typeof rung === 'string' ? shipped(rung) : rung));
  const names = new Set(recipes.map((recipe) => recipe.name));
  const top = recipes.at(-1);
  if (top === undefined || names.size !== recipes.length) {
    throw new TierlinkError('OPTION_INVALID', {
      option: 'tiers',
      value: rungs.length === 0 ? 'empty' : [...recipes.map((recipe) => recipe.name)].join(','),
      expected: 'one or more tiers, each once, lowest first',
    });
  }
  return [...recipes.slice(0, -1), { ...top, counters: false, osr: false, bindLocalCalls: true }];
}

function shipped(name: string): TierRecipe {
  const found = shippedTiers.find((recipe) => recipe.name === name);
  if (found !== undefined) return found;
  throw new TierlinkError('TIER_UNKNOWN', { tier: name, known: shippedTiers.map((recipe) => recipe.name) });
}
