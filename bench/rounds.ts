/** Rounds: every contestant once, then every contestant again, so that what slows the machine down slows all. */
import type { Contestant } from './contestant.js';
import { runTrial, type Trial } from './trial.js';

/**
 * Runs all contestants in turn.
 *
 * @param contestants - Who takes part.
 * @param script - The script's path and arguments.
 * @param runs - How many rounds.
 * @returns The trials of each contestant, in their order.
 * @throws Error if one fails, or if outputs differ: then the figures would compare different work
 */
export async function runRounds(
  contestants: readonly Contestant[],
  script: readonly string[],
  runs: number,
): Promise<readonly Trial[][]> {
  const trials: Trial[][] = contestants.map(() => []);
  let expected: string | undefined;
  for (let run = 1; run <= runs; run += 1) {
    for (const [index, contestant] of contestants.entries()) {
      process.stderr.write(`round ${String(run)} of ${String(runs)}: ${contestant.name}\n`);
      const trial = await runTrial(contestant, script);
      expected ??= trial.output;
      if (trial.output !== expected) {
        throw new Error(
          `${contestant.name} prints ${JSON.stringify(trial.output)}, not ${JSON.stringify(expected)}`,
        );
      }
      trials[index]?.push(trial);
    }
  }
  return trials;
}
