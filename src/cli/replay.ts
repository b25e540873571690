/** `tierlink experiment <trace> --replay <policy>`: what another policy would have decided, and what would come of it. */
import { readFileSync } from 'node:fs';
import { decodeTrace, figuresOf, policyOf, predict, replay } from '../index.js';

/** Options of the command. */
export interface ReplayOptions {
  /** Name of a shipped policy. */
  readonly replay: string;
  /** Whether the decisions are written, rather than what came of them. */
  readonly decisions?: boolean;
}

/**
 * Replays a trace, and writes to stdout.
 *
 * @param file - Path of the trace.
 * @param options - The command's options.
 * @throws TierlinkError OPTION_INVALID
 */
export function replayCommand(file: string, { replay: name, decisions = false }: ReplayOptions): void {
  const trace = decodeTrace(readFileSync(file, 'utf8'), file);
  const { ladder, order } = trace.trial;
  const rungs = ladder.map((rung) => ({ name: rung }));
  const { thresholds } = order.decide;
  const isSame = name === order.decide.policy && thresholds !== undefined;
  const policy = policyOf(isSame ? { policy: name, thresholds } : { policy: name }, rungs);
  const again = replay(trace, policy);
  if (decisions) {
    process.stdout.write(again.decisions);
    return;
  }
  const { policy: recorded } = order;
  process.stdout.write(
    `asked what ${recorded} was asked, ${name} decides differently ${String(again.different)} of ${String(again.asked)} times\n`,
  );
  const { totalMs, compileMs } = figuresOf(trace);
  const foretold = predict(trace, policy);
  process.stdout.write(
    `${recorded}: ${totalMs.toFixed(0)} ms, compiling ${compileMs.toFixed(0)} ms (recorded)\n`,
  );
  if (foretold === undefined) {
    process.stdout.write(
      `${name}: no prediction: the trial came to no end, or no function asked for a tier\n`,
    );
    return;
  }
  const versions = Object.entries(foretold.versions).map(([tier, count]) => `${String(count)} at ${tier}`);
  process.stdout.write(
    `${name}: ${foretold.totalMs.toFixed(0)} ms, compiling ${foretold.compileMs.toFixed(0)} ms (predicted; higher tiers: ${versions.join(', ') || 'none'})\n`,
  );
}
