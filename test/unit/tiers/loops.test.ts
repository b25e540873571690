import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { burst, decideLoop, type LoopObservation } from '../../../tiers/loops.js';

/** A small loop that somebody has stayed in since the burst before. */
function seen(over: Partial<LoopObservation> = {}): LoopObservation {
  return { bursts: 1, calls: 0, callsBetween: 0, burstMs: 1, waitedMs: 5, instructions: 20, ...over };
}

const patience = { kind: 'wait', milliseconds: 10 };

describe('a loop', () => {
  it('is not left for its first burst, which may be of any number of calls', () => {
    expect(decideLoop(seen({ bursts: 0, waitedMs: 0 }))).toMatchObject({ kind: 'wait', turns: 0 });
  });

  it('is left when whoever is in it stays, and makes its function hot for those that come later', () => {
    expect(decideLoop(seen())).toMatchObject({ kind: 'leave', turns: burst });
    expect(decideLoop(seen({ bursts: 7, calls: 3, callsBetween: 60, waitedMs: 500 }))).toMatchObject({
      kind: 'leave',
    });
  });

  it('is left to calls when they are many', () => {
    expect(decideLoop(seen({ calls: burst, callsBetween: burst }))).toEqual({ ...patience, turns: 0 });
  });

  it('is left to calls, and makes its function hot, when each of them turns it often and is over soon', () => {
    expect(decideLoop(seen({ calls: 1, callsBetween: 40 }))).toEqual({ ...patience, turns: burst / 2 });
  });

  it('is stayed in for longer before a large function is compiled for it', () => {
    const large = { instructions: 9000 };
    expect(decideLoop(seen({ ...large, waitedMs: 80 }))).toMatchObject({ kind: 'wait', turns: burst });
    expect(decideLoop(seen({ ...large, waitedMs: 160 }))).toMatchObject({ kind: 'leave' });
    expect(decideLoop(seen({ instructions: 1e9, waitedMs: 1000 }))).toMatchObject({ kind: 'leave' });
  });

  it('is not what takes the time where a thousand turns take long', () => {
    expect(decideLoop(seen({ burstMs: 200, waitedMs: 1000 }))).toMatchObject({ kind: 'wait', turns: 0 });
  });

  it('is looked at less and less often, but always again', () => {
    let waitedMs = 5;
    for (let bursts = 1; bursts < 50; bursts += 1) {
      const decision = decideLoop(seen({ bursts, calls: burst, callsBetween: Infinity, waitedMs }));
      if (decision.kind !== 'wait') throw new Error('was left');
      expect(decision.milliseconds).toBeGreaterThanOrEqual(waitedMs);
      waitedMs = decision.milliseconds;
    }
    expect(waitedMs).toBe(1000);
  });

  it('waits for a time that there is, whatever is seen', () => {
    const anyCalls = fc.oneof(fc.nat(2 ** 21), fc.constant(Infinity));
    const any = fc.record({
      bursts: fc.nat(1000),
      calls: anyCalls,
      callsBetween: anyCalls,
      burstMs: fc.double({ min: 0, max: 1e9, noNaN: true }),
      waitedMs: fc.nat(1000),
      instructions: fc.nat(1e9),
    });
    fc.assert(
      fc.property(any, (observation) => {
        const decision = decideLoop(observation);
        if (decision.kind === 'leave') {
          expect(observation.callsBetween).toBeLessThan(Infinity);
          return;
        }
        expect(decision.milliseconds).toBeGreaterThanOrEqual(5);
        expect(decision.milliseconds).toBeLessThanOrEqual(1000);
        expect(decision.turns).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
