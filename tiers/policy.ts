/** What a policy is: a pure function from what was observed to what should be compiled next. */
import type { Candidates, Choice, Decision, Observation } from '../src/core/decision.js';

/** A policy decides and keeps no state of its own. */
export interface Policy {
  readonly name: string;
  /** Calls after which a function whose unit is at this tier asks for the first time; Infinity for never. */
  readonly firstRequest: (tierIndex: number, ladder: readonly string[]) => number;
  /** Decides about one unit; pure. */
  readonly decide: (observation: Observation) => Decision;
  /** Chooses among the units for which `decide` answered `candidate`; pure. Needed by policies that answer so. */
  readonly choose?: (candidates: Candidates) => Choice;
}
