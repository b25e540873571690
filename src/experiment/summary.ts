/** What the trials of an experiment come to: figures with confidence intervals, and curves over time. */
import { type Estimate, estimate } from './statistics.js';
import type { BrokenRecord, EndRecord, TrialTrace, TraceRecord } from './trace.js';

/** Figures of one trial. */
export interface TrialFigures {
  readonly program: string;
  readonly policy: string;
  readonly tiers: string;
  readonly repetition: number;
  /** Why it has no figures, or ''. */
  readonly broken: string;
  /** Milliseconds that `main` took. */
  readonly totalMs: number;
  /** Milliseconds until the throughput was 90% of its peak for the first time; null without marks. */
  readonly warmUpMs: number | null;
  /** Marks a second in the best windows; null without marks. */
  readonly peak: number | null;
  /** Milliseconds in LLVM, first versions included. */
  readonly compileMs: number;
  readonly versions: number;
  readonly rolledBack: number;
  /** The most bytes of code at once. */
  readonly codeBytes: number;
  /** The most jobs at once. */
  readonly queueLength: number;
}

/** Figures that have an estimate. */
export const figureNames = [
  'totalMs',
  'warmUpMs',
  'peak',
  'compileMs',
  'versions',
  'rolledBack',
  'codeBytes',
  'queueLength',
] as const;

/** One of them. */
export type FigureName = (typeof figureNames)[number];

/** All repetitions of one kind. */
export interface KindSummary {
  readonly program: string;
  readonly policy: string;
  readonly tiers: string;
  /** Trials that came to an end, and that did not. */
  readonly trials: number;
  readonly broken: number;
  /** Null where there is nothing to estimate. */
  readonly figures: Readonly<Record<FigureName, Estimate | null>>;
  /** Marks a second, queue, bytes of code: at each window from the call of `main` on, over the trials that still ran. */
  readonly throughput: readonly CurvePoint[];
  readonly queue: readonly CurvePoint[];
  readonly code: readonly CurvePoint[];
  /** Share of the program's CPU time by place: a tier's name, `stubs`, `outside`. */
  readonly timeByTier: Readonly<Record<string, number>>;
}

/** A point of a curve. */
export interface CurvePoint extends Estimate {
  /** Milliseconds since `main` was called, at the window's end. */
  readonly atMs: number;
}

/** Throughput is taken over so many windows, since marks come in lumps. */
const smoothed = 3;

type RecordOf<Type extends TraceRecord['type']> = Extract<TraceRecord, { readonly type: Type }>;

function ofType<Type extends TraceRecord['type']>(trace: TrialTrace, type: Type): RecordOf<Type>[] {
  return trace.records.filter((record): record is RecordOf<Type> => record.type === type);
}

/**
 * The figures of a trial.
 *
 * @param trace - Its trace.
 * @returns The figures.
 */
export function figuresOf(trace: TrialTrace): TrialFigures {
  const { program, policy, tiers, repetition } = trace.trial.order;
  const [end] = ofType(trace, 'end');
  const [fault] = ofType(trace, 'broken');
  const published = ofType(trace, 'published');
  const samples = ofType(trace, 'sample');
  const rates = throughputOf(trace);
  const peak = rates.length === 0 ? null : Math.max(...rates.map(({ value }) => value));
  const warm = peak === null ? undefined : rates.find(({ value }) => value >= 0.9 * peak);
  return {
    program,
    policy,
    tiers,
    repetition,
    broken: whyBroken(fault, end),
    totalMs: end === undefined ? Number.NaN : end.atMs - end.startedAtMs,
    warmUpMs: warm?.atMs ?? null,
    peak,
    compileMs: published.reduce((sum, { compileMs }) => sum + compileMs, 0),
    versions: published.length,
    rolledBack: ofType(trace, 'rolledBack').length,
    codeBytes: Math.max(0, ...samples.map(({ codeBytes }) => codeBytes)),
    queueLength: Math.max(0, ...samples.map(({ queueLength }) => queueLength)),
  };
}

function whyBroken(fault: BrokenRecord | undefined, end: EndRecord | undefined): string {
  if (fault !== undefined) return fault.reason === '' ? 'no reason is known' : fault.reason;
  return end === undefined ? 'it did not come to its end' : '';
}

/**
 * Adds up the trials of an experiment.
 *
 * @param traces - Of all trials.
 * @returns A summary of each kind, in the order in which they first come.
 */
export function summarize(traces: readonly TrialTrace[]): KindSummary[] {
  const kinds = new Map<string, TrialTrace[]>();
  for (const trace of traces) {
    const { program, tiers, policy } = trace.trial.order;
    const key = JSON.stringify([program, tiers, policy]);
    kinds.set(key, [...(kinds.get(key) ?? []), trace]);
  }
  return Array.from(kinds.values(), summarizeKind);
}

function summarizeKind(traces: readonly TrialTrace[]): KindSummary {
  const all = traces.map((trace) => ({ trace, figures: figuresOf(trace) }));
  const whole = all.filter(({ figures }) => figures.broken === '');
  const { program, policy, tiers } = all[0]?.figures ?? { program: '', policy: '', tiers: '' };
  const figures = Object.fromEntries(
    figureNames.map((name) => {
      const values = whole.flatMap((trial) => trial.figures[name] ?? []);
      return [name, values.length === 0 ? null : estimate(values)];
    }),
    // Safe because the keys are the names.
  ) as Record<FigureName, Estimate | null>;
  const ended = whole.map(({ trace }) => trace);
  return {
    program,
    policy,
    tiers,
    trials: ended.length,
    broken: all.length - ended.length,
    figures,
    throughput: curve(ended, throughputOf),
    queue: curve(ended, (trace) => valuesOf(trace, 'queueLength')),
    code: curve(ended, (trace) => valuesOf(trace, 'codeBytes')),
    timeByTier: sharesOf(ended),
  };
}

/** A value at a moment since `main` was called. */
interface Moment {
  readonly atMs: number;
  readonly value: number;
}

function endOf(trace: TrialTrace): EndRecord | undefined {
  return ofType(trace, 'end')[0];
}

/** Marks a second at the end of each window. */
function throughputOf(trace: TrialTrace): Moment[] {
  const end = endOf(trace);
  const records = ofType(trace, 'marks');
  if (end === undefined || records.length === 0) return [];
  const { windowMs } = trace.trial.order;
  const marksAt = interpolated([{ atMs: end.startedAtMs, marks: 0 }, ...records]);
  const rates: Moment[] = [];
  const total = end.atMs - end.startedAtMs;
  for (let atMs = windowMs; atMs <= total; atMs += windowMs) {
    const from = Math.max(0, atMs - smoothed * windowMs);
    const marks = marksAt(end.startedAtMs + atMs) - marksAt(end.startedAtMs + from);
    rates.push({ atMs, value: (marks / (atMs - from)) * 1000 });
  }
  return rates;
}

/** Marks at any time, as if they came evenly between two records. */
function interpolated(records: readonly { atMs: number; marks: number }[]): (atMs: number) => number {
  return (atMs) => {
    const next = records.findIndex((record) => record.atMs >= atMs);
    if (next < 0) return records.at(-1)?.marks ?? 0;
    const after = records[next] ?? { atMs, marks: 0 };
    const before = records[next - 1] ?? after;
    const share = after.atMs > before.atMs ? (atMs - before.atMs) / (after.atMs - before.atMs) : 1;
    return before.marks + share * (after.marks - before.marks);
  };
}

function valuesOf(trace: TrialTrace, member: 'queueLength' | 'codeBytes'): Moment[] {
  const end = endOf(trace);
  if (end === undefined) return [];
  const { windowMs } = trace.trial.order;
  // A sample may come late: it belongs to the window that it comes next to.
  return ofType(trace, 'sample').map((sample) => ({
    atMs: Math.max(0, Math.round((sample.atMs - end.startedAtMs) / windowMs)) * windowMs,
    value: sample[member],
  }));
}

/** Estimates at each moment that more than half of the trials have. */
function curve(traces: readonly TrialTrace[], read: (trace: TrialTrace) => readonly Moment[]): CurvePoint[] {
  const values = new Map<number, number[]>();
  for (const trace of traces) {
    const once = new Map(read(trace).map(({ atMs, value }) => [atMs, value]));
    for (const [atMs, value] of once) values.set(atMs, [...(values.get(atMs) ?? []), value]);
  }
  return [...values]
    .filter(([, list]) => list.length * 2 > traces.length)
    .sort(([one], [other]) => one - other)
    .map(([atMs, list]) => ({ atMs, ...estimate(list) }));
}

function sharesOf(traces: readonly TrialTrace[]): Record<string, number> {
  const sums: Record<string, number> = {};
  let all = 0;
  for (const trace of traces) {
    for (const [place, samples] of Object.entries(endOf(trace)?.timeByTier ?? {})) {
      sums[place] = (sums[place] ?? 0) + samples;
      all += samples;
    }
  }
  return Object.fromEntries(Object.entries(sums).map(([place, samples]) => [place, samples / all]));
}
