/**
 * Asks the policy: writes down what is known, checks what is answered, and tells observers of both. A policy may be the
 * user's own: whatever it does wrong is reported and leaves units where they are.
 */
import type { Candidates, Choice, Decision, Observation, Speed } from '../core/decision.js';
import { TierlinkError } from '../core/errors.js';
import type { Emit } from '../core/events.js';
import type { Registry } from '../registry/registry.js';
import { currentTier } from '../../tiers/lifecycle.js';
import type { Policy } from '../../tiers/policy.js';
import type { CallCount } from './call-counts.js';
import type { CompileCosts } from './compile-costs.js';
import type { Unit } from './loaded-module.js';

/** What is asked about the whole engine. */
export interface PolicySurroundings {
  readonly policy: Policy;
  /** Names of the tiers, lowest first. */
  readonly ladder: readonly string[];
  readonly registry: Registry;
  readonly costs: CompileCosts;
  readonly emit: Emit;
  /** Milliseconds since the engine was created. */
  readonly atMs: () => number;
  /** Compile jobs queued or running. */
  readonly queueLength: () => number;
  /** Threads that compile at higher tiers. */
  readonly compileThreads: number;
  readonly codeCache: () => Observation['codeCache'];
  /** By position in the ladder; null where a unit was not sampled. */
  readonly speeds: (unit: Unit) => readonly (Speed | null)[];
}

/** A unit that a policy may choose, with the function that asked. */
export interface Candidate {
  readonly unit: Unit;
  readonly count: CallCount;
  /** Turns of that function's hottest loop for each of its calls. */
  readonly turns: number;
}

const silence: Decision = { kind: 'wait', calls: Infinity };

/** Asks one engine's policy. */
export class PolicyDesk {
  readonly #around: PolicySurroundings;
  /** When a function was last compiled for the first time, in milliseconds since the engine was created. */
  #lastFirstMs = 0;

  /** @param around - The policy, and what it is told of. */
  constructor(around: PolicySurroundings) {
    this.#around = around;
  }

  /** Functions were compiled for the first time. */
  noteFirst(): void {
    this.#lastFirstMs = this.#around.atMs();
  }

  /** Calls after which a function of the unit asks for the first time in its present version. */
  firstRequest(unit: Unit): number {
    return this.#around.policy.firstRequest(currentTier(unit.state), this.#around.ladder);
  }

  /**
   * What becomes of a unit.
   *
   * @param candidate - The unit, with the function that asked.
   * @returns A decision that can be carried out.
   */
  decide(candidate: Candidate): Decision {
    const { policy, emit } = this.#around;
    const { unit } = candidate;
    try {
      const observation = this.#observe(candidate);
      const decision = policy.decide(observation);
      const fault = this.#faultOf(decision);
      if (fault !== '') return this.#refuse(unit, fault);
      emit('decided', { module: unit.home.record.name, unit: unit.name, observation, decision });
      return decision;
    } catch (cause) {
      return this.#refuse(unit, cause instanceof Error ? cause.message : String(cause), cause);
    }
  }

  /**
   * Which candidates are compiled now.
   *
   * @param candidates - Units that the policy made candidates; at least one.
   * @param underWay - Compiles that the policy wanted and that are not finished.
   * @returns A choice that can be carried out.
   */
  choose(candidates: readonly Candidate[], underWay: Candidates['underWay']): Choice {
    const { policy, costs, atMs, emit } = this.#around;
    const asked: Candidates = {
      candidates: candidates.map((candidate) => this.#observe(candidate)),
      underWay,
      spentMs: costs.spentMs,
      atMs: atMs(),
    };
    const refused: Choice = { promotions: [], againMs: Infinity };
    const refuse = (reason: string, cause?: unknown): Choice => {
      const [first] = candidates;
      if (first !== undefined) this.#refuse(first.unit, reason, cause);
      return refused;
    };
    try {
      const choice = policy.choose?.(asked);
      if (choice === undefined) return refuse('it has candidates, and no function choose');
      const fault = this.#faultOfChoice(choice, candidates.length);
      if (fault !== '') return refuse(fault);
      const names = candidates.map(({ unit }) => ({ module: unit.home.record.name, unit: unit.name }));
      emit('chose', { names, asked, choice });
      return choice;
    } catch (cause) {
      return refuse(cause instanceof Error ? cause.message : String(cause), cause);
    }
  }

  /** IR instructions of a unit. */
  instructions({ home, name }: Unit): number {
    const slot = home.unitKind === 'module' ? undefined : home.slots.get(name);
    const definition = slot === undefined ? undefined : this.#around.registry.functionAt(slot);
    return definition?.instructions ?? home.record.instructions;
  }

  #observe({ unit, count, turns }: Candidate): Observation {
    const { ladder, costs, atMs, queueLength, compileThreads, codeCache, speeds } = this.#around;
    const now = atMs();
    return {
      tierIndex: currentTier(unit.state),
      ladder,
      calls: count.calls,
      turns,
      // What was counted within one clock tick is as hot as it can be measured.
      callsPerMs: count.calls / Math.max(now - count.sinceMs, 1e-3),
      queueLength: queueLength(),
      compileThreads,
      instructions: this.instructions(unit),
      atMs: now,
      quietMs: now - this.#lastFirstMs,
      codeBytes: unit.version?.codeBytes ?? 0,
      codeCache: codeCache(),
      costs: costs.byTier,
      speeds: speeds(unit),
    };
  }

  #faultOf(decision: Decision): string {
    const { ladder, policy } = this.#around;
    switch (decision.kind) {
      case 'wait':
        return decision.calls > 0 ? '' : 'it waits for no calls';
      case 'promote':
        return ladder[decision.target] === undefined ? noTier(decision.target) : '';
      case 'candidate':
        return policy.choose === undefined ? 'it has candidates, and no function choose' : '';
    }
  }

  #faultOfChoice({ promotions, againMs }: Choice, candidates: number): string {
    if (!(againMs > 0)) return 'it wants to be asked again after no time';
    const seen = new Set<number>();
    for (const { candidate, target } of promotions) {
      if (!Number.isInteger(candidate) || candidate < 0 || candidate >= candidates)
        return `there is no candidate ${String(candidate)}`;
      if (seen.has(candidate)) return `it chose candidate ${String(candidate)} twice`;
      if (this.#around.ladder[target] === undefined) return noTier(target);
      seen.add(candidate);
    }
    return '';
  }

  #refuse(unit: Unit, reason: string, cause?: unknown): Decision {
    const { policy, emit } = this.#around;
    const module = unit.home.record.name;
    const error = new TierlinkError('POLICY_FAILED', { policy: policy.name, module, reason }, { cause });
    emit('failed', { module, unit: unit.name, tier: '', error, retry: 'none' });
    return silence;
  }
}

function noTier(target: number): string {
  return `there is no tier ${String(target)} in the ladder`;
}
