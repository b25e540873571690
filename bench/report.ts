/** What a benchmark says: medians, and how many times as long tierlink takes as each other in the same run. */
import { cpus } from 'node:os';
import Table from 'cli-table3';
import type { Absentee } from './contestant.js';
import { median } from './findings.js';

/** Samples of one contestant in one column. */
export interface Row {
  readonly name: string;
  readonly role: 'subject' | 'peer' | 'reference';
  /** One list a column, in the benchmark's unit. */
  readonly samples: readonly (readonly number[])[];
}

/** One benchmark's result. */
export interface Report {
  readonly question: string;
  readonly unit: string;
  /** What each list of samples is. */
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  readonly absent: readonly Absentee[];
}

/** Median and spread of one list, and tierlink's median divided by it. */
function figures(samples: readonly number[], subject: readonly number[]) {
  const own = median(samples);
  return { median: own, min: Math.min(...samples), max: Math.max(...samples), ratio: median(subject) / own };
}

/**
 * Prints a result.
 *
 * @param report - The result.
 * @param asJson - As JSON, for programs; otherwise as a table.
 */
export function print(report: Report, asJson: boolean): void {
  const subject = report.rows.find((row) => row.role === 'subject');
  const rows = report.rows.map((row) => ({
    ...row,
    figures: row.samples.map((samples, column) => figures(samples, subject?.samples[column] ?? [])),
  }));
  if (asJson) {
    const machine = { cpu: cpus()[0]?.model ?? '', cores: cpus().length, node: process.version };
    process.stdout.write(`${JSON.stringify({ ...report, machine, rows }, null, 2)}\n`);
    return;
  }
  const heads = report.columns.flatMap((column) => [`${column}, ${report.unit}`, 'min-max', 'tierlink/it']);
  const colAligns = ['left' as const, ...heads.map(() => 'right' as const)];
  const chars = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' };
  const table = new Table({ head: ['', ...heads], chars, colAligns, style: { head: [], border: [] } });
  for (const row of rows) {
    const cells = row.figures.flatMap((found) => [
      show(found.median),
      `${show(found.min)}-${show(found.max)}`,
      row.role === 'subject' ? '' : `${found.ratio.toFixed(2)} x`,
    ]);
    table.push([row.role === 'reference' ? `(${row.name})` : row.name, ...cells]);
  }
  process.stdout.write(`${report.question}\n${table.toString()}\n`);
  for (const { name, reason } of report.absent) process.stdout.write(`not here: ${name}: ${reason}\n`);
}

function show(value: number): string {
  return value < 10 ? value.toFixed(2) : value.toFixed(0);
}
