import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { estimate } from '../../../src/experiment/statistics.js';

const value = fc.double({ min: -1e6, max: 1e6, noNaN: true });

describe('an estimate', () => {
  it('is of the mean, within its interval, and the same again', () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 20 }), (values) => {
        const seen = estimate(values);
        const slack = 1e-6;
        expect(seen.low).toBeGreaterThanOrEqual(Math.min(...values) - slack);
        expect(seen.high).toBeLessThanOrEqual(Math.max(...values) + slack);
        expect(seen.low).toBeLessThanOrEqual(seen.high);
        expect(estimate(values)).toEqual(seen);
      }),
      { numRuns: 50 },
    );
  });

  it('covers the true mean about as often as it says', () => {
    let state = 1;
    const next = (): number => {
      state = (state * 48_271) % 2_147_483_647;
      return state / 2_147_483_647;
    };
    const covered = Array.from({ length: 300 }, () => estimate(Array.from({ length: 30 }, next))).filter(
      ({ low, high }) => low <= 0.5 && 0.5 <= high,
    );
    expect(covered.length / 300).toBeGreaterThan(0.88);
    expect(covered.length / 300).toBeLessThan(0.99);
  });

  it('of one value is that value', () => {
    expect(estimate([7])).toEqual({ mean: 7, low: 7, high: 7, count: 1 });
  });
});
