/** What is compared: commands that run the same Lua script, each in a process of its own. */
import { readFileSync } from 'node:fs';

/** One command. */
export interface Contestant {
  /** As in the table. */
  readonly name: string;
  /** `subject` is tierlink; a `reference` is shown beside the peers, without being a fair one. */
  readonly role: 'subject' | 'peer' | 'reference';
  /** The program. */
  readonly program: string;
  /** Its arguments; the script's path and arguments follow. */
  readonly args: readonly string[];
}

/** A peer that can't be had here. */
export interface Absentee {
  readonly name: string;
  readonly reason: string;
}

/** All that a benchmark is given. */
export interface Field {
  readonly contestants: readonly Contestant[];
  readonly absent: readonly Absentee[];
  /** Folder of the Lua scripts. */
  readonly scripts: string;
}

/**
 * Reads what scripts/bench.mjs has built.
 *
 * @param path - The file that lists it.
 * @returns The contestants.
 */
export function readField(path: string): Field {
  // Safe because scripts/bench.mjs, which starts this process, has just written it.
  return JSON.parse(readFileSync(path, 'utf8')) as Field;
}
