/** What policies are told in tests. */
import fc from 'fast-check';
import type { Observation, Speed, TierCost } from '../../src/index.js';

/** The shipped ladder. */
export const shippedNames = ['baseline', 'quick', 'optimized', 'peak'];

const free: TierCost = { compiles: 0, instructions: 0, compileMs: 0, codeBytes: 0 };

/** An observation of a unit of 100 instructions in an idle engine. */
export function observation(over: Partial<Observation> = {}): Observation {
  const ladder = over.ladder ?? shippedNames;
  return {
    tierIndex: 0,
    ladder,
    calls: 0,
    turns: 0,
    callsPerMs: 0,
    queueLength: 0,
    compileThreads: 1,
    instructions: 100,
    atMs: 1000,
    quietMs: 1000,
    codeBytes: 400,
    codeCache: { bytes: 10_000, maxBytes: 2 ** 20 },
    costs: ladder.map(() => free),
    speeds: ladder.map(() => null),
    ...over,
  };
}

const costs = fc.record({
  compiles: fc.nat(100),
  instructions: fc.nat(1e5),
  compileMs: fc.double({ min: 0, max: 1e4, noNaN: true }),
  codeBytes: fc.nat(1e6),
});

const speeds: fc.Arbitrary<Speed | null> = fc.option(
  fc.record({ calls: fc.nat(1e6), cpuMs: fc.double({ min: 0, max: 1e4, noNaN: true }) }),
);

/** Observations of all kinds: ladders of 1 to 6 rungs, any load, any costs. */
export const observations: fc.Arbitrary<Observation> = fc.integer({ min: 1, max: 6 }).chain((rungs) =>
  fc.record({
    tierIndex: fc.nat(rungs - 1),
    ladder: fc.constant(Array.from({ length: rungs }, (_, rung) => `tier${String(rung)}`)),
    calls: fc.nat(2 ** 30),
    turns: fc.double({ min: 0, max: 1e9, noNaN: true }),
    callsPerMs: fc.double({ min: 0, max: 1e6, noNaN: true }),
    queueLength: fc.nat(500),
    compileThreads: fc.integer({ min: 1, max: 64 }),
    instructions: fc.nat(1e5),
    atMs: fc.double({ min: 0, max: 1e7, noNaN: true }),
    quietMs: fc.double({ min: 0, max: 1e7, noNaN: true }),
    codeBytes: fc.nat(1e6),
    codeCache: fc.record({ bytes: fc.nat(2 ** 30), maxBytes: fc.constant(2 ** 30) }),
    costs: fc.array(costs, { minLength: rungs, maxLength: rungs }),
    speeds: fc.array(speeds, { minLength: rungs, maxLength: rungs }),
  }),
);
