/** The child's half of a trial in a process of its own: takes the order, tells the records, over Node's channel. */
import type { TrialOrder } from './experiment.js';
import type { TraceRecord } from './trace.js';
import { runTrial } from './trial.js';

/**
 * Runs the trial that the parent process sends, sends it the records, and closes the channel.
 *
 * @returns Settled when the parent has all records. What keeps the trial from running is a record, too.
 */
export async function serveTrial(): Promise<void> {
  const send = process.send?.bind(process);
  if (send === undefined) throw new Error('a trial is started with a channel to its parent');
  const order = await new Promise<TrialOrder>((resolve) => {
    process.once('message', (message) => {
      // Safe because the parent is `tierlink experiment`, which sends nothing else.
      resolve(message as TrialOrder);
    });
  });
  // The last record must have left before the channel is closed.
  const sent: Promise<void>[] = [];
  const tell = (record: TraceRecord): void => {
    sent.push(
      new Promise((resolve) => {
        send(record, undefined, undefined, () => {
          resolve();
        });
      }),
    );
  };
  try {
    await runTrial(order, tell);
  } catch (error) {
    tell({ type: 'broken', reason: error instanceof Error ? error.message : String(error) });
  }
  await Promise.all(sent);
  process.disconnect();
}
