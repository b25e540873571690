/** The command line of every benchmark, which scripts/bench.mjs has checked: `<field.json> [--json] [--runs N]`. */
import { parseArgs } from 'node:util';

/** What was asked for. */
export interface Words {
  /** Path of the list of contestants. */
  readonly field: string;
  readonly asJson: boolean;
  readonly runs: number;
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
    options: { json: { type: 'boolean', default: false }, runs: { type: 'string' } },
  });
  return { field: positionals[0] ?? '', asJson: values.json, runs: Number(values.runs ?? defaultRuns) };
}
