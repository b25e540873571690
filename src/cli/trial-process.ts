/** Trials in processes of their own: the parent's half, which starts them and writes their traces down. */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { encodeRecord, type TraceRecord, type TrialOrder } from '../index.js';

/** The most of what a trial says on stderr that is kept, in characters. */
const keptText = 2000;

/** The library as a module: unlike this file's code, it can import what users name, such as policies. */
const library = pathToFileURL(createRequire(import.meta.url).resolve('tierlink')).href;

const program = 'const { serveTrial } = await import(process.argv[1]); await serveTrial();';

/**
 * Runs a trial in a process of its own.
 *
 * @param order - The trial.
 * @param timeoutMs - When it is ended, in milliseconds.
 * @returns Its trace, a line of JSON for each record. One that failed ends in a record that says why.
 */
export async function trialInProcess(order: TrialOrder, timeoutMs: number): Promise<string> {
  const lines: string[] = [];
  const tell = (record: TraceRecord): void => {
    lines.push(encodeRecord(record));
  };
  const countsLines = order.run.marks?.kind === 'lines';
  const stdin = openSync(order.run.stdin ?? '/dev/null', 'r');
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program, library], {
    stdio: [stdin, countsLines ? 'pipe' : 'ignore', 'pipe', 'ipc'],
    // Decisions may say Infinity.
    serialization: 'advanced',
  });
  closeSync(stdin);
  // One object, since the compiler believes a variable to be what it was before the callbacks ran.
  const seen = { epochMs: 0, isEnded: false, isLate: false, marks: 0, complaint: '' };
  child.on('message', (message) => {
    // Safe because the child is this package's own command, which sends nothing else.
    const record = message as TraceRecord;
    if (record.type === 'trial') seen.epochMs = record.epochMs;
    seen.isEnded ||= record.type === 'end' || record.type === 'broken';
    tell(record);
  });
  child.stdout?.on('data', (chunk: Buffer) => {
    for (const byte of chunk) if (byte === 10) seen.marks += 1;
    if (seen.epochMs > 0)
      tell({
        type: 'marks',
        atMs: performance.timeOrigin + performance.now() - seen.epochMs,
        marks: seen.marks,
      });
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    seen.complaint = `${seen.complaint}${chunk.toString()}`.slice(-keptText);
  });
  const timer = setTimeout(() => {
    seen.isLate = true;
    child.kill('SIGKILL');
  }, timeoutMs);
  const how = await new Promise<string>((resolve) => {
    child.on('error', (error) => {
      resolve(error.message);
    });
    child.on('close', (code, signal) => {
      resolve(signal ?? `exit status ${String(code)}`);
    });
    child.send(order, (error) => {
      if (error !== null) seen.complaint ||= error.message;
    });
  });
  clearTimeout(timer);
  const reason = seen.isLate
    ? `it took longer than ${String(timeoutMs)} ms`
    : `${how} ${seen.complaint}`.trim();
  if (!seen.isEnded || seen.isLate) tell({ type: 'broken', reason });
  return lines.map((line) => `${line}\n`).join('');
}
