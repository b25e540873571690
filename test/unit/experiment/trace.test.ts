import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeTrace, encodeRecord, type TraceRecord } from '../../../src/index.js';
import { observations } from '../../support/observation.js';
import { evenTrial, traceOf } from '../../support/trace.js';

const text = (records: readonly TraceRecord[]): string =>
  records.map((record) => `${encodeRecord(record)}\n`).join('');

describe('a trace', () => {
  it('reads as it was written, whatever was observed and decided', () => {
    const decisions = fc.oneof(
      fc.record({ kind: fc.constant('wait' as const), calls: fc.oneof(fc.nat(), fc.constant(Infinity)) }),
      fc.record({ kind: fc.constant('candidate' as const) }),
    );
    fc.assert(
      fc.property(observations, decisions, fc.string(), (observation, decision, unit) => {
        const trace = traceOf([{ type: 'decided', module: 'Infinity', unit, observation, decision }]);
        expect(text(decodeTrace(text(trace.records), 't').records)).toBe(text(trace.records));
        expect(decodeTrace(text(trace.records), 't').records[1]).toEqual(
          JSON.parse(JSON.stringify(trace.records[1]), (key, value: unknown) =>
            value === null && key === 'calls' ? Infinity : value,
          ),
        );
      }),
    );
  });

  it.each([
    ['', 'no trial'],
    ['{"type":"end"}\n', 'no trial'],
    ['nonsense\n', 'no JSON in line 1'],
    [`${encodeRecord(evenTrial.trial)}\n{`, 'no JSON in line 2'],
    [encodeRecord({ ...evenTrial.trial, version: 1 }), 'version 1'],
  ])('is refused when it is %j', (given, reason) => {
    expect(() => decodeTrace(given, 'given')).toThrow(
      expect.objectContaining({
        code: 'OPTION_INVALID',
        message: expect.stringContaining(reason) as unknown,
      }),
    );
  });
});
