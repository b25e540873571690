/** The results of an experiment as tables of comma-separated values, and as JSON. */
import { type Experiment, figureNames, figuresOf, summarize, type TrialTrace } from '../index.js';

/**
 * A line for each trial.
 *
 * @param traces - Of all trials.
 * @returns CSV with a head, as RFC 4180 has it.
 */
export function trialsCsv(traces: readonly TrialTrace[]): string {
  const head = ['program', 'tiers', 'policy', 'repetition', 'broken', ...figureNames];
  return csv(
    head,
    traces.map((trace) => {
      const figures = figuresOf(trace);
      const { program, tiers, policy, repetition, broken } = figures;
      return [program, tiers, policy, repetition + 1, broken, ...figureNames.map((name) => figures[name])];
    }),
  );
}

/**
 * A line for each point of each curve.
 *
 * @param traces - Of all trials.
 * @returns CSV with a head.
 */
export function curvesCsv(traces: readonly TrialTrace[]): string {
  const head = ['program', 'tiers', 'policy', 'curve', 'atMs', 'mean', 'low', 'high', 'trials'];
  const lines = summarize(traces).flatMap((kind) =>
    (['throughput', 'queue', 'code'] as const).flatMap((curve) =>
      kind[curve].map(({ atMs, mean, low, high, count }) => [
        kind.program,
        kind.tiers,
        kind.policy,
        curve,
        atMs,
        mean,
        low,
        high,
        count,
      ]),
    ),
  );
  return csv(head, lines);
}

/**
 * Everything that the report shows.
 *
 * @param experiment - What was run.
 * @param traces - Of all trials.
 * @returns JSON.
 */
export function summaryJson(experiment: Experiment, traces: readonly TrialTrace[]): string {
  const trials = traces.map(figuresOf);
  return `${JSON.stringify({ version: 1, experiment, kinds: summarize(traces), trials }, null, 1)}\n`;
}

function csv(head: readonly string[], lines: readonly (readonly (string | number | null)[])[]): string {
  return [head, ...lines].map((line) => `${line.map(cell).join(',')}\r\n`).join('');
}

function cell(value: string | number | null): string {
  if (value === null || Number.isNaN(value)) return '';
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
