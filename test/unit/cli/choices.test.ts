import { expect, it } from 'vitest';
import { policyWords, tierWords } from '../../../src/cli/choices.js';
import { policyNames, shippedTiers } from '../../../src/index.js';

it('what the command line offers is what the library has', () => {
  expect(tierWords).toEqual(shippedTiers.map((tier) => tier.name));
  expect(policyWords).toEqual(policyNames);
});
