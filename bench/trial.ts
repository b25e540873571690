/** One trial: a process from its start to its end, seen from outside. */
import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import type { Contestant } from './contestant.js';

/** What was seen; all times in ms since the process was started. */
export interface Trial {
  /** When the first byte of output came. */
  readonly firstByteMs: number;
  /** When each line of output had come. */
  readonly lineMs: readonly number[];
  /** When the process had ended. */
  readonly wallMs: number;
  /** Its whole output. */
  readonly output: string;
  /** What it said on stderr. */
  readonly complaint: string;
}

/** Without what makes Node read a file of certificates before it begins, which takes longer than all the rest of its start. */
const environment = { ...process.env };
delete environment['NODE_EXTRA_CA_CERTS'];

/**
 * Runs a contestant once.
 *
 * @param contestant - What to run.
 * @param script - The script's path and arguments.
 * @returns What was seen.
 */
export function runTrial(contestant: Contestant, script: readonly string[]): Promise<Trial> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const child = spawn(contestant.program, [...contestant.args, ...script], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: environment,
    });
    const lineMs: number[] = [];
    let firstByteMs = Number.NaN;
    let output = '';
    let complaint = '';
    child.stdout.on('data', (chunk: Buffer) => {
      const atMs = performance.now() - startedAt;
      if (output === '') firstByteMs = atMs;
      const text = chunk.toString('latin1');
      for (const character of text) if (character === '\n') lineMs.push(atMs);
      output += text;
    });
    child.stderr.on('data', (chunk: Buffer) => {
      complaint += chunk.toString();
    });
    child.on('error', reject);
    child.on('close', (status, signal) => {
      if (status !== 0) {
        const how = signal ?? `status ${String(status)}`;
        reject(new Error(`${contestant.name} ended with ${how}: ${complaint.trim().slice(-2000)}`));
        return;
      }
      resolve({ firstByteMs, lineMs, wallMs: performance.now() - startedAt, output, complaint });
    });
  });
}
