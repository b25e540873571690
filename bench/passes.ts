/** Programs in passes: when each ended and how long it took, and that all contestants computed the same. */
import type { Contestant } from './contestant.js';
import type { Program } from './programs.js';
import { runTrial } from './trial.js';

/** One process. */
export interface Passes {
  /** When each pass had ended, in ms since the process was started. */
  readonly endMs: readonly number[];
  /** How long each took, as seen from there. */
  readonly passMs: readonly number[];
  /** How long each took, as the program says: processor time. */
  readonly usedMs: readonly number[];
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
  const { lineMs, output, complaint } = await runTrial(contestant, program.args(passes));
  lines.check(output, `${contestant.name}, ${program.name},`);
  if (lineMs.length !== passes + 1)
    throw new Error(`${contestant.name} prints ${String(lineMs.length)} lines`);
  const endMs = lineMs.slice(1);
  const usedMs = complaint
    .trim()
    .split('\n')
    .map((line) => Number(line) / 1e6);
  if (usedMs.length !== passes || usedMs.some(Number.isNaN))
    throw new Error(`${contestant.name} says ${complaint}`);
  return { endMs, usedMs, passMs: endMs.map((atMs, index) => atMs - (lineMs[index] ?? Number.NaN)) };
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
 * The best pass once a program is warm, in processor time.
 *
 * @param passes - One process.
 * @param share - Of its passes, those at the end.
 * @returns Milliseconds.
 */
export function bestMs({ usedMs }: Passes, share: number): number {
  return Math.min(...usedMs.slice(-Math.max(2, Math.ceil(usedMs.length * share))));
}
