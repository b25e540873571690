/**
 * The command line of every benchmark, which scripts/bench.mjs has checked: `<field.json> [--json] [--runs N] [--plot
 * FILE]`.
 */
import { parseArgs } from 'node:util';

/** What was asked for. */
export interface Words {
  /** Path of the list of contestants. */
  readonly field: string;
  readonly asJson: boolean;
  readonly runs: number;
  /** Path of an SVG file to be written, by those that can. */
  readonly plot: string | undefined;
}

/**
 * Reads the command line.
 *
 * @param defaultRuns - Rounds where none are given.
 * @returns What was asked for.
 */
export function readWords(defaultRuns: number): Words {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      runs: { type: 'string' },
      plot: { type: 'string' },
    },
  });
  const { json, runs, plot } = values;
  return { field: positionals[0] ?? '', asJson: json, runs: Number(runs ?? defaultRuns), plot };
}
