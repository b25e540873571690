/** What compiling has cost so far: by tier, and of what a policy wanted. */
import type { TierCost } from '../core/decision.js';

/** One finished compile. */
export interface FinishedCompile {
  /** Position in the ladder. */
  readonly target: number;
  /** IR instructions of the units that it was for. */
  readonly instructions: number;
  readonly compileMs: number;
  readonly codeBytes: number;
  /** Whether a policy wanted it; else the program, or somebody by name. */
  readonly isChosen: boolean;
}

const nothing: TierCost = { compiles: 0, instructions: 0, compileMs: 0, codeBytes: 0 };

/** Adds up the compiles of one engine. */
export class CompileCosts {
  #costs: readonly TierCost[];
  #spentMs = 0;

  /** @param rungs - Tiers of the ladder. */
  constructor(rungs: number) {
    this.#costs = Array.from({ length: rungs }, () => nothing);
  }

  /** By position in the ladder; another array after each compile. */
  get byTier(): readonly TierCost[] {
    return this.#costs;
  }

  /** Milliseconds in LLVM of what a policy wanted. */
  get spentMs(): number {
    return this.#spentMs;
  }

  /** Adds a compile. */
  add({ target, instructions, compileMs, codeBytes, isChosen }: FinishedCompile): void {
    if (isChosen) this.#spentMs += compileMs;
    this.#costs = this.#costs.map((cost, rung) =>
      rung !== target
        ? cost
        : {
            compiles: cost.compiles + 1,
            instructions: cost.instructions + instructions,
            compileMs: cost.compileMs + compileMs,
            codeBytes: cost.codeBytes + codeBytes,
          },
    );
  }
}
