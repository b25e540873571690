/**
 * What a trace tells of its program, for simulation: which units there are, how often they are called as its work goes on,
 * and what compiling them costs. Work is measured in marks, or else in time; the whole program is 1.
 */
import type { Observation, TierCost } from '../core/decision.js';
import type { TrialTrace, TraceRecord } from './trace.js';

/** A unit of the program. */
export interface ModelUnit {
  readonly module: string;
  readonly unit: string;
  readonly instructions: number;
  /** Turns of its hottest loop for each call, once they are counted. */
  readonly turns: number;
  /** Calls until each point of the work; both rise. The first has none. */
  readonly calls: readonly { readonly work: number; readonly calls: number }[];
}

/** A program and the engine that it ran in. */
export interface ProgramModel {
  readonly ladder: readonly string[];
  readonly compileThreads: number;
  readonly units: readonly ModelUnit[];
  /** Milliseconds since the engine was created at which main was called, and had ended. */
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** By tier: all that was compiled. */
  readonly costs: readonly TierCost[];
  readonly codeCache: Observation['codeCache'];
  /** Work that was done at a time. */
  readonly workAt: (atMs: number) => number;
}

interface Seen {
  readonly module: string;
  readonly unit: string;
  instructions: number;
  turns: number;
  /** Calls in versions before the present one, and in that. */
  before: number;
  calls: number;
  readonly points: { work: number; calls: number }[];
}

/**
 * Makes a model of a trial's program.
 *
 * @param trace - Of a trial that came to its end.
 * @returns The model; undefined if the trial was broken off.
 */
export function modelOf(trace: TrialTrace): ProgramModel | undefined {
  const { trial, records } = trace;
  const end = records.find((record) => record.type === 'end');
  if (end === undefined) return undefined;
  const workAt = workOf(records, end.startedAtMs, end.atMs);
  const seen = new Map<string, Seen>();
  let latest: Observation | undefined;
  const observe = (module: string, unit: string, observation: Observation): void => {
    const key = JSON.stringify([module, unit]);
    const work = workAt(observation.atMs);
    const known = seen.get(key) ?? {
      module,
      unit,
      instructions: observation.instructions,
      turns: 0,
      before: 0,
      calls: 0,
      // Called evenly since it is counted.
      points: [
        {
          work: workAt(observation.atMs - observation.calls / Math.max(observation.callsPerMs, 1e-9)),
          calls: 0,
        },
      ],
    };
    if (observation.calls < known.calls) known.before += known.calls;
    known.calls = observation.calls;
    known.turns = Math.max(known.turns, observation.turns);
    known.points.push({ work, calls: known.before + known.calls });
    seen.set(key, known);
    latest = observation;
  };
  for (const record of records) {
    if (record.type === 'decided') observe(record.module, record.unit, record.observation);
    if (record.type === 'chose')
      for (const [index, { module, unit }] of record.names.entries()) {
        const observation = record.asked.candidates[index];
        if (observation !== undefined) observe(module, unit, observation);
      }
  }
  return {
    ladder: trial.ladder,
    compileThreads: trial.compileThreads,
    units: Array.from(seen.values(), ({ module, unit, instructions, turns, points }) => ({
      module,
      unit,
      instructions,
      turns,
      calls: risen(points),
    })),
    startedAtMs: end.startedAtMs,
    endedAtMs: end.atMs,
    costs: trial.ladder.map((tier) => costOf(tier, records, seen)),
    codeCache: latest?.codeCache ?? { bytes: 0, maxBytes: 2 ** 30 },
    workAt,
  };
}

/**
 * Calls of a unit until some work was done; beyond what was seen, as often as on the whole until then.
 *
 * @param unit - The unit.
 * @param work - From 0 to 1.
 * @returns Calls, not rounded.
 */
export function callsUntil({ calls }: ModelUnit, work: number): number {
  let before = calls[0] ?? { work: 0, calls: 0 };
  const first = before;
  for (const point of calls) {
    if (point.work >= work) {
      if (point.work === before.work) return point.calls;
      const share = Math.max(0, (work - before.work) / (point.work - before.work));
      return before.calls + share * (point.calls - before.calls);
    }
    before = point;
  }
  const rate = before.work > first.work ? before.calls / (before.work - first.work) : 0;
  return before.calls + rate * (work - before.work);
}

/** What was compiled at a tier, of units whose instructions are known. */
function costOf(tier: string, records: readonly TraceRecord[], seen: ReadonlyMap<string, Seen>): TierCost {
  const cost = { compiles: 0, instructions: 0, compileMs: 0, codeBytes: 0 };
  for (const record of records) {
    if (record.type !== 'published' || record.tier !== tier) continue;
    const known = seen.get(JSON.stringify([record.module, record.unit]));
    if (known === undefined) continue;
    cost.compiles += 1;
    cost.instructions += known.instructions;
    cost.compileMs += record.compileMs;
    cost.codeBytes += record.codeBytes;
  }
  return cost;
}

/** Points in order; a counter may have been read twice at once. */
function risen(points: readonly { work: number; calls: number }[]): { work: number; calls: number }[] {
  const rising: { work: number; calls: number }[] = [];
  for (const { work, calls } of points) {
    const last = rising.at(-1);
    if (last !== undefined && (work < last.work || calls < last.calls)) continue;
    rising.push({ work, calls });
  }
  return rising;
}

function workOf(
  records: readonly TraceRecord[],
  startedAtMs: number,
  endedAtMs: number,
): (atMs: number) => number {
  const marks = records.filter((record) => record.type === 'marks');
  const all = marks.at(-1)?.marks ?? 0;
  const points =
    all > 0
      ? [
          { atMs: startedAtMs, work: 0 },
          ...marks
            .filter(({ atMs }) => atMs > startedAtMs && atMs < endedAtMs)
            .map((mark) => ({ atMs: mark.atMs, work: mark.marks / all })),
          { atMs: endedAtMs, work: 1 },
        ]
      : [
          { atMs: startedAtMs, work: 0 },
          { atMs: endedAtMs, work: 1 },
        ];
  return (atMs) => {
    if (atMs <= startedAtMs) return 0;
    if (atMs >= endedAtMs) return 1;
    const next = points.findIndex((point) => point.atMs >= atMs);
    const after = points[next] ?? { atMs, work: 1 };
    const before = points[next - 1] ?? after;
    if (after.atMs === before.atMs) return after.work;
    return before.work + ((atMs - before.atMs) / (after.atMs - before.atMs)) * (after.work - before.work);
  };
}
