import { describe, expect, it } from 'vitest';
import { burst, decideLoop } from '../../../tiers/loops.js';

describe('a loop', () => {
  it('is not left for its first burst, which may be of any number of calls', () => {
    expect(decideLoop({ bursts: 0, calls: 0, waitedMs: 0 })).toMatchObject({ kind: 'wait' });
  });

  it('is left when whoever is in it stays', () => {
    expect(decideLoop({ bursts: 1, calls: 0, waitedMs: 5 })).toMatchObject({ kind: 'leave' });
    expect(decideLoop({ bursts: 7, calls: 3, waitedMs: 500 })).toMatchObject({ kind: 'leave' });
  });

  it('is left to calls when they are many', () => {
    expect(decideLoop({ bursts: 1, calls: burst, waitedMs: 5 })).toEqual({ kind: 'wait', milliseconds: 10 });
  });

  it('is looked at less and less often, but always again', () => {
    let waitedMs = 5;
    for (let bursts = 1; bursts < 50; bursts += 1) {
      const decision = decideLoop({ bursts, calls: burst, waitedMs });
      if (decision.kind !== 'wait') throw new Error('was left');
      expect(decision.milliseconds).toBeGreaterThanOrEqual(waitedMs);
      waitedMs = decision.milliseconds;
    }
    expect(waitedMs).toBe(1000);
  });
});
