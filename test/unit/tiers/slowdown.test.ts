import { describe, expect, it } from 'vitest';
import { compare, defaultRollback, judge, shareOf, suspect, type Window } from '../../../tiers/slowdown.js';

/** Numbers that look random, the same in each run: mulberry32. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Program {
  /** CPU time in the unit, and in the rest of the program, for a call of it. */
  readonly own: number;
  readonly rest: number;
  /** How uneven windows are, 0 to 1. */
  readonly unevenness: number;
  /** How fast the processor is. */
  readonly processor: number;
}

/** Windows of 20 ms with a sample each 4 ms. */
function windows(program: Program, count: number, next: () => number): Window[] {
  return Array.from({ length: count }, () => {
    const cost =
      ((program.own + program.rest) * (1 + program.unevenness * (next() - 0.5))) / program.processor;
    const share = program.own / (program.own + program.rest);
    const own = Array.from({ length: 5 }, next).filter((one) => one < share).length;
    return { calls: 20 / cost, cpuMs: 20, samples: 5, own };
  });
}

/** What comes of a trial that is judged at each window, as they are. */
function trial(doubted: Program, below: Program, seed: number): 'slower' | 'cleared' | 'undecided' {
  const next = random(seed);
  const before = windows(doubted, defaultRollback.leastWindows, next);
  const after: Window[] = [];
  for (;;) {
    after.push(...windows(below, 1, next));
    const verdict = judge(defaultRollback, before, after);
    if (verdict !== 'unknown') return verdict;
  }
}

function blamed(doubted: Program, below: Program): number {
  return Array.from({ length: 400 }, (_, seed) => trial(doubted, below, seed)).filter(
    (one) => one === 'slower',
  ).length;
}

const usual: Program = { own: 0.5, rest: 0.5, unevenness: 0.3, processor: 1 };

describe('of 400 trials', () => {
  it.each([0.1, 0.5, 0.9])('none blames a version that is as fast and has %d of the time', (own) => {
    const program = { ...usual, own, rest: 1 - own };
    expect(blamed(program, program)).toBe(0);
  });

  it('none blames a version for an uneven program', () => {
    const program = { ...usual, unevenness: 1.8 };
    expect(blamed(program, program)).toBe(0);
  });

  it('at most 3 in 100 blame it for a processor that got faster by a third meanwhile', () => {
    expect(blamed(usual, { ...usual, processor: 4 / 3 })).toBeLessThanOrEqual(12);
  });

  it('none blames it for time that only moved into it from what was inlined', () => {
    expect(blamed({ ...usual, own: 0.9, rest: 0.1 }, usual)).toBe(0);
  });

  it('none blames a version that is faster', () => {
    expect(blamed(usual, { ...usual, own: 0.7 })).toBe(0);
  });

  it.each([
    [3, 0.5, 380],
    [2, 0.5, 380],
    // The less there is beside it, the less can be told from a slower processor.
    [2, 0.8, 280],
    [3, 0.9, 200],
  ])(
    'of a version that takes %d times as long and had %d of the time, %d at least blame it',
    (times, own, least) => {
      const program = { ...usual, own, rest: 1 - own };
      expect(blamed({ ...program, own: times * own }, program)).toBeGreaterThan(least);
    },
  );
});

describe('a comparison', () => {
  const next = random(1);
  const before = windows(usual, 100, next);

  it('tells by how much the program takes longer', () => {
    const now = windows({ ...usual, own: 1 }, 100, next);
    const { ratio, error } = compare(now, before);
    expect(Math.abs(Math.log(ratio) - Math.log(1.5))).toBeLessThan(4 * error);
    expect(shareOf(now)).toBeGreaterThan(shareOf(before));
  });

  it('is not made of too few windows', () => {
    const few = before.slice(0, defaultRollback.leastWindows - 1);
    expect(judge(defaultRollback, before, few)).toBe('unknown');
  });

  it('ends when there were as many windows as there may be', () => {
    const many = windows({ ...usual, own: 0.49 }, defaultRollback.mostWindows, next);
    expect(judge(defaultRollback, before, many)).toBe('cleared');
  });

  it('leaves open what was slower, or the processor was, when samples can’t tell which', () => {
    const slow: Program = { ...usual, own: 20, rest: 0.05 };
    const doubted = windows(slow, defaultRollback.leastWindows, next);
    const below = windows({ ...slow, own: 10 }, defaultRollback.mostWindows, next);
    expect(judge(defaultRollback, doubted, below.slice(0, -1))).toBe('unknown');
    expect(judge(defaultRollback, doubted, below)).toBe('undecided');
  });
});

describe('what was seen before a version came', () => {
  const next = random(2);
  const before = windows(usual, 100, next);

  it('speaks against what takes longer, for what is much faster, and of the rest says nothing', () => {
    expect(suspect(defaultRollback, windows({ ...usual, own: 1 }, 100, next), before)).toBe('suspected');
    expect(suspect(defaultRollback, windows({ ...usual, own: 0.1 }, 100, next), before)).toBe('cleared');
    expect(suspect(defaultRollback, windows({ ...usual, own: 0.48 }, 100, next), before)).toBe('unknown');
    expect(suspect(defaultRollback, before, [])).toBe('unknown');
  });
});
