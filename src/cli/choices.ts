/** What may be chosen on the command line, in words: here once more, as `--help` must not load the engine for them. */

/** Names of the shipped tiers, lowest first. */
export const tierWords: readonly string[] = ['baseline', 'quick', 'optimized', 'peak'];

/** Names of the shipped policies. */
export const policyWords: readonly string[] = [
  'counters',
  'never',
  'eager',
  'budgeted',
  'hotspot',
  'v8',
  'jsc',
  'dotnet',
];
