/** What a policy is told and what it answers: plain data, so that both can be recorded and replayed. */

/** What compiling at one tier has cost so far, first versions included. */
export interface TierCost {
  /** Versions that were compiled. */
  readonly compiles: number;
  /** IR instructions of the units that they were for. */
  readonly instructions: number;
  /** Milliseconds in LLVM. */
  readonly compileMs: number;
  /** Bytes of code. */
  readonly codeBytes: number;
}

/** How fast a unit ran at one tier, as far as it was sampled. */
export interface Speed {
  /** Calls of its functions while it was sampled. */
  readonly calls: number;
  /** Milliseconds of CPU time inside its version, in these calls. */
  readonly cpuMs: number;
}

/** What is known when a function's counter has run down, or when candidates are compared. */
export interface Observation {
  /** Position of the unit's current tier in the ladder, 0 the lowest. */
  readonly tierIndex: number;
  /** Names of the ladder's tiers, lowest first. */
  readonly ladder: readonly string[];
  /** Calls of the function that asked, counted in its current tier. */
  readonly calls: number;
  /**
   * Turns of the function's hottest loop for each of its calls, roughly: as a tier that collects profiles counts edges, at the
   * lowest tier as far as a loop was found hot; 0 where nothing was counted. Turns in a continuation are not counted.
   */
  readonly turns: number;
  /** These calls for each millisecond of wall time since they are counted. */
  readonly callsPerMs: number;
  /** Compile jobs queued or running. */
  readonly queueLength: number;
  /** Threads that compile at higher tiers. */
  readonly compileThreads: number;
  /** IR instructions of the unit. */
  readonly instructions: number;
  /** Milliseconds since the engine was created. */
  readonly atMs: number;
  /** Milliseconds since a function was last compiled for the first time. */
  readonly quietMs: number;
  /** Bytes of code of the unit's version, which other units may share. */
  readonly codeBytes: number;
  /** Bytes of code in use, stubs and retired versions included, and how many there may be. */
  readonly codeCache: { readonly bytes: number; readonly maxBytes: number };
  /** By position in the ladder: what compiling has cost so far. */
  readonly costs: readonly TierCost[];
  /** By position in the ladder: how fast this unit ran; null where it was not sampled. */
  readonly speeds: readonly (Speed | null)[];
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

/** Keep the unit among the candidates, which the policy's `choose` compares. */
export interface Candidacy {
  readonly kind: 'candidate';
}

/** What a policy answers for one unit. */
export type Decision = Promotion | Patience | Candidacy;

/** What a policy that chooses among candidates is told. */
export interface Candidates {
  /** What is known of each now; in the order in which they became candidates. */
  readonly candidates: readonly Observation[];
  /** Compiles that a policy wanted and that are queued or running: target, and IR instructions of the unit. */
  readonly underWay: readonly { readonly target: number; readonly instructions: number }[];
  /** Milliseconds in LLVM of finished compiles that a policy wanted. */
  readonly spentMs: number;
  /** Milliseconds since the engine was created. */
  readonly atMs: number;
}

/** Which candidates are compiled now. */
export interface Choice {
  /** Each candidate at most once, the first to be compiled first. */
  readonly promotions: readonly {
    /** Position in the list of candidates. */
    readonly candidate: number;
    /** Position in the ladder. */
    readonly target: number;
    readonly reason: string;
  }[];
  /** Milliseconds until it is asked again, if nothing happens before: a new candidate, or the end of a compile. */
  readonly againMs: number;
}
