import { describe, expect, it } from 'vitest';
import { type Policy, dotnetPolicy, hotspotPolicy, jscPolicy, v8Policy } from '../../../src/index.js';
import { observation } from '../../support/observation.js';

/** The calls in its tier at which a unit that is called again and again moves, and where to. */
function climb(policy: Policy, ladder?: readonly string[], instructions = 1): [number, number][] {
  const steps: [number, number][] = [];
  const top = (ladder ?? observation().ladder).length - 1;
  let tierIndex = 0;
  while (tierIndex < top) {
    let calls = policy.firstRequest(tierIndex, ladder ?? observation().ladder);
    let decision = policy.decide(observation({ tierIndex, calls, instructions, ...(ladder && { ladder }) }));
    while (decision.kind === 'wait') {
      calls += decision.calls;
      decision = policy.decide(observation({ tierIndex, calls, instructions, ...(ladder && { ladder }) }));
    }
    if (decision.kind !== 'promote') throw new Error('a preset has no candidates');
    tierIndex = decision.target;
    steps.push([calls, tierIndex]);
  }
  return steps;
}

describe('presets', () => {
  it('have the published thresholds on the shipped ladder', () => {
    expect(climb(hotspotPolicy)).toEqual([
      [200, 1],
      [5000, 3],
    ]);
    expect(climb(v8Policy)).toEqual([
      [400, 1],
      [3000, 3],
    ]);
    expect(climb(jscPolicy)).toEqual([
      [34, 1],
      [67, 2],
      [4267, 3],
    ]);
    expect(climb(dotnetPolicy)).toEqual([[30, 3]]);
  });

  it('keep their last steps on a ladder with fewer rungs, and pass over rungs of a longer one', () => {
    expect(climb(hotspotPolicy, ['a', 'b'])).toEqual([[5000, 1]]);
    expect(climb(jscPolicy, ['a', 'b', 'c'])).toEqual([
      [67, 1],
      [4267, 2],
    ]);
    expect(climb(v8Policy, ['a', 'b', 'c', 'd', 'e', 'f'])).toEqual([
      [400, 1],
      [3000, 5],
    ]);
  });

  it('bring a unit on from a rung that is none of theirs', () => {
    for (const policy of [hotspotPolicy, v8Policy]) {
      expect(policy.decide(observation({ tierIndex: 2, calls: 1e6 }))).toMatchObject({ target: 3 });
      expect(policy.firstRequest(3, observation().ladder)).toBe(Infinity);
    }
  });

  it('jsc asks more of what is large', () => {
    const large = climb(jscPolicy, undefined, 10_000)[1]?.[0];
    expect(large).toBe(Math.ceil(67 * (0.825914 + 0.061504 * Math.sqrt(10_001.02406))));
  });

  it('hotspot doubles its thresholds when the queue is as long as its feedback', () => {
    expect(hotspotPolicy.decide(observation({ calls: 399, queueLength: 5 }))).toEqual({
      kind: 'wait',
      calls: 1,
    });
    const second = { tierIndex: 1, queueLength: 3 };
    expect(hotspotPolicy.decide(observation({ ...second, calls: 9_999 }))).toEqual({
      kind: 'wait',
      calls: 1,
    });
    expect(hotspotPolicy.decide(observation({ ...second, calls: 10_000 }))).toMatchObject({
      kind: 'promote',
    });
  });

  it('dotnet counts anew until nothing was compiled for the first time for 100 ms', () => {
    expect(dotnetPolicy.decide(observation({ calls: 500, quietMs: 99 }))).toEqual({
      kind: 'wait',
      calls: 30,
    });
    expect(dotnetPolicy.decide(observation({ calls: 530, quietMs: 100 }))).toMatchObject({ target: 3 });
  });
});
