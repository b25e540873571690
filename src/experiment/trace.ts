/** The trace of a trial: what the policy was told and answered, what it cost, what came of it. A line of JSON each. */
import type {
  ChoseEvent,
  DecidedEvent,
  PublishedEvent,
  RequestedEvent,
  RolledBackEvent,
} from '../core/events.js';
import { TierlinkError } from '../core/errors.js';
import type { TimeByTier } from '../engine/time-by-tier.js';
import type { TrialOrder } from './experiment.js';

/** Version of the format; a reader refuses others. */
export const traceVersion = 2;

/** The first record. */
export interface TrialRecord {
  readonly type: 'trial';
  readonly version: number;
  readonly order: TrialOrder;
  /** Names of the ladder's tiers. */
  readonly ladder: readonly string[];
  /** Threads that compile. */
  readonly compileThreads: number;
  /** Milliseconds since 1970 at which the engine's time began. */
  readonly epochMs: number;
}

/** The engine at one moment. */
export interface SampleRecord {
  readonly type: 'sample';
  readonly atMs: number;
  /** Compile jobs queued or running. */
  readonly queueLength: number;
  /** Bytes of code in use, stubs included. */
  readonly codeBytes: number;
  /** Bytes of versions that no new call can reach. */
  readonly retiredBytes: number;
  /** Samples of the program's position so far. */
  readonly timeByTier: TimeByTier;
}

/** Marks so far. */
export interface MarksRecord {
  readonly type: 'marks';
  readonly atMs: number;
  readonly marks: number;
}

/** The last record of a trial that came to its end. */
export interface EndRecord {
  readonly type: 'end';
  /** When `main` was called, and had ended. */
  readonly startedAtMs: number;
  readonly atMs: number;
  readonly status: number;
  readonly timeByTier: TimeByTier;
}

/** The last record of one that did not. */
export interface BrokenRecord {
  readonly type: 'broken';
  readonly reason: string;
}

/** One line of a trace. */
export type TraceRecord =
  | TrialRecord
  | ({ readonly type: 'decided' } & DecidedEvent)
  | ({ readonly type: 'chose' } & ChoseEvent)
  | ({ readonly type: 'requested' } & RequestedEvent)
  | ({ readonly type: 'published' } & PublishedEvent)
  | ({ readonly type: 'rolledBack' } & RolledBackEvent)
  | SampleRecord
  | MarksRecord
  | EndRecord
  | BrokenRecord;

/** A whole trace. */
export interface TrialTrace {
  readonly trial: TrialRecord;
  readonly records: readonly TraceRecord[];
}

/** Stands for a number that JSON doesn't have. */
const forever = 'Infinity';

/** Members that can be infinite. */
const endless: ReadonlySet<string> = new Set(['calls', 'againMs']);

/**
 * A record as a line, without its end.
 *
 * @param record - The record, or any part of one.
 * @returns The same text for the same record.
 */
export function encodeRecord(record: object): string {
  return JSON.stringify(record, (_, value: unknown) => (value === Infinity ? forever : value));
}

/**
 * Reads a trace.
 *
 * @param text - Lines of JSON.
 * @param name - For messages.
 * @returns The trace.
 * @throws TierlinkError OPTION_INVALID
 */
export function decodeTrace(text: string, name: string): TrialTrace {
  const refuse = (value: string): TierlinkError => {
    const expected = `a trace of version ${String(traceVersion)}, a record of JSON on each line`;
    return new TierlinkError('OPTION_INVALID', { option: `trace ${name}`, value, expected });
  };
  const records = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line, index) => {
      try {
        return revived(line);
      } catch {
        throw refuse(`no JSON in line ${String(index + 1)}`);
      }
    });
  const [trial] = records;
  if (trial?.type !== 'trial') throw refuse('no trial in its first line');
  if (trial.version !== traceVersion) throw refuse(`version ${String(trial.version)}`);
  return { trial, records };
}

function revived(line: string): TraceRecord {
  // Safe because the first record's version says who wrote it; what follows is the same writer's.
  return JSON.parse(line, (key, value: unknown) =>
    value === forever && endless.has(key) ? Infinity : value,
  ) as TraceRecord;
}
