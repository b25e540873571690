/**
 * Policies of one form: a unit climbs by steps, each of them at a number of calls of one function. The presets of other
 * runtimes are of this form; what their steps are says `presets.ts`.
 *
 * A function asks when its counter has run down. With `calls` the calls counted in its tier, it takes the step when
 *
 *   calls >= threshold * load * size
 *   load = 1 + queueLength / (feedback * compileThreads), or 1 for a step without feedback
 *   size = the factor that the step gives for the unit's IR instructions, or 1
 *
 * and, where the policy asks for quiet, no function was compiled for the first time in the last milliseconds. Otherwise
 * it asks again after the calls that are missing, or, for want of quiet, after as many calls as the step takes.
 *
 * Steps against rungs: the last step leads to the top of the ladder, the ones before it to the rungs from the second on.
 * What the ladder has between is passed over. A ladder with fewer rungs keeps the last steps.
 */
import type { Decision, Observation } from '../../src/core/decision.js';
import type { Policy } from '../policy.js';

/** One step up. */
export interface Step {
  /** Calls of one function. */
  readonly calls: number;
  /** Queued jobs a compile thread that double the threshold; undefined: the queue is not looked at. */
  readonly feedback?: number;
  /** What the threshold is multiplied by, from the IR instructions of the unit. */
  readonly sizeFactor?: (instructions: number) => number;
}

/** What such a policy is made of. */
export interface Steps {
  readonly name: string;
  /** Lowest first; at least one. */
  readonly steps: readonly Step[];
  /** Milliseconds without a first compile that there must have been. */
  readonly quietMs?: number;
}

interface Rise {
  readonly step: Step;
  /** Position in the ladder. */
  readonly target: number;
}

/** The step that a unit at this rung takes next. */
function nextRise(steps: readonly Step[], tierIndex: number, rungs: number): Rise | undefined {
  const top = rungs - 1;
  if (tierIndex >= top) return undefined;
  const usable = steps.slice(-top);
  const index = Math.min(tierIndex, usable.length - 1);
  const step = usable[index];
  if (step === undefined) return undefined;
  return { step, target: index === usable.length - 1 ? top : index + 1 };
}

/**
 * Makes a policy.
 *
 * @param options - Its steps.
 * @returns The policy.
 */
export function steppedPolicy({ name, steps, quietMs = 0 }: Steps): Policy {
  const decide = (seen: Observation): Decision => {
    const rise = nextRise(steps, seen.tierIndex, seen.ladder.length);
    if (rise === undefined) return { kind: 'wait', calls: Infinity };
    const { step, target } = rise;
    const { feedback = Infinity, sizeFactor = () => 1 } = step;
    const load = 1 + seen.queueLength / (feedback * seen.compileThreads);
    const needed = Math.ceil(step.calls * load * sizeFactor(seen.instructions));
    if (seen.calls < needed) return { kind: 'wait', calls: needed - seen.calls };
    if (seen.quietMs < quietMs) return { kind: 'wait', calls: needed };
    const reason = `${String(seen.calls)} calls >= ${String(needed)}`;
    return { kind: 'promote', target, reason, mode: 'background' };
  };
  return {
    name,
    firstRequest: (tierIndex, ladder) => nextRise(steps, tierIndex, ladder.length)?.step.calls ?? Infinity,
    decide,
  };
}
