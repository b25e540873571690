/**
 * Simulates a recorded program under another policy, to predict what would come of it. Nothing is random and no clock is
 * read: the same trace and policy give the same prediction, and the same decisions, byte for byte.
 *
 * The model: a unit's weight in the program is its calls times its instructions. The program takes
 *
 *   time for its work = base * sum over units (weight / speed of its tier) / sum over units (weight)
 *
 * with the speeds that `budgeted` guesses, and with the base for which the recorded versions at their recorded times come to
 * the recorded time. Compiling takes instructions * what an instruction took at that tier, on as many threads as there were;
 * the hottest is first. What it leaves out: loops, which make a unit heavier than its instructions; what inlining does; that
 * compile threads take processors from the program; units that never asked in the recorded trial.
 */
import type { Choice, Decision, Observation, TierCost } from '../core/decision.js';
import { compileMs, defaultCompileUs, defaultSpeeds, rungValue } from '../../tiers/policies/budgeted.js';
import type { Policy } from '../../tiers/policy.js';
import { callsUntil, type ModelUnit, modelOf, type ProgramModel } from './program-model.js';
import { encodeRecord, type TrialTrace } from './trace.js';

/** Milliseconds of a step. */
const stepMs = 1;

/** Times as long as the recorded trial after which a simulation ends. */
const longest = 20;

/** What would come of it. */
export interface Prediction {
  /** Milliseconds from the call of `main` to its end. */
  readonly totalMs: number;
  /** Milliseconds of compiling at higher tiers. */
  readonly compileMs: number;
  /** Versions at each tier, by name; first ones are not counted. */
  readonly versions: Readonly<Record<string, number>>;
  /** What the policy decided, a line of JSON each. */
  readonly decisions: string;
}

interface State {
  readonly unit: ModelUnit;
  readonly weight: number;
  tier: number;
  /** Calls until its present version came, and the calls of it at which it asks. */
  base: number;
  asksAt: number;
  sinceMs: number;
  isCompiling: boolean;
  isCandidate: boolean;
}

interface Job {
  readonly state: State;
  readonly target: number;
  readonly heat: number;
  leftMs: number;
}

/**
 * Predicts what a policy would make of a recorded program.
 *
 * @param trace - Of a trial that came to its end.
 * @param policy - The policy.
 * @returns The prediction; undefined if the trial was broken off, or no function ever asked.
 */
export function predict(trace: TrialTrace, policy: Policy): Prediction | undefined {
  const model = modelOf(trace);
  if (model === undefined || model.units.length === 0) return undefined;
  return new Simulation(model, policy).run(baseOf(model, trace));
}

function weightOf(unit: ModelUnit): number {
  return Math.max(1e-9, callsUntil(unit, 1) * Math.max(1, unit.instructions));
}

/** How much longer a program takes than with all of its units at the highest speed there is. */
function slowness(parts: Iterable<{ readonly weight: number; readonly tier: number }>): number {
  let all = 0;
  let slow = 0;
  for (const { weight, tier } of parts) {
    all += weight;
    slow += weight / rungValue(defaultSpeeds, tier);
  }
  return slow / all;
}

/** The base for which the recorded versions come to the recorded time. */
function baseOf(model: ProgramModel, trace: TrialTrace): number {
  const parts = new Map(
    model.units.map((unit) => [
      JSON.stringify([unit.module, unit.unit]),
      { weight: weightOf(unit), tier: 0 },
    ]),
  );
  let base = 0;
  let since = model.startedAtMs;
  for (const record of trace.records) {
    if (record.type !== 'published') continue;
    const part = parts.get(JSON.stringify([record.module, record.unit]));
    const tier = model.ladder.indexOf(record.tier);
    if (part === undefined || tier < 0) continue;
    const until = Math.min(model.endedAtMs, Math.max(since, record.atMs));
    base += (until - since) / slowness(parts.values());
    since = until;
    part.tier = tier;
  }
  return base + (model.endedAtMs - since) / slowness(parts.values());
}

class Simulation {
  readonly #model: ProgramModel;
  readonly #policy: Policy;
  readonly #states: readonly State[];
  readonly #lines: string[] = [];
  readonly #queue: Job[] = [];
  readonly #running: Job[] = [];
  readonly #costs: TierCost[];
  readonly #versions: Record<string, number> = {};
  #atMs: number;
  #work = 0;
  #spentMs = 0;
  #choiceDue = Infinity;

  constructor(model: ProgramModel, policy: Policy) {
    this.#model = model;
    this.#policy = policy;
    this.#atMs = model.startedAtMs;
    // First versions have been compiled; what a policy wanted has not.
    this.#costs = model.costs.map((cost, tier) =>
      tier === 0 ? cost : { compiles: 0, instructions: 0, compileMs: 0, codeBytes: 0 },
    );
    this.#states = model.units.map((unit) => ({
      unit,
      weight: weightOf(unit),
      tier: 0,
      base: 0,
      asksAt: policy.firstRequest(0, model.ladder),
      sinceMs: model.startedAtMs,
      isCompiling: false,
      isCandidate: false,
    }));
  }

  run(base: number): Prediction {
    const { startedAtMs, endedAtMs } = this.#model;
    const limit = startedAtMs + longest * Math.max(1, endedAtMs - startedAtMs);
    while (this.#work < 1 && this.#atMs < limit) {
      const rate = 1 / (base * slowness(this.#states));
      const step = Math.min(stepMs, (1 - this.#work) / rate);
      this.#work = step < stepMs ? 1 : this.#work + step * rate;
      this.#atMs += step;
      for (const state of this.#states) this.#ask(state);
      if (this.#atMs >= this.#choiceDue) this.#choose();
      this.#compile(step);
    }
    return {
      totalMs: this.#atMs - startedAtMs,
      compileMs: this.#spentMs,
      versions: this.#versions,
      decisions: this.#lines.map((line) => `${line}\n`).join(''),
    };
  }

  #calls(state: State): number {
    return Math.floor(callsUntil(state.unit, this.#work) - state.base);
  }

  #ask(state: State): void {
    const calls = this.#calls(state);
    if (calls < state.asksAt || state.isCompiling || calls < 1) return;
    const decision = this.#policy.decide(this.#observe(state, calls));
    this.#note(state, decision);
    switch (decision.kind) {
      case 'wait':
        state.asksAt = calls + decision.calls;
        return;
      case 'candidate':
        state.asksAt = Infinity;
        state.isCandidate = true;
        this.#choiceDue = this.#atMs;
        return;
      case 'promote':
        this.#enqueue(state, decision.target, calls);
    }
  }

  #choose(): void {
    this.#choiceDue = Infinity;
    const known = this.#states.filter(({ isCandidate, isCompiling }) => isCandidate && !isCompiling);
    if (known.length === 0) return;
    const jobs = [...this.#running, ...this.#queue];
    const choice: Choice | undefined = this.#policy.choose?.({
      candidates: known.map((state) => this.#observe(state, this.#calls(state))),
      underWay: jobs.map(({ state, target }) => ({ target, instructions: state.unit.instructions })),
      spentMs: this.#spentMs,
      atMs: this.#atMs,
    });
    if (choice === undefined) return;
    this.#lines.push(encodeRecord({ atMs: this.#atMs, choice }));
    for (const { candidate, target } of choice.promotions) {
      const state = known[candidate];
      if (state !== undefined) this.#enqueue(state, target, this.#calls(state));
    }
    this.#choiceDue = this.#atMs + choice.againMs;
  }

  #note({ unit: { module, unit } }: State, decision: Decision): void {
    this.#lines.push(encodeRecord({ atMs: this.#atMs, module, unit, decision }));
  }

  #enqueue(state: State, target: number, calls: number): void {
    const { costs } = this.#model;
    state.isCompiling = true;
    state.isCandidate = false;
    const leftMs = compileMs(defaultCompileUs, costs, target, state.unit.instructions);
    const heat = calls / Math.max(this.#atMs - state.sinceMs, 1e-3);
    this.#queue.push({ state, target, heat, leftMs });
    this.#queue.sort((one, other) => other.heat - one.heat);
  }

  #compile(milliseconds: number): void {
    const threads = Math.max(1, this.#model.compileThreads - 1);
    while (this.#running.length < threads) {
      const next = this.#queue.shift();
      if (next === undefined) break;
      this.#running.push(next);
      this.#spent(next, next.leftMs);
    }
    for (const job of [...this.#running]) {
      job.leftMs -= milliseconds;
      if (job.leftMs > 0) continue;
      this.#running.splice(this.#running.indexOf(job), 1);
      this.#publish(job);
    }
  }

  #spent({ state, target }: Job, milliseconds: number): void {
    const cost = this.#costs[target];
    if (cost === undefined) return;
    this.#costs[target] = {
      compiles: cost.compiles + 1,
      instructions: cost.instructions + state.unit.instructions,
      compileMs: cost.compileMs + milliseconds,
      codeBytes: cost.codeBytes,
    };
    this.#spentMs += milliseconds;
  }

  #publish({ state, target }: Job): void {
    const { ladder } = this.#model;
    state.tier = target;
    state.isCompiling = false;
    state.base = callsUntil(state.unit, this.#work);
    state.sinceMs = this.#atMs;
    // The top counts nothing.
    state.asksAt = target + 1 < ladder.length ? this.#policy.firstRequest(target, ladder) : Infinity;
    const name = ladder[target] ?? '';
    this.#versions[name] = (this.#versions[name] ?? 0) + 1;
    this.#choiceDue = this.#atMs;
  }

  #observe(state: State, calls: number): Observation {
    const { ladder, compileThreads, codeCache } = this.#model;
    return {
      tierIndex: state.tier,
      ladder,
      calls,
      turns: state.tier === 0 ? 0 : state.unit.turns,
      callsPerMs: calls / Math.max(this.#atMs - state.sinceMs, 1e-3),
      queueLength: this.#queue.length + this.#running.length,
      compileThreads: Math.max(1, compileThreads - 1),
      instructions: state.unit.instructions,
      atMs: this.#atMs,
      quietMs: this.#atMs - this.#model.startedAtMs,
      codeBytes: 0,
      codeCache,
      costs: [...this.#costs],
      speeds: ladder.map(() => null),
    };
  }
}
