/** Asks a policy again what was asked in a trial: of the one that ran, the decisions are the same, byte for byte. */
import type { Policy } from '../../tiers/policy.js';
import { encodeRecord, type TrialTrace } from './trace.js';

/** What came of it. */
export interface Replay {
  /** The new decisions, a line of JSON each. */
  readonly decisions: string;
  /** Decisions, and those of them that differ from the recorded ones. */
  readonly asked: number;
  readonly different: number;
}

/**
 * Replays the decisions of a trial. What is asked is what was recorded: a policy that decides differently would have been
 * asked other things later; `predict` follows that.
 *
 * @param trace - The trace.
 * @param policy - The policy that is asked.
 * @returns Its decisions.
 */
export function replay(trace: TrialTrace, policy: Policy): Replay {
  const lines: string[] = [];
  let different = 0;
  const note = (recorded: object, decided: object | undefined): void => {
    const line = decided === undefined ? 'null' : encodeRecord(decided);
    if (line !== encodeRecord(recorded)) different += 1;
    lines.push(line);
  };
  for (const record of trace.records) {
    if (record.type === 'decided') note(record.decision, policy.decide(record.observation));
    if (record.type === 'chose') note(record.choice, policy.choose?.(record.asked));
  }
  return { decisions: lines.map((line) => `${line}\n`).join(''), asked: lines.length, different };
}
