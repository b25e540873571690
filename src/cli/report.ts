/** The statistics file: what happened in a run, as JSON; docs/stats.md describes every field. */
import type { ContinuedEvent, EngineSnapshot, PublishedEvent, RunOutcome, TimeByTier } from '../index.js';

/** The statistics of one run. */
export interface RunReport {
  readonly tierlink: string;
  readonly linkage: string;
  readonly policy: string;
  readonly tiers: readonly string[];
  readonly program: {
    readonly argv: readonly string[];
    readonly how: RunOutcome['how'];
    readonly status: number;
    /** Milliseconds since the engine was created at which main was called and had ended. */
    readonly startedAtMs: number;
    readonly endedAtMs: number;
  };
  /** Every version, in the order they were published. */
  readonly versions: readonly PublishedEvent[];
  /** Every continuation of a loop, in the order they came into use. */
  readonly continuations: readonly ContinuedEvent[];
  readonly failures: readonly { readonly module: string; readonly tier: string; readonly message: string }[];
  readonly relocations: EngineSnapshot['relocations'];
  readonly publishes: EngineSnapshot['publishes'];
  readonly memory: EngineSnapshot['memory'];
  readonly ledger: EngineSnapshot['ledger'];
  /** What the object cache was good for, or null if there was none. */
  readonly cache: EngineSnapshot['cache'];
  /** Samples of the program's position; only with --sample. */
  readonly timeByTier: TimeByTier;
  readonly wallMs: number;
}

/** What a report is made from. */
export interface RunRecord {
  readonly version: string;
  readonly linkage: string;
  readonly policy: string;
  readonly tiers: readonly string[];
  readonly argv: readonly string[];
  readonly startedAtMs: number;
  readonly published: readonly PublishedEvent[];
  readonly continued: readonly ContinuedEvent[];
  readonly failures: RunReport['failures'];
}

/**
 * Makes the report.
 *
 * @param record - What was collected during the run.
 * @param outcome - How the program ended.
 * @param snapshot - The engine at the end.
 * @param timeByTier - Samples, if any were taken.
 * @returns The report.
 */
export function makeReport(
  record: RunRecord,
  outcome: RunOutcome,
  snapshot: EngineSnapshot,
  timeByTier: TimeByTier,
): RunReport {
  return {
    tierlink: record.version,
    linkage: record.linkage,
    policy: record.policy,
    tiers: record.tiers,
    program: {
      argv: record.argv,
      how: outcome.how,
      status: outcome.status,
      startedAtMs: record.startedAtMs,
      endedAtMs: snapshot.wallMs,
    },
    versions: record.published,
    continuations: record.continued,
    failures: record.failures,
    relocations: snapshot.relocations,
    publishes: snapshot.publishes,
    memory: snapshot.memory,
    ledger: snapshot.ledger,
    cache: snapshot.cache,
    timeByTier,
    wallMs: snapshot.wallMs,
  };
}
