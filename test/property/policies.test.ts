import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  budgetedPolicy,
  type Candidates,
  type Choice,
  type Observation,
  type Policy,
  policyNames,
  type TierCost,
} from '../../src/index.js';
import { policyOf } from '../../src/engine/policies.js';
import { shippedTiers } from '../../tiers/recipes.js';
import { observation, observations } from '../support/observation.js';

const policies = policyNames.map((policy) => policyOf({ policy }, shippedTiers));

function frozen<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null)
    for (const part of Object.values(Object.freeze(value))) frozen(part);
  return value;
}

describe.each(policies)('the policy $name', (policy: Policy) => {
  it('decides the same whenever it sees the same, and leaves what it sees as it is', () => {
    fc.assert(
      fc.property(observations, (seen) => {
        frozen(seen);
        expect(policy.decide(seen)).toEqual(policy.decide(structuredClone(seen)));
      }),
    );
  });

  it('names a higher rung of the ladder, or a number of calls to wait for', () => {
    fc.assert(
      fc.property(observations, (seen) => {
        const decision = policy.decide(seen);
        if (decision.kind === 'wait') expect(decision.calls).toBeGreaterThan(0);
        if (decision.kind === 'candidate') expect(policy.choose).toBeDefined();
        if (decision.kind === 'promote') {
          expect(decision.target).toBeGreaterThan(seen.tierIndex);
          expect(decision.target).toBeLessThan(seen.ladder.length);
        }
        expect(policy.firstRequest(seen.tierIndex, seen.ladder)).toBeGreaterThan(0);
      }),
    );
  });
});

const candidates: fc.Arbitrary<Candidates> = observations.chain((one) =>
  fc.record({
    // All of one engine.
    candidates: fc.array(
      observations.map((other) => ({
        ...other,
        ladder: one.ladder,
        tierIndex: other.tierIndex % one.ladder.length,
        costs: one.costs,
        speeds: one.speeds,
        atMs: one.atMs,
      })),
      { minLength: 1, maxLength: 20 },
    ),
    underWay: fc.array(fc.record({ target: fc.nat(one.ladder.length - 1), instructions: fc.nat(1e4) }), {
      maxLength: 5,
    }),
    spentMs: fc.double({ min: 0, max: 1e4, noNaN: true }),
    atMs: fc.constant(one.atMs),
  }),
);

describe('the policy budgeted', () => {
  it('chooses the same of the same, and only what is there and above', () => {
    const policy = budgetedPolicy();
    fc.assert(
      fc.property(candidates, (seen) => {
        const choice = choose(policy, frozen(seen));
        expect(choice).toEqual(choose(policy, structuredClone(seen)));
        expect(choice.againMs).toBeGreaterThan(0);
        const chosen = choice.promotions.map(({ candidate }) => candidate);
        expect(new Set(chosen).size).toBe(chosen.length);
        for (const { candidate, target } of choice.promotions) {
          const { tierIndex, ladder } = seen.candidates[candidate] ?? observation();
          expect(target).toBeGreaterThan(tierIndex);
          expect(target).toBeLessThan(ladder.length);
        }
      }),
    );
  });

  it('begins nothing that it expects to exceed its share', () => {
    fc.assert(
      fc.property(programs, fc.double({ min: 0.01, max: 0.9, noNaN: true }), (program, share) => {
        for (const { spentMs, atMs } of simulate(program, share))
          expect(spentMs).toBeLessThanOrEqual(share * atMs + 1e-6);
      }),
      { numRuns: 50 },
    );
  });

  it('compiles what gains most for its cost first', () => {
    const policy = budgetedPolicy({ share: 16 });
    const seen = [1e5, 1e7, 1e6].map((calls) => observation({ calls, atMs: 1e5 }));
    const choice = choose(policy, { candidates: seen, underWay: [], spentMs: 0, atMs: 1e5 });
    expect(choice.promotions.map(({ candidate }) => candidate)).toEqual([1, 2, 0]);
  });

  it('waits until there is room for what gains most, and says for how long', () => {
    const policy = budgetedPolicy({ share: 0.1 });
    const seen = [observation({ calls: 1e7, atMs: 10 })];
    const early = choose(policy, { candidates: seen, underWay: [], spentMs: 0, atMs: 10 });
    expect(early.promotions).toEqual([]);
    const atMs = 10 + early.againMs + 1e-6;
    const late = choose(policy, {
      candidates: [observation({ calls: 1e7, atMs })],
      underWay: [],
      spentMs: 0,
      atMs,
    });
    expect(late.promotions).toHaveLength(1);
  });

  it('leaves alone what is not worth its cost', () => {
    const policy = budgetedPolicy({ share: 1 });
    const seen = [observation({ calls: 200, atMs: 1e6 })];
    expect(choose(policy, { candidates: seen, underWay: [], spentMs: 0, atMs: 1e6 }).promotions).toEqual([]);
  });

  it('believes what was measured rather than what was guessed', () => {
    const policy = budgetedPolicy({ share: 16 });
    // A loop: few calls, much time.
    const speeds = [{ calls: 100, cpuMs: 5000 }, null, null, null];
    const seen = [observation({ calls: 200, atMs: 1e5, speeds })];
    const { promotions } = choose(policy, { candidates: seen, underWay: [], spentMs: 0, atMs: 1e5 });
    expect(promotions).toMatchObject([{ candidate: 0, target: 3 }]);
    const dear: TierCost = { compiles: 100, instructions: 1e5, compileMs: 1e9, codeBytes: 1 };
    const costs = observation().costs.map((cost, rung) => (rung < 3 ? cost : dear));
    const again = choose(policy, {
      candidates: [observation({ calls: 200, atMs: 1e5, speeds, costs })],
      underWay: [],
      spentMs: 0,
      atMs: 1e5,
    });
    expect(again.promotions).toMatchObject([{ candidate: 0, target: 2 }]);
  });

  it.each([{ share: 0 }, { share: 17 }, { calls: -1 }, { speeds: [0] }, { compileUs: [Number.NaN] }])(
    'refuses %o',
    (options) => {
      expect(() => budgetedPolicy(options)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }));
    },
  );
});

function choose(policy: Policy, seen: Candidates): Choice {
  if (policy.choose === undefined) throw new Error('the policy does not choose');
  return policy.choose(seen);
}

/** Units with their instructions and calls a millisecond. */
const programs = fc.array(
  fc.record({
    instructions: fc.integer({ min: 1, max: 5000 }),
    rate: fc.double({ min: 0.01, max: 1e5, noNaN: true }),
  }),
  { minLength: 1, maxLength: 30 },
);

/** What was spent at each millisecond of a run whose compiles take as long as the policy expects. */
function simulate(
  program: readonly { instructions: number; rate: number }[],
  share: number,
): { spentMs: number; atMs: number }[] {
  const compileUs = [5, 12, 30, 35];
  const policy = budgetedPolicy({ share, compileUs });
  const rungs = program.map(() => 0);
  let spentMs = 0;
  const log: { spentMs: number; atMs: number }[] = [];
  for (let atMs = 1; atMs < 2000; atMs += 7) {
    const known: { unit: number; seen: Observation }[] = [];
    for (const [unit, { instructions, rate }] of program.entries()) {
      const seen = observation({
        tierIndex: rungs[unit] ?? 0,
        calls: Math.floor(rate * atMs),
        instructions,
        atMs,
      });
      if (policy.decide(seen).kind === 'candidate') known.push({ unit, seen });
    }
    if (known.length === 0) break;
    const asked = { candidates: known.map(({ seen }) => seen), underWay: [], spentMs, atMs };
    for (const { candidate, target } of choose(policy, asked).promotions) {
      const { unit, seen } = known[candidate] ?? { unit: -1, seen: observation() };
      rungs[unit] = target;
      spentMs += (seen.instructions * (compileUs[target] ?? 0)) / 1e3;
    }
    log.push({ spentMs, atMs });
  }
  return log;
}
