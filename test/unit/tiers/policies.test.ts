import fc from 'fast-check';
import { assert, describe, expect, it } from 'vitest';
import { countersPolicy } from '../../../tiers/policies/counters.js';
import { eagerPolicy } from '../../../tiers/policies/eager.js';
import { neverPolicy } from '../../../tiers/policies/never.js';
import { observation as seen, shippedNames as names } from '../../support/observation.js';
import { ladder, shippedTiers } from '../../../tiers/recipes.js';

describe('the policy counters', () => {
  const policy = countersPolicy({ thresholds: { quick: 100, optimized: 1000 }, feedback: 5 });

  it('promotes one tier when the calls reach the threshold', () => {
    expect(policy.decide(seen({ calls: 100 }))).toMatchObject({ kind: 'promote', target: 1 });
    expect(policy.decide(seen({ calls: 99 }))).toEqual({ kind: 'wait', calls: 1 });
    expect(policy.decide(seen({ tierIndex: 1, calls: 1000 }))).toMatchObject({ kind: 'promote', target: 2 });
  });

  it('raises the bar as the queue grows: scale = 1 + queue / (feedback * threads)', () => {
    expect(policy.decide(seen({ calls: 199, queueLength: 5 }))).toEqual({ kind: 'wait', calls: 1 });
    expect(policy.decide(seen({ calls: 200, queueLength: 5 }))).toMatchObject({ kind: 'promote' });
    expect(policy.decide(seen({ calls: 150, queueLength: 5, compileThreads: 2 }))).toMatchObject({
      kind: 'promote',
    });
  });

  it('takes ten turns of a loop for a call', () => {
    const looping = { tierIndex: 1, turns: 90 };
    expect(policy.decide(seen({ ...looping, calls: 100 }))).toMatchObject({ kind: 'promote', target: 2 });
    expect(policy.decide(seen({ ...looping, calls: 99 }))).toEqual({ kind: 'wait', calls: 1 });
    expect(policy.decide(seen({ tierIndex: 1, turns: 1e9, calls: 1 }))).toMatchObject({ kind: 'promote' });
  });

  it('asks early where loops are known, to hear how long they are', () => {
    expect(policy.firstRequest(0, names)).toBe(100);
    expect(policy.firstRequest(1, names)).toBe(100);
    expect(policy.firstRequest(2, names)).toBe(4000);
    expect(countersPolicy({ thresholds: { optimized: 7 } }).firstRequest(1, names)).toBe(7);
  });

  it('passes over tiers that would be left within a second, but not over the second rung', () => {
    const hot = { calls: 1000, callsPerMs: 199 };
    expect(policy.decide(seen({ ...hot, tierIndex: 1 }))).toMatchObject({ target: 3 });
    expect(policy.decide(seen({ ...hot, tierIndex: 1, callsPerMs: 100 }))).toMatchObject({ target: 2 });
    expect(policy.decide(seen({ ...hot, tierIndex: 0 }))).toMatchObject({ target: 1 });
    expect(policy.decide(seen({ ...hot, tierIndex: 1, calls: 999 }))).toEqual({ kind: 'wait', calls: 1 });
  });

  it('passes over more of them for what takes long to compile', () => {
    const warm = { tierIndex: 1, calls: 1000, callsPerMs: 20 };
    expect(policy.decide(seen(warm))).toMatchObject({ target: 2 });
    expect(policy.decide(seen({ ...warm, instructions: 9000 }))).toMatchObject({ target: 3 });
  });

  it('asks for nothing above the top of the ladder', () => {
    expect(policy.decide(seen({ tierIndex: 3, calls: 1e9 }))).toEqual({ kind: 'wait', calls: Infinity });
    expect(policy.firstRequest(3, names)).toBe(Infinity);
  });

  it('never asks a function to wait for no calls at all', () => {
    fc.assert(
      fc.property(
        fc.nat(3),
        fc.nat(1e7),
        fc.nat(500),
        fc.integer({ min: 1, max: 8 }),
        fc.nat(1000),
        (tier, calls, queue, threads, callsPerMs) => {
          const decision = policy.decide(
            seen({ tierIndex: tier, calls, callsPerMs, queueLength: queue, compileThreads: threads }),
          );
          if (decision.kind === 'wait') expect(decision.calls).toBeGreaterThan(0);
          else {
            assert(decision.kind === 'promote');
            expect(decision.target).toBeGreaterThan(tier);
            expect(decision.target).toBeLessThan(names.length);
          }
        },
      ),
    );
  });

  it.each([0, -1, Number.NaN, 2 ** 31])('refuses the threshold %d', (calls) => {
    expect(() => countersPolicy({ thresholds: { quick: calls } })).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID' }),
    );
  });
});

describe('the other policies', () => {
  it('never waits for ever; eager goes to the top at the first call', () => {
    expect(neverPolicy.decide(seen({ calls: 1e9 }))).toEqual({ kind: 'wait', calls: Infinity });
    expect(neverPolicy.firstRequest(0, names)).toBe(Infinity);
    expect(eagerPolicy.decide(seen({ calls: 1 }))).toMatchObject({ kind: 'promote', target: 3 });
    expect(eagerPolicy.firstRequest(0, names)).toBe(1);
    expect(eagerPolicy.decide(seen({ tierIndex: 3 }))).toMatchObject({ kind: 'wait' });
  });
});

describe('a ladder', () => {
  it('ends in a rung that counts nothing', () => {
    const rungs = ladder(['baseline', 'optimized']);
    expect(rungs.map((rung) => [rung.name, rung.counters, rung.bindLocalCalls])).toEqual([
      ['baseline', true, false],
      ['optimized', false, true],
    ]);
    expect(ladder(shippedTiers).map((rung) => rung.name)).toEqual(names);
  });

  it('refuses unknown, repeated and no tiers', () => {
    expect(() => ladder(['fast'])).toThrow(expect.objectContaining({ code: 'TIER_UNKNOWN' }));
    expect(() => ladder(['quick', 'quick'])).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }));
    expect(() => ladder([])).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }));
  });
});
