/** Policies in engines that run: what they were told and answered is told to observers, and can be asked again. */
import { describe, expect, it } from 'vitest';
import { policyOf } from '../../src/engine/policies.js';
import {
  type Candidates,
  type ChoseEvent,
  type DecidedEvent,
  type Engine,
  type EngineOptions,
  policyNames,
  type Policy,
  type PublishedEvent,
} from '../../src/index.js';
import { shippedTiers } from '../../tiers/recipes.js';
import { engineFor } from '../support/engine.js';
import { bitcode } from '../support/toolchain.js';

const program = bitcode(`
  __attribute__((noinline)) long step(long x, long n) {
    for (long i = 0; i < n; i++) x = x * 6364136223846793005 + 1442695040888963407;
    return x;
  }
  __attribute__((noinline)) long mix(long a, long b) { return (a ^ (a >> 29)) * 31 + b; }
  __attribute__((noinline)) long round(long x) { return mix(step(x, 20), step(x, 10)); }
  int main(int argc, char **argv) {
    long x = 1;
    for (long i = 0; i < 1500000; i++) x = round(x) + i;
    return (int)(x & 127);
  }
`);

interface Heard {
  readonly status: number;
  readonly decided: readonly DecidedEvent[];
  readonly chose: readonly ChoseEvent[];
  readonly published: readonly PublishedEvent[];
}

function listen(engine: Engine): Omit<Heard, 'status'> {
  const decided: DecidedEvent[] = [];
  const chose: ChoseEvent[] = [];
  const published: PublishedEvent[] = [];
  engine.on('decided', (event) => decided.push(event));
  engine.on('chose', (event) => chose.push(event));
  engine.on('published', (event) => published.push(event));
  return { decided, chose, published };
}

async function run(options: EngineOptions): Promise<Heard> {
  const engine = engineFor({ unit: 'function', ...options });
  const heard = listen(engine);
  engine.addModule('program', program);
  const { status } = await engine.run('main', ['program']);
  return { status, ...heard };
}

describe.each(policyNames)('the policy %s', (policy) => {
  it('runs a program to its end, and would decide the same again', async () => {
    const { status, decided, chose, published } = await run({ policy });
    expect(status).toBe((await run({ policy: 'never' })).status);
    const made = policyOf({ policy }, shippedTiers);
    for (const { observation, decision } of decided) expect(made.decide(observation)).toEqual(decision);
    for (const { asked, choice } of chose) expect(made.choose?.(asked)).toEqual(choice);
    const isIdle = policy === 'never' || policy === 'dotnet';
    if (!isIdle) expect(published.some(({ tier }) => tier !== 'baseline')).toBe(true);
    if (policy !== 'never') expect(decided.length).toBeGreaterThan(0);
  });
});

describe('what a policy is told', () => {
  it('has the costs of what was compiled before, and grows', async () => {
    const { decided, published } = await run({
      policy: 'counters',
      thresholds: { quick: 100, optimized: 1000 },
    });
    const last = decided.at(-1);
    const costs = last?.observation.costs ?? [];
    const before = published.filter(({ atMs }) => atMs < (last?.observation.atMs ?? 0));
    expect(costs[0]?.compiles).toBeGreaterThan(0);
    expect(costs[1]?.instructions).toBeGreaterThan(0);
    const spent = costs.reduce((sum, { compileMs }) => sum + compileMs, 0);
    const shown = before.reduce((sum, { compileMs }) => sum + compileMs, 0);
    // An event of the link has the milliseconds of all that it brought.
    expect(spent).toBeLessThanOrEqual(shown + 1e-6);
    for (const { observation } of decided) {
      expect(observation.codeCache.bytes).toBeGreaterThan(0);
      expect(observation.callsPerMs).toBeGreaterThanOrEqual(0);
      expect(observation.quietMs).toBeLessThanOrEqual(observation.atMs);
    }
  });
});

describe('the policy budgeted', () => {
  it('begins nothing beyond its share', async () => {
    const { chose } = await run({ policy: 'budgeted' });
    const begun = chose.filter(({ choice }) => choice.promotions.length > 0);
    expect(begun.length).toBeGreaterThan(0);
    for (const { asked } of begun) expect(asked.spentMs).toBeLessThanOrEqual(0.1 * asked.atMs);
  });
});

describe('a policy of the user’s own that chooses', () => {
  const base: Policy = {
    name: 'own',
    firstRequest: (tierIndex) => (tierIndex === 0 ? 50 : Infinity),
    decide: () => ({ kind: 'candidate' }),
  };

  it('has what it chose compiled', async () => {
    const choose = ({ candidates }: Candidates) => ({
      promotions: candidates.map((_, candidate) => ({ candidate, target: 2, reason: 'mine' })),
      againMs: Infinity,
    });
    const { published } = await run({ policy: { ...base, choose } });
    expect(published.filter(({ reason }) => reason === 'mine').map(({ tier }) => tier)).toContain(
      'optimized',
    );
  });

  it.each([
    ['has no choose', undefined],
    [
      'throws',
      () => {
        throw new Error('no idea');
      },
    ],
    [
      'names a candidate that is not there',
      () => ({ promotions: [{ candidate: 7000, target: 1, reason: '' }], againMs: 9 }),
    ],
    [
      'names a tier that is not there',
      () => ({ promotions: [{ candidate: 0, target: 9, reason: '' }], againMs: 9 }),
    ],
    [
      'names one twice',
      () => {
        const promotion = { candidate: 0, target: 1, reason: '' };
        return { promotions: [promotion, promotion], againMs: 9 };
      },
    ],
    ['wants to be asked at once', () => ({ promotions: [], againMs: 0 })],
  ] as const)('and %s: a POLICY_FAILED, and the program goes on', async (_, choose) => {
    const engine = engineFor({ unit: 'function', policy: choose === undefined ? base : { ...base, choose } });
    const codes: unknown[] = [];
    engine.on('failed', ({ error, retry }) => codes.push([(error as { code?: string }).code, retry]));
    engine.addModule('program', program);
    await engine.run('main', ['program']);
    expect(codes).toContainEqual(['POLICY_FAILED', 'none']);
  });
});
