/** What a policy is: a pure function from what was observed to what should be compiled next. */

/** What is known when a function's counter has run down (or the control loop asks). */
export interface Observation {
  /** Position of the unit's current tier in the ladder, 0 the lowest. */
  readonly tierIndex: number;
  /** Names of the ladder's tiers, lowest first. */
  readonly ladder: readonly string[];
  /** Calls of the function that asked, counted in its current tier. */
  readonly calls: number;
  /** Compile jobs queued or running. */
  readonly queueLength: number;
  /** Threads that compile at higher tiers. */
  readonly compileThreads: number;
  /** IR instructions of the unit. */
  readonly instructions: number;
}

/** Compile the unit at a tier. */
export interface Promotion {
  readonly kind: 'promote';
  /** Position in the ladder. */
  readonly target: number;
  /** Why, for events and statistics. */
  readonly reason: string;
  readonly mode: 'background';
}

/** Leave it, and ask again after some calls of the same function. */
export interface Patience {
  readonly kind: 'wait';
  /** Calls until the function's counter asks again; Infinity for never. */
  readonly calls: number;
}

/** What a policy answers. */
export type Decision = Promotion | Patience;

/** A policy decides and keeps no state of its own. */
export interface Policy {
  readonly name: string;
  /** Calls after which a function whose unit is at this tier asks for the first time; Infinity for never. */
  readonly firstRequest: (tierIndex: number, ladder: readonly string[]) => number;
  /** Decides about one unit; pure. */
  readonly decide: (observation: Observation) => Decision;
}
