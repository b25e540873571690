import { describe, expect, it } from 'vitest';
import {
  advance,
  currentTier,
  declaredUnit,
  type LifecycleEvent,
  stageOf,
} from '../../../tiers/lifecycle.js';

const request = (target: number, forced = false): LifecycleEvent => ({
  type: 'request',
  target,
  forced,
});

function walk(events: readonly LifecycleEvent[]) {
  let state = declaredUnit({ baseMs: 100, limit: 3 });
  let effects: readonly unknown[] = [];
  for (const event of events) ({ state, effects } = advance(state, event));
  return { stage: stageOf(state), tier: currentTier(state), effects };
}

describe('the lifecycle of a unit', () => {
  it('compiles when it is asked for the first time', () => {
    expect(walk([request(0)])).toEqual({
      stage: 'compiling',
      tier: -1,
      effects: [{ type: 'compile', target: 0 }],
    });
  });

  it('runs at the tier it was compiled for', () => {
    expect(walk([request(0), { type: 'published' }])).toEqual({ stage: 'executable', tier: 0, effects: [] });
  });

  it('goes on running the old version while a higher tier is compiled', () => {
    expect(walk([request(0), { type: 'published' }, request(2)])).toMatchObject({
      stage: 'promoting',
      tier: 0,
      effects: [{ type: 'compile', target: 2 }],
    });
  });

  it('is declared again when its version may not be used any more, and a compile under way becomes the first', () => {
    const running: LifecycleEvent[] = [request(0), { type: 'published' }];
    expect(walk([...running, { type: 'fellBack' }])).toEqual({ stage: 'declared', tier: -1, effects: [] });
    const again: LifecycleEvent[] = [...running, { type: 'fellBack' }, request(0), { type: 'published' }];
    expect(walk(again)).toMatchObject({ stage: 'executable', tier: 0 });
    const under: LifecycleEvent[] = [...running, request(2), { type: 'fellBack' }];
    expect(walk(under)).toEqual({ stage: 'compiling', tier: -1, effects: [] });
    expect(walk([...under, { type: 'published' }])).toMatchObject({ stage: 'executable', tier: 2 });
    expect(walk([...under, { type: 'failed' }])).toMatchObject({ stage: 'declared', tier: -1 });
  });

  it('comes back to the very same states, so that a unit may be compiled any number of times', () => {
    let state = declaredUnit({ baseMs: 100, limit: 3 });
    const states = new Set([state]);
    const ways: readonly LifecycleEvent['type'][] = ['published', 'failed', 'dropped', 'fellBack'];
    for (let round = 0; round < 2000; round += 1) {
      const target = round % 4;
      const way = ways[round % 7] ?? 'published';
      const events: LifecycleEvent[] = [request(target, true), { type: way } as LifecycleEvent];
      // What follows a failure, and a version that may not be used any more while the next is compiled.
      if (way === 'failed') events.push({ type: 'waited', target });
      if (way === 'fellBack') events.push({ type: 'published' });
      for (const event of events) {
        ({ state } = advance(state, event));
        states.add(state);
      }
    }
    expect(states.size).toBeLessThan(200);
  });

  it('ignores a second request while one is under way', () => {
    const seen = walk([request(0), { type: 'published' }, request(1), request(2)]);
    expect(seen).toMatchObject({ stage: 'promoting', effects: [] });
  });

  it('goes back to declared when the first compile fails, and may try again', () => {
    expect(walk([request(0), { type: 'failed' }])).toMatchObject({ stage: 'declared', tier: -1 });
    expect(walk([request(0), { type: 'failed' }, request(0)])).toMatchObject({ stage: 'compiling' });
  });

  it('blames nobody for a compile that was dropped before it began', () => {
    expect(walk([request(0), { type: 'dropped' }])).toEqual({ stage: 'declared', tier: -1, effects: [] });
    const dropped: LifecycleEvent[] = [request(0), { type: 'published' }, request(2), { type: 'dropped' }];
    expect(walk(dropped)).toEqual({ stage: 'executable', tier: 0, effects: [] });
    expect(walk([...dropped, request(2)])).toMatchObject({ effects: [{ type: 'compile', target: 2 }] });
    expect(walk([...dropped, request(2), { type: 'failed' }])).toMatchObject({
      effects: [{ type: 'wait', milliseconds: 100 }],
    });
  });

  it('keeps the old version, waits and refuses the tier when a promotion fails', () => {
    const start: LifecycleEvent[] = [request(0), { type: 'published' }, request(2), { type: 'failed' }];
    expect(walk(start)).toMatchObject({
      stage: 'executable',
      tier: 0,
      effects: [{ type: 'wait', target: 2, milliseconds: 100 }],
    });
    expect(walk([...start, request(2)])).toMatchObject({ stage: 'executable', effects: [] });
    expect(walk([...start, request(1)])).toMatchObject({ stage: 'promoting' });
    expect(walk([...start, { type: 'waited', target: 2 }, request(2)])).toMatchObject({ stage: 'promoting' });
    expect(walk([...start, request(2, true)])).toMatchObject({ stage: 'promoting' });
  });

  it('doubles the wait and bars the tier after the last try', () => {
    const retry: LifecycleEvent[] = [{ type: 'waited', target: 2 }, request(2), { type: 'failed' }];
    const start: LifecycleEvent[] = [request(0), { type: 'published' }, request(2), { type: 'failed' }];
    expect(walk([...start, ...retry]).effects).toEqual([{ type: 'wait', target: 2, milliseconds: 200 }]);
    expect(walk([...start, ...retry, ...retry]).effects).toEqual([{ type: 'bar', target: 2, failures: 3 }]);
    expect(walk([...start, ...retry, ...retry, request(2)])).toMatchObject({
      stage: 'executable',
      effects: [],
    });
  });

  it('keeps a tier barred when an earlier wait ends', () => {
    const once: LifecycleEvent[] = [request(0), { type: 'published' }, request(2), { type: 'failed' }];
    const forced: LifecycleEvent[] = [request(2, true), { type: 'failed' }];
    const barred = [...once, ...forced, ...forced];
    expect(walk(barred).effects).toEqual([{ type: 'bar', target: 2, failures: 3 }]);
    expect(walk([...barred, { type: 'waited', target: 2 }, request(2)])).toMatchObject({
      stage: 'executable',
      effects: [],
    });
  });

  it('forgets the failures of a tier that came to run', () => {
    const fail: LifecycleEvent[] = [request(1, true), { type: 'failed' }];
    const start: LifecycleEvent[] = [request(0), { type: 'published' }, ...fail, ...fail];
    const well: LifecycleEvent[] = [request(1, true), { type: 'published' }];
    expect(walk([...start, ...well, ...fail]).effects).toEqual([
      { type: 'wait', target: 1, milliseconds: 100 },
    ]);
  });

  describe('with a version that is doubted', () => {
    const doubted: LifecycleEvent[] = [
      request(0),
      { type: 'published' },
      request(2),
      { type: 'published' },
      { type: 'doubted', target: 0 },
    ];
    const below: LifecycleEvent[] = [...doubted, { type: 'published' }];
    const slower: LifecycleEvent = { type: 'slower', tier: 2 };

    it('compiles that of the lower tier, and goes on running the doubted one until then', () => {
      expect(walk(doubted)).toEqual({
        stage: 'promoting',
        tier: 2,
        effects: [{ type: 'compile', target: 0 }],
      });
      expect(walk(below)).toMatchObject({ stage: 'executable', tier: 0 });
      expect(walk([...doubted, { type: 'failed' }])).toMatchObject({ stage: 'executable', tier: 2 });
    });

    it('keeps its tier closed until something is found out', () => {
      expect(walk([...below, request(2)])).toMatchObject({ stage: 'executable', effects: [] });
      expect(walk([...below, request(1)])).toMatchObject({ stage: 'promoting' });
      expect(walk([...below, { type: 'cleared', tier: 2 }, request(2)])).toMatchObject({
        stage: 'promoting',
      });
    });

    it('waits for twice as long when it was slower again, and bars the tier in the end', () => {
      const again: LifecycleEvent[] = [
        { type: 'waited', target: 2 },
        request(2),
        { type: 'published' },
        { type: 'doubted', target: 0 },
        { type: 'published' },
        slower,
      ];
      expect(walk([...below, slower]).effects).toEqual([{ type: 'wait', target: 2, milliseconds: 100 }]);
      expect(walk([...below, slower, request(2)])).toMatchObject({ stage: 'executable', effects: [] });
      expect(walk([...below, slower, ...again]).effects).toEqual([
        { type: 'wait', target: 2, milliseconds: 200 },
      ]);
      const barred = [...below, slower, ...again, ...again];
      expect(walk(barred).effects).toEqual([{ type: 'bar', target: 2, failures: 3 }]);
      expect(walk([...barred, { type: 'waited', target: 2 }, request(2)])).toMatchObject({ effects: [] });
    });

    it('forgives it when it was not slower after all', () => {
      const well: LifecycleEvent[] = [
        { type: 'waited', target: 2 },
        request(2),
        { type: 'published' },
        { type: 'doubted', target: 0 },
        { type: 'published' },
        { type: 'cleared', tier: 2 },
      ];
      expect(walk([...below, slower, ...well, slower]).effects).toEqual([
        { type: 'wait', target: 2, milliseconds: 100 },
      ]);
    });

    it('doubts nothing that is not above, or not there', () => {
      expect(walk([...below, { type: 'doubted', target: 0 }])).toMatchObject({
        stage: 'executable',
        effects: [],
      });
      expect(walk([...below, { type: 'doubted', target: -1 }])).toMatchObject({ effects: [] });
      expect(walk([{ type: 'doubted', target: 0 }])).toMatchObject({ stage: 'declared', effects: [] });
    });
  });

  it('can be removed from every state and takes nothing after that', () => {
    const paths: LifecycleEvent[][] = [
      [],
      [request(0)],
      [request(0), { type: 'published' }],
      [request(0), { type: 'published' }, request(1)],
    ];
    for (const path of paths) {
      expect(walk([...path, { type: 'remove' }]).stage).toBe('removed');
      expect(walk([...path, { type: 'remove' }, request(1, true)])).toMatchObject({
        stage: 'removed',
        effects: [],
      });
    }
  });
});
