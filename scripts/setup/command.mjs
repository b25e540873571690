/** Runs a command with its output in a log file; a failure shows the end of the log. */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { constants } from 'node:os';
import { join, relative } from 'node:path';
import { SetupFailure } from './failure.mjs';
import { logFolder, root } from './places.mjs';

const tailLines = 25;

/**
 * @typedef {object} CommandOptions
 * @property {string} log - Name of the log file in build/logs, without ending.
 * @property {string} [cwd] - Working folder; the checkout otherwise.
 * @property {NodeJS.ProcessEnv} [env] - Environment; this process's otherwise.
 * @property {(line: string) => void} [onLine] - Sees each line of output.
 */

/**
 * Runs a command to its end.
 *
 * @param {string} program - What to run.
 * @param {readonly string[]} args - Its arguments.
 * @param {CommandOptions} options - Where it runs and where its output goes.
 * @returns {Promise<void>} Settled when it has ended with status 0.
 * @throws {SetupFailure} if it can't be started or fails; the message has the end of its output
 */
export async function runLogged(program, args, { log, cwd = root, env = process.env, onLine }) {
  mkdirSync(logFolder, { recursive: true });
  const logPath = join(logFolder, `${log}.log`);
  const file = openSync(logPath, 'a');
  const words = [program, ...args].join(' ');
  writeSync(file, `$ ${words}\n`);
  /** @type {string} */
  let outcome;
  try {
    outcome = await new Promise((resolve) => {
      const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
      let partial = '';
      const take = (/** @type {Buffer} */ chunk) => {
        writeSync(file, chunk);
        const lines = (partial + chunk.toString()).split(/[\r\n]+/);
        partial = lines.pop() ?? '';
        for (const line of lines) onLine?.(line);
      };
      child.stdout.on('data', take);
      child.stderr.on('data', take);
      child.on('error', (error) => {
        resolve(`could not be started (${error.message})`);
      });
      child.on('close', (code, signal) => {
        resolve(code === 0 ? '' : signal === null ? `ended with status ${code}` : `was ended by ${signal}`);
      });
    });
  } finally {
    closeSync(file);
  }
  if (outcome === '') return;
  const tail = readFileSync(logPath, 'utf8').trimEnd().split('\n').slice(-tailLines).join('\n');
  throw new SetupFailure(
    `"${words}" ${outcome}; the end of ${relative(root, logPath)}:\n${tail}`,
    'The whole output is in that file.',
  );
}

/**
 * Runs a command that owns the terminal, and passes on how it ended.
 *
 * @param {string} program - What to run.
 * @param {readonly string[]} args - Its arguments.
 * @returns {Promise<number>} Its exit status; 128 and the signal's number where a signal ended it, as in a shell.
 */
export async function runAttached(program, args) {
  const child = spawn(program, args, { cwd: root, stdio: 'inherit' });
  // The terminal sends these to the child as well; this process waits for what the child makes of them.
  const wait = () => undefined;
  process.on('SIGINT', wait);
  const pass = () => child.kill('SIGTERM');
  process.on('SIGTERM', pass);
  try {
    return await new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => {
        resolve(code ?? 128 + constants.signals[signal ?? 'SIGTERM']);
      });
    });
  } finally {
    process.off('SIGINT', wait);
    process.off('SIGTERM', pass);
  }
}

/**
 * Reads how far a build is from a line of ninja's output.
 *
 * @param {string} line - `[12/60] Building ...`
 * @returns {number | undefined} Percent, or undefined for any other line.
 */
export function ninjaPercent(line) {
  const found = /^\s*\[(\d+)\/(\d+)\]/.exec(line);
  return found === null ? undefined : (Number(found[1]) / Number(found[2])) * 100;
}
