/**
 * `tierlink run --live`: runs the program in a child process and draws beneath its output what the engine does. The child
 * is the plain command, so the program is run as ever; here is only what it looks like.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import logUpdate from 'log-update';
import type { PublishedEvent } from '../index.js';
import type { LiveMessage } from './live-feed.js';
import { liveTable, summary, swapLine, totals } from './live-table.js';

/**
 * Runs and draws.
 *
 * @param command - Path of the command's main file.
 * @param args - Its arguments, without `--live`.
 * @returns The exit status for this process.
 */
export async function liveCommand(command: string, args: readonly string[]): Promise<number> {
  const drawing = process.stdout.isTTY;
  // 'advanced', since snapshots have addresses in them, and JSON has no bigint.
  const child = spawn(process.execPath, [command, ...args], {
    stdio: ['inherit', 'pipe', 'pipe', 'ipc'],
    serialization: 'advanced',
  });
  const published: PublishedEvent[] = [];
  let latest: LiveMessage | undefined;
  const draw = (): void => {
    if (drawing && latest !== undefined) logUpdate(liveTable({ published, latest }, process.stdout.rows));
  };
  const above =
    (stream: NodeJS.WriteStream) =>
    (chunk: Buffer): void => {
      if (drawing) logUpdate.clear();
      stream.write(chunk);
      draw();
    };
  child.stdout?.on('data', above(process.stdout));
  child.stderr?.on('data', above(process.stderr));
  child.on('message', (message) => {
    // Safe because the child is this package's own command, which sends nothing else.
    latest = message as LiveMessage;
    const first = published.length === 0;
    published.push(...latest.published);
    if (drawing) draw();
    else if (first) process.stdout.write(`tierlink: ${totals({ published, latest })}\n`);
    else for (const event of latest.published) process.stdout.write(`tierlink: ${swapLine(event)}\n`);
  });
  const ended = await new Promise<{ code: number | null; signal: NodeJS.Signals | null }>(
    (resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => {
        resolve({ code, signal });
      });
    },
  );
  if (drawing) logUpdate.clear();
  if (latest !== undefined) process.stdout.write(`\n${summary({ published, latest })}\n`);
  return ended.code ?? 128 + constants.signals[ended.signal ?? 'SIGTERM'];
}
