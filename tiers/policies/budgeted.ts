/**
 * A policy that spends at most a share of the time on compiling, on what is expected to gain most for it.
 *
 * A function that has been called often enough makes its unit a candidate. Candidates are compared:
 *
 *   cost(tier)  = instructions * measured milliseconds for an instruction at the tier
 *   past        = calls * milliseconds a call, as sampled, or else instructions * a guess for each of them
 *   gain(tier)  = past * (1 - speed now / speed at the tier)
 *
 * since what a unit will take is guessed to be what it has taken so far: the model of the Jalapeno JVM (Arnold, Fink, Grove,
 * Hind, Sweeney: Adaptive Optimization in the Jalapeno JVM, OOPSLA 2000). For each candidate the tier of the highest
 * gain - cost is taken, if that is above 0; the candidate of the highest gain / cost comes first. It is compiled if
 *
 *   spent + cost of what is under way + its cost <= share * time since the engine began
 *
 * and else it is waited for until that is so. Only what the policy itself wanted is counted: a first version is compiled
 * because the program waits for it.
 */
import { TierlinkError } from '../../src/core/errors.js';
import type { Candidates, Choice, Observation, TierCost } from '../../src/core/decision.js';
import type { Policy } from '../policy.js';

/** What the policy can be told. */
export interface BudgetedOptions {
  /** Share of the time since the engine began, above 0 and up to 16: LLVM runs on several threads. @defaultValue 0.1 */
  readonly share?: number;
  /** Calls of one function that make its unit a candidate. @defaultValue 200 */
  readonly calls?: number;
  /**
   * How fast code of each rung is by comparison, lowest first; for a longer ladder the last one stands for the rest.
   * @defaultValue 1, 1.7, 2.4, 2.5
   */
  readonly speeds?: readonly number[];
  /** Microseconds of compiling for an IR instruction, by rung, until there are measurements. @defaultValue 5, 12, 30, 35 */
  readonly compileUs?: readonly number[];
}

/** How fast code of each rung is guessed to be by comparison, lowest first. */
export const defaultSpeeds: readonly number[] = [1, 1.7, 2.4, 2.5];

/** Microseconds that compiling an IR instruction is guessed to take, by rung. */
export const defaultCompileUs: readonly number[] = [5, 12, 30, 35];

/** Milliseconds that an IR instruction of a unit that was never sampled is guessed to take at the lowest rung, a call. */
const guessedMs = 1e-6;

/** Measurements of so many instructions weigh as much as what was guessed before. */
const priorInstructions = 1000;

interface Model {
  readonly speeds: readonly number[];
  readonly compileUs: readonly number[];
}

/**
 * The value of a rung.
 *
 * @param values - Of the lowest rungs; the last one stands for all above.
 * @param rung - Position in the ladder.
 * @returns The value.
 */
export function rungValue(values: readonly number[], rung: number): number {
  return values[Math.min(rung, values.length - 1)] ?? 1;
}

/**
 * Milliseconds that compiling is expected to take.
 *
 * @param compileUs - Microseconds for an IR instruction, as guessed, by rung.
 * @param costs - What was measured, by rung.
 * @param target - Position in the ladder.
 * @param instructions - IR instructions of the unit.
 * @returns Milliseconds.
 */
export function compileMs(
  compileUs: readonly number[],
  costs: readonly TierCost[],
  target: number,
  instructions: number,
): number {
  const seen = costs[target];
  const before = (rungValue(compileUs, target) / 1e3) * priorInstructions;
  const perInstruction = (before + (seen?.compileMs ?? 0)) / (priorInstructions + (seen?.instructions ?? 0));
  return perInstruction * Math.max(1, instructions);
}

/** Milliseconds that the unit has taken at its tier. */
function pastMs(model: Model, { calls, instructions, speeds, tierIndex }: Observation): number {
  const speed = speeds[tierIndex];
  if (speed !== undefined && speed !== null && speed.calls > 0) return (calls * speed.cpuMs) / speed.calls;
  return (calls * instructions * guessedMs * rungValue(model.speeds, 0)) / rungValue(model.speeds, tierIndex);
}

interface Plan {
  readonly candidate: number;
  readonly target: number;
  readonly gain: number;
  readonly cost: number;
}

/** The best tier for a candidate, or undefined when none is worth its cost. */
function planFor(model: Model, seen: Observation, candidate: number): Plan | undefined {
  const past = pastMs(model, seen);
  let best: Plan | undefined;
  for (let target = seen.tierIndex + 1; target < seen.ladder.length; target += 1) {
    const gain = past * (1 - rungValue(model.speeds, seen.tierIndex) / rungValue(model.speeds, target));
    const cost = compileMs(model.compileUs, seen.costs, target, seen.instructions);
    if (gain - cost > (best === undefined ? 0 : best.gain - best.cost))
      best = { candidate, target, gain, cost };
  }
  return best;
}

function chooseWithin(model: Model, share: number, seen: Candidates): Choice {
  const costs = seen.candidates[0]?.costs ?? [];
  const plans = seen.candidates
    .map((candidate, index) => planFor(model, candidate, index))
    .filter((plan) => plan !== undefined)
    .sort((one, other) => other.gain / other.cost - one.gain / one.cost);
  const allowed = share * seen.atMs;
  let committed = seen.underWay.reduce(
    (sum, { target, instructions }) => sum + compileMs(model.compileUs, costs, target, instructions),
    seen.spentMs,
  );
  const promotions: Choice['promotions'][number][] = [];
  for (const { candidate, target, gain, cost } of plans) {
    if (committed + cost > allowed) {
      // What gains most is waited for, rather than overtaken by what is cheap.
      return { promotions, againMs: Math.max(1, (committed + cost - allowed) / share) };
    }
    committed += cost;
    const reason = `expected to gain ${gain.toFixed(1)} ms for ${cost.toFixed(1)} ms`;
    promotions.push({ candidate, target, reason });
  }
  // What is not worth its cost now may be, when it has been called as often again.
  const isLeft = promotions.length < seen.candidates.length;
  return { promotions, againMs: isLeft ? Math.min(1000, Math.max(10, seen.atMs / 4)) : Infinity };
}

/**
 * Makes the policy.
 *
 * @param options - The share and the guesses.
 * @returns The policy, named `budgeted`.
 * @throws TierlinkError OPTION_INVALID
 */
export function budgetedPolicy(options: BudgetedOptions = {}): Policy {
  const { share = 0.1, calls = 200, speeds = defaultSpeeds, compileUs = defaultCompileUs } = options;
  within('share', share, 16);
  within('calls', calls, 2 ** 30);
  for (const speed of speeds) within('speeds', speed, 1e6);
  for (const us of compileUs) within('compileUs', us, 1e6);
  const model = { speeds: [...speeds], compileUs: [...compileUs] };
  return {
    name: 'budgeted',
    firstRequest: (tierIndex, ladder) => (tierIndex + 1 < ladder.length ? calls : Infinity),
    decide: ({ tierIndex, ladder }) =>
      tierIndex + 1 < ladder.length ? { kind: 'candidate' } : { kind: 'wait', calls: Infinity },
    choose: (candidates) => chooseWithin(model, share, candidates),
  };
}

function within(option: string, value: number, most: number): void {
  if (value > 0 && value <= most) return;
  const expected = `a number above 0 and up to ${String(most)}`;
  throw new TierlinkError('OPTION_INVALID', { option: `budgeted.${option}`, value: String(value), expected });
}
