/** Runs the command line as a user does: in a process of its own. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from './toolchain.js';

/** The built command. */
export const command: string = join(root, 'dist', 'src', 'main.cjs');

/** How a process ended, and what it wrote. */
export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. */
export function execute(program: string, args: readonly string[], input = '', cwd: string = root): Ended {
  const { status, signal, stdout, stderr } = spawnSync(program, args, {
    cwd,
    input,
    encoding: 'utf8',
    timeout: 60_000,
    maxBuffer: 64 * 2 ** 20,
  });
  return { status, signal, stdout, stderr };
}

/** Runs `tierlink` with these words. */
export function tierlink(words: readonly string[], input = '', cwd: string = root): Ended {
  return execute(process.execPath, [command, ...words], input, cwd);
}
