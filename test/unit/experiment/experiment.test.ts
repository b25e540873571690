import { describe, expect, it } from 'vitest';
import { defineExperiment, type Experiment, trialsOf } from '../../../src/index.js';

const small: Experiment = {
  name: 'small',
  programs: { one: { modules: ['a.bc'] }, two: { modules: ['b.bc'], stdin: 'input' } },
  policies: ['counters', 'never'],
  tiers: { all: ['baseline', 'quick', 'optimized', 'peak'], two: ['baseline', 'peak'] },
  repetitions: 3,
};
const within = (path: string): string => `/folder/${path}`;

describe('an experiment', () => {
  it('is its programs by its ladders by its policies, all of them in each repetition', () => {
    const trials = trialsOf(defineExperiment(small), within);
    expect(trials).toHaveLength(2 * 2 * 2 * 3);
    expect(trials.slice(0, 8).every(({ repetition }) => repetition === 0)).toBe(true);
    expect(new Set(trials.map((trial) => JSON.stringify(trial))).size).toBe(trials.length);
    expect(trials[4]?.run).toEqual({ modules: ['/folder/b.bc'], stdin: '/folder/input' });
  });

  it('has five repetitions on the shipped ladder unless it says otherwise', () => {
    const trials = trialsOf({ name: '', programs: { p: { modules: ['a'] } }, policies: ['eager'] }, within);
    expect(trials).toHaveLength(5);
    expect(trials[0]).toMatchObject({
      tiers: 'default',
      windowMs: 50,
      ladder: ['baseline', 'quick', 'optimized', 'peak'],
    });
  });

  it('may name policies of its own', () => {
    const policies = {
      mine: { module: 'mine.mjs' },
      quick: { policy: 'counters', thresholds: { quick: 5 }, rollback: true },
    };
    const trials = trialsOf({ ...small, policies, repetitions: 1 }, within);
    expect(trials[0]?.decide).toEqual({ module: '/folder/mine.mjs' });
    expect(trials[1]).toMatchObject({ policy: 'quick', decide: { rollback: true } });
  });

  it.each([
    ['programs', { programs: {} }],
    ['policies', { policies: [] }],
    ['policies.x', { policies: { x: 'nobody' } }],
    ['programs.p.modules', { programs: { p: { modules: [] } } }],
    ['programs.p.marks', { programs: { p: { modules: ['a'], marks: { kind: 'bells' } } } }],
    [
      'programs.p.marks.of',
      { programs: { p: { modules: ['a'], marks: { kind: 'calls', of: 'not a name' } } } },
    ],
    ['repetitions', { repetitions: 0 }],
    ['windowMs', { windowMs: 1.5 }],
    ['timeoutMs', { timeoutMs: -1 }],
    ['compileThreads', { compileThreads: 65 }],
  ])('is refused for its %s', (option, over) => {
    expect(() => trialsOf({ ...small, ...over } as Experiment, within)).toThrow(
      expect.objectContaining({
        code: 'OPTION_INVALID',
        details: expect.objectContaining({ option: `experiment.${option}` }) as unknown,
      }),
    );
  });

  it('is refused for a tier that there isn’t', () => {
    expect(() => trialsOf({ ...small, tiers: { odd: ['fast'] } }, within)).toThrow(
      expect.objectContaining({ code: 'TIER_UNKNOWN' }),
    );
  });
});
