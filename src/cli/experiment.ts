/** `tierlink experiment`: runs the trials of an experiment, one process each, and writes what came of them. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import logUpdate from 'log-update';
import { decodeTrace, type Experiment, figuresOf, type TrialTrace, trialsOf } from '../index.js';
import { curvesCsv, summaryJson, trialsCsv } from './experiment-data.js';
import { readExperiment } from './experiment-file.js';
import { trialInProcess } from './trial-process.js';

/** Options of the command, as commander gives them. */
export interface ExperimentCommandOptions {
  readonly out?: string;
  /** Traces to make the report of again; nothing is run. */
  readonly report?: boolean;
}

/**
 * Runs an experiment.
 *
 * @param file - Path of the description.
 * @param options - The command's options.
 * @returns The exit status: 1 if a trial did not come to its end.
 * @throws TierlinkError OPTION_INVALID, TIER_UNKNOWN
 */
export async function experimentCommand(file: string, options: ExperimentCommandOptions): Promise<number> {
  const path = resolve(file);
  const experiment = await readExperiment(path);
  const orders = trialsOf(experiment, (given) => resolve(dirname(path), given));
  const folder = resolve(options.out ?? `${basename(path, extname(path))}-results`);
  mkdirSync(join(folder, 'traces'), { recursive: true });
  const traces: TrialTrace[] = [];
  const progress = new TrialProgress(orders.length);
  for (const [index, order] of orders.entries()) {
    const { program, policy, tiers, repetition } = order;
    const name = `${program}, ${policy}, ${tiers}, ${String(repetition + 1)}`;
    const trace = join(
      folder,
      'traces',
      `${fileName([program, tiers, policy, String(repetition + 1)])}.jsonl`,
    );
    progress.begin(index, name);
    if (options.report !== true)
      writeFileSync(trace, await trialInProcess(order, experiment.timeoutMs ?? 120_000));
    const read = decodeTrace(readFileSync(trace, 'utf8'), trace);
    traces.push(read);
    const { broken, totalMs } = figuresOf(read);
    progress.end(index, name, broken === '' ? `${totalMs.toFixed(0)} ms` : `broken: ${broken}`);
  }
  await write(folder, experiment, traces);
  process.stdout.write(`${join(folder, 'report.html')}\n`);
  return traces.some((trace) => figuresOf(trace).broken !== '') ? 1 : 0;
}

async function write(folder: string, experiment: Experiment, traces: readonly TrialTrace[]): Promise<void> {
  const { reportHtml } = await import('./experiment-report.js');
  writeFileSync(join(folder, 'trials.csv'), trialsCsv(traces));
  writeFileSync(join(folder, 'curves.csv'), curvesCsv(traces));
  writeFileSync(join(folder, 'summary.json'), summaryJson(experiment, traces));
  writeFileSync(join(folder, 'report.html'), reportHtml(experiment, traces));
}

/** Names come from users: none may lead elsewhere, or be another one's. */
function fileName(parts: readonly string[]): string {
  return parts.map((part) => encodeURIComponent(part).replace(/[.]/g, '%2E')).join('+');
}

/** Shows how far an experiment is: in place on a terminal, else a line for each trial. */
class TrialProgress {
  readonly #count: number;
  readonly #began = performance.now();

  constructor(count: number) {
    this.#count = count;
  }

  begin(index: number, name: string): void {
    if (!process.stderr.isTTY) return;
    const leftMs =
      index === 0 ? Number.NaN : ((performance.now() - this.#began) / index) * (this.#count - index);
    const left = Number.isNaN(leftMs) ? '' : `, about ${(leftMs / 1000).toFixed(0)} s left`;
    const width = 30;
    const done = Math.round((index / this.#count) * width);
    const bar = `${'#'.repeat(done)}${'.'.repeat(width - done)}`;
    logUpdate(`[${bar}] ${String(index)} of ${String(this.#count)}${left}\n${name}`);
  }

  end(index: number, name: string, outcome: string): void {
    const line = `${String(index + 1)}/${String(this.#count)}  ${name}: ${outcome}\n`;
    if (process.stderr.isTTY) logUpdate.clear();
    process.stderr.write(line);
  }
}
