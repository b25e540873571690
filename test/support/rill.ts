/** Programs of the example language for tests, ended when the test has. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Plain } from '../../examples/rill/host.js';
import { Program, type ProgramOptions } from '../../examples/rill/program.js';
import { scratch } from './toolchain.js';

/** Files of one program in a folder of their own; the main one is `main.rill`. */
export function written(files: Readonly<Record<string, string>>): string {
  const folder = scratch();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return join(folder, 'main.rill');
}

/** A program that is open, and how its functions are called. */
export interface Opened {
  readonly program: Program;
  readonly path: string;
  readonly call: (name: string, ...given: readonly Plain[]) => Promise<Plain>;
}

/** Opens a program that is there. */
export async function opened(path: string, options?: ProgramOptions): Promise<Opened> {
  const program = await Program.open(path, options);
  onTestFinished(() => program.dispose());
  return { program, path, call: (name, ...given) => program.call(program.loader.load(path), name, ...given) };
}

/** Writes a program and opens it. */
export function opening(
  files: string | Readonly<Record<string, string>>,
  options?: ProgramOptions,
): Promise<Opened> {
  return opened(written(typeof files === 'string' ? { 'main.rill': files } : files), options);
}
