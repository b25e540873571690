import { describe, expect, it } from 'vitest';
import { figuresOf, summarize, type TraceRecord } from '../../../src/index.js';
import { evenTrial, traceOf } from '../../support/trace.js';

/** A program of one second that does 10 marks a second at first, and 100 from its middle on. */
const warming = traceOf([
  { type: 'marks', atMs: 100, marks: 0 },
  { type: 'sample', atMs: 110, queueLength: 3, codeBytes: 5000, retiredBytes: 0, timeByTier: {} },
  { type: 'marks', atMs: 600, marks: 5 },
  { type: 'sample', atMs: 590, queueLength: 0, codeBytes: 9000, retiredBytes: 0, timeByTier: {} },
  { type: 'marks', atMs: 1100, marks: 55 },
  { type: 'end', startedAtMs: 100, atMs: 1100, status: 0, timeByTier: { baseline: 1, peak: 3 } },
]);

describe('the figures of a trial', () => {
  it('tell when it was warm', () => {
    const { totalMs, peak, warmUpMs, codeBytes, queueLength, broken } = figuresOf(warming);
    expect([totalMs, codeBytes, queueLength, broken]).toEqual([1000, 9000, 3, '']);
    expect(peak).toBeCloseTo(100);
    // Three windows of 100 ms after its middle.
    expect(warmUpMs).toBe(800);
  });

  it('have no throughput without marks, and say why there are none at all', () => {
    const silent = evenTrial.records.filter(({ type }) => type === 'end');
    expect(figuresOf(traceOf(silent))).toMatchObject({ warmUpMs: null, peak: null, totalMs: 1000 });
    const broken: TraceRecord = { type: 'broken', reason: 'SIGSEGV' };
    expect(figuresOf(traceOf([broken])).broken).toBe('SIGSEGV');
    expect(figuresOf(traceOf([])).broken).toBe('it did not come to its end');
  });
});

describe('a summary', () => {
  it('has one entry for each kind, and counts what was broken', () => {
    const other = { policy: 'never' };
    const traces = [
      warming,
      traceOf(evenTrial.records.slice(1), other),
      traceOf(warming.records.slice(1), { repetition: 1 }),
      traceOf([{ type: 'broken', reason: '' }], { repetition: 2 }),
    ];
    const [counters, never] = summarize(traces);
    expect([counters?.policy, counters?.trials, counters?.broken]).toEqual(['counters', 2, 1]);
    expect([never?.policy, never?.trials, never?.broken]).toEqual(['never', 1, 0]);
    expect(counters?.figures.totalMs).toEqual({ mean: 1000, low: 1000, high: 1000, count: 2 });
    expect(counters?.timeByTier).toEqual({ baseline: 0.25, peak: 0.75 });
    expect(counters?.throughput.map(({ atMs }) => atMs)).toEqual([
      100, 200, 300, 400, 500, 600, 700, 800, 900, 1000,
    ]);
    expect(counters?.queue.map(({ atMs, mean }) => [atMs, mean])).toEqual([
      [0, 3],
      [500, 0],
    ]);
  });
});
