/** Traces of trials that were never run, for tests. */
import { type TrialTrace, type TraceRecord, type TrialOrder, traceVersion } from '../../src/index.js';
import { observation, shippedNames } from './observation.js';

/** An order for a trial. */
function orderOf(over: Partial<TrialOrder> = {}): TrialOrder {
  return {
    program: 'p',
    policy: 'counters',
    tiers: 'default',
    repetition: 0,
    run: { modules: ['/p.bc'], marks: { kind: 'lines' } },
    decide: { policy: 'counters' },
    ladder: shippedNames,
    windowMs: 100,
    ...over,
  };
}

/** A trace with these records after its first. */
export function traceOf(records: readonly TraceRecord[], over: Partial<TrialOrder> = {}): TrialTrace {
  const trial = {
    type: 'trial',
    version: traceVersion,
    order: orderOf(over),
    ladder: shippedNames,
    compileThreads: 2,
    epochMs: 1e12,
  } as const;
  return { trial, records: [trial, ...records] };
}

/** A function of a program whose two functions are called evenly for a second; one of them ten times as often. */
function asked(
  unit: string,
  atMs: number,
  tierIndex: number,
  calls: number,
  callsPerMs: number,
): TraceRecord {
  const decision = { kind: 'wait', calls: Infinity } as const;
  return {
    type: 'decided',
    module: '/p.bc',
    unit,
    observation: observation({ tierIndex, atMs, calls, callsPerMs, instructions: 1000 }),
    decision,
  };
}

/** A trial of such a program that stayed at the lowest tier: marks come evenly. */
export const evenTrial: TrialTrace = traceOf([
  { type: 'marks', atMs: 100, marks: 0 },
  asked('hot', 110, 0, 1000, 100),
  asked('cold', 200, 0, 1000, 10),
  { type: 'marks', atMs: 600, marks: 50 },
  asked('hot', 1100, 0, 100_000, 100),
  asked('cold', 1100, 0, 10_000, 10),
  { type: 'marks', atMs: 1100, marks: 100 },
  { type: 'end', startedAtMs: 100, atMs: 1100, status: 0, timeByTier: { baseline: 900, outside: 100 } },
]);
