/** Programs in passes: how long each pass took, seen from outside, and that all contestants computed the same. */
import type { Contestant } from './contestant.js';
import type { Program } from './programs.js';
import { runTrial } from './trial.js';

/** One process. */
export interface Passes {
  /** When each pass had ended, in ms since the process was started. */
  readonly endMs: readonly number[];
  /** How long each took. */
  readonly passMs: readonly number[];
}

/** What a program is expected to print: the lines of the contestant that printed most so far. */
export class Lines {
  #longest: readonly string[] = [];

  /**
   * Compares an output with those before it.
   *
   * @param output - Of one process.
   * @param name - Whose it is.
   * @throws Error if a line differs: then the figures would compare different work
   */
  check(output: string, name: string): void {
    const lines = output.trimEnd().split('\n');
    for (const [at, line] of lines.entries()) {
      const expected = this.#longest[at] ?? line;
      if (line !== expected) throw new Error(`${name} prints ${line}, not ${expected}`);
    }
    if (lines.length > this.#longest.length) this.#longest = lines;
  }
}

/**
 * Runs a program once.
 *
 * @param program - The program.
 * @param contestant - Who runs it.
 * @param passes - How many passes.
 * @param lines - What it is to print.
 * @returns When each pass had ended.
 * @throws Error if it fails or prints something else
 */
export async function runPasses(
  program: Program,
  contestant: Contestant,
  passes: number,
  lines: Lines,
): Promise<Passes> {
  process.stderr.write(`${program.name}: ${contestant.name}, ${String(passes)} passes\n`);
  const { lineMs, output } = await runTrial(contestant, program.args(passes));
  lines.check(output, `${contestant.name}, ${program.name},`);
  if (lineMs.length !== passes + 1)
    throw new Error(`${contestant.name} prints ${String(lineMs.length)} lines`);
  const endMs = lineMs.slice(1);
  return { endMs, passMs: endMs.map((atMs, index) => atMs - (lineMs[index] ?? Number.NaN)) };
}

/**
 * How many passes are so much work.
 *
 * @param passMs - What a pass takes.
 * @param workMs - The work.
 * @returns At least four.
 */
export function passesFor(passMs: number, workMs: number): number {
  return Math.max(4, Math.ceil(workMs / passMs));
}

/**
 * The best pass once a program is warm: a pause of the machine in one of them is no part of the answer.
 *
 * @param passes - One process.
 * @param share - Of its passes, those at the end.
 * @returns Milliseconds.
 */
export function bestMs({ passMs }: Passes, share: number): number {
  return Math.min(...passMs.slice(-Math.max(2, Math.ceil(passMs.length * share))));
}
