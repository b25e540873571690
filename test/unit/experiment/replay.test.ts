import { describe, expect, it } from 'vitest';
import { countersPolicy, neverPolicy, policyNames, policyOf, predict, replay } from '../../../src/index.js';
import { shippedTiers } from '../../../tiers/recipes.js';
import { evenTrial, traceOf } from '../../support/trace.js';

describe('a replay', () => {
  it('of the policy that ran decides the same', () => {
    expect(replay(evenTrial, neverPolicy)).toMatchObject({ asked: 4, different: 0 });
    expect(replay(evenTrial, countersPolicy()).different).toBe(4);
  });
});

describe('a prediction', () => {
  it.each(policyNames)('of the policy %s is the same again, byte for byte', (policy) => {
    const first = predict(evenTrial, policyOf({ policy }, shippedTiers));
    expect(predict(evenTrial, policyOf({ policy }, shippedTiers))).toEqual(first);
    if (policy !== 'never') expect(first?.decisions).not.toBe('');
  });

  it('of the policy that ran comes to the time that it took', () => {
    const { totalMs = 0, compileMs } = predict(evenTrial, neverPolicy) ?? {};
    expect(Math.abs(totalMs - 1000)).toBeLessThan(1);
    expect(compileMs).toBe(0);
  });

  it('of one that promotes is faster, and says what is compiled', () => {
    const {
      totalMs = 0,
      compileMs = 0,
      versions,
    } = predict(evenTrial, countersPolicy({ thresholds: { quick: 10, optimized: 10, peak: 10 } })) ?? {};
    // The speeds of the model: 1 and 2.5.
    expect(totalMs).toBeLessThan(1000);
    expect(totalMs).toBeGreaterThan(400);
    // It would ask for the top at once.
    expect(versions).toEqual({ quick: 2, peak: 2 });
    // 2000 instructions at each of these tiers.
    expect(compileMs).toBeCloseTo(2 * (12 + 35), 6);
  });

  it('is not made of a trial that was broken off, or in which nothing asked', () => {
    expect(predict(traceOf([{ type: 'broken', reason: 'x' }]), neverPolicy)).toBeUndefined();
    const silent = evenTrial.records.filter(({ type }) => type !== 'decided').slice(1);
    expect(predict(traceOf(silent), neverPolicy)).toBeUndefined();
  });
});
