import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { address } from '../../../src/core/ids.js';
import type { CallCount } from '../../../src/engine/call-counts.js';
import type { LinkedVersion, Loop } from '../../../src/engine/loaded-module.js';
import { LoopController, type LoopControllerParts } from '../../../src/engine/loop-controller.js';
import { shippedTiers } from '../../../tiers/recipes.js';

const cell = address(4096);

/** A controller with one loop, whose every burst is over at once, and a function whose calls are given. */
function watched() {
  const loop = {
    home: { record: { name: 'm' } },
    tier: 'baseline',
    function: 'f',
    depth: 1,
    isClosed: false,
  };
  let count: CallCount = { calls: 0, sinceMs: 1 };
  let isAsked = false;
  const turns = vi.fn<LoopControllerParts['turns']>();
  const buildContinuation = vi.fn(() => new Promise<never>(() => undefined));
  // Safe because a controller uses no more of its parts than this for one loop.
  const parts = {
    tiers: shippedTiers,
    loops: { at: () => loop, beside: () => [] },
    cells: {
      ask: () => {
        isAsked = true;
      },
    },
    builder: { buildContinuation },
    emit: () => undefined,
    atMs: () => performance.now(),
    calls: () => count,
    instructions: () => 20,
    turns,
    isWatched: () => true,
    forcedAt: undefined,
  } as unknown as LoopControllerParts;
  const controller = new LoopController(parts);
  const version = { polls: [loop as unknown as Loop], tier: shippedTiers[0] } as unknown as LinkedVersion;
  controller.inUse(version);
  /** Ends the burst that is under way; the function's counter stands so then. */
  const endBurst = (then: CallCount): void => {
    for (let waitedMs = 0; !isAsked && waitedMs < 2000; waitedMs += 1) vi.advanceTimersByTime(1);
    expect(isAsked).toBe(true);
    isAsked = false;
    count = then;
    controller.request(cell);
  };
  return { endBurst, buildContinuation, turns };
}

describe('a loop that is reached again and again', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is left if its function is not called meanwhile', () => {
    const { endBurst, buildContinuation } = watched();
    endBurst({ calls: 1, sinceMs: 1 });
    expect(buildContinuation).not.toHaveBeenCalled();
    endBurst({ calls: 1, sinceMs: 1 });
    expect(buildContinuation).toHaveBeenCalledOnce();
  });

  it('is not left while its function is called often', () => {
    const { endBurst, buildContinuation } = watched();
    for (let burst = 0; burst < 10; burst += 1) endBurst({ calls: burst * 5000, sinceMs: 1 });
    expect(buildContinuation).not.toHaveBeenCalled();
  });

  it('makes its function hot if each of a few calls turns it often', () => {
    const { endBurst, buildContinuation, turns } = watched();
    endBurst({ calls: 1, sinceMs: 1 });
    endBurst({ calls: 5, sinceMs: 1 });
    expect(buildContinuation).not.toHaveBeenCalled();
    expect(turns).toHaveBeenCalledExactlyOnceWith(expect.anything(), 200);
  });

  it('is not left where counting was lost: what waits long for a better version is called often', () => {
    const { endBurst, buildContinuation } = watched();
    endBurst({ calls: 1_000_000, sinceMs: 1 });
    endBurst({ calls: 2000, sinceMs: 1 });
    expect(buildContinuation).not.toHaveBeenCalled();
  });

  it('is counted again where its function got a version meanwhile that counts anew', () => {
    const { endBurst, buildContinuation } = watched();
    endBurst({ calls: 400, sinceMs: 1 });
    endBurst({ calls: 3, sinceMs: 2 });
    expect(buildContinuation).not.toHaveBeenCalled();
    endBurst({ calls: 4, sinceMs: 2 });
    expect(buildContinuation).toHaveBeenCalledOnce();
  });
});
