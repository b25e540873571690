/** What a benchmark with goals says: tables of figures, and which goals they meet. */
import { cpus } from 'node:os';
import Table from 'cli-table3';

/** One table. */
export interface Sheet {
  readonly title: string;
  /** One a column; the first is of the names. */
  readonly head: readonly string[];
  readonly rows: readonly (readonly (string | number | undefined)[])[];
}

/** A limit, and what was found. */
export interface Goal {
  readonly name: string;
  readonly found: number;
  readonly atMost: number;
  /** Of both figures; '' for ratios. */
  readonly unit: string;
}

/** One benchmark's result. */
export interface Findings {
  readonly question: string;
  readonly sheets: readonly Sheet[];
  readonly goals: readonly Goal[];
  /** What a reader has to know to read the figures right, or what could not be measured here. */
  readonly notes: readonly string[];
}

/**
 * The middle of what was measured.
 *
 * @param values - At least one.
 * @returns Their median.
 */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/**
 * The middle of ratios.
 *
 * @param ratios - At least one.
 * @returns Their geometric mean.
 */
export function geometricMean(ratios: readonly number[]): number {
  return Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
}

/**
 * What a share of the values does not exceed.
 *
 * @param values - At least one.
 * @param share - Above 0; 1 gives the largest.
 * @returns One of the values.
 */
export function percentile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(values.length * share) - 1] ?? Number.NaN;
}

/**
 * What is nearly always exceeded: of slices of a loop whose cost can't fall below what the processor needs, those that
 * nothing disturbed.
 *
 * @param values - At least one.
 * @returns Their lowest tenth ends there.
 */
export function lowestTenth(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 10)] ?? Number.NaN;
}

/**
 * Prints a result.
 *
 * @param findings - The result.
 * @param asJson - As JSON, for programs; otherwise as tables.
 */
export function printFindings(findings: Findings, asJson: boolean): void {
  const goals = findings.goals.map((goal) => ({ ...goal, met: goal.found <= goal.atMost }));
  if (asJson) {
    const machine = { cpu: cpus()[0]?.model ?? '', cores: cpus().length, node: process.version };
    process.stdout.write(`${JSON.stringify({ ...findings, goals, machine }, null, 2)}\n`);
    return;
  }
  const sheets = [...findings.sheets, ...(goals.length === 0 ? [] : [goalSheet(goals)])].map(
    (sheet) => `${sheet.title}\n${tableOf(sheet).toString()}\n`,
  );
  process.stdout.write(`${findings.question}\n\n${sheets.join('\n')}`);
  for (const note of findings.notes) process.stdout.write(`${note}\n`);
}

function goalSheet(goals: readonly (Goal & { readonly met: boolean })[]): Sheet {
  const rows = goals.map(({ name, found, atMost, unit, met }) => [
    name,
    `${show(found)} ${unit}`.trim(),
    `${show(atMost)} ${unit}`.trim(),
    met ? 'met' : 'missed',
  ]);
  return { title: 'Goals', head: ['', 'found', 'at most', ''], rows };
}

function tableOf({ head, rows }: Sheet): Table.Table {
  const colAligns = head.map((_, index) => (index === 0 ? ('left' as const) : ('right' as const)));
  const chars = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' };
  const table = new Table({ head: [...head], chars, colAligns, style: { head: [], border: [] } });
  for (const row of rows)
    table.push(row.map((cell) => (typeof cell === 'number' ? show(cell) : (cell ?? '–'))));
  return table;
}

/** Three digits that count, and no more than there are. */
function show(value: number): string {
  const rounded = Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
  return rounded.toLocaleString('en', { maximumFractionDigits: 6 });
}
