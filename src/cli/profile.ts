/** `tierlink profile`: shows and merges profiles. */
import { writeSync } from 'node:fs';
import Table from 'cli-table3';
import { type FunctionProfile, type Profile, readProfile } from '../index.js';

/** Options of `tierlink profile show`. */
export interface ShowOptions {
  /** Shows all counters and values of this function. */
  readonly function?: string;
  /** Functions to list. */
  readonly top: number;
}

/**
 * Prints what was counted most.
 *
 * @param path - An indexed profile.
 * @param options - What of it.
 * @throws TierlinkError PROFILE_INVALID, LLVM_MISSING
 */
export function showCommand(path: string, options: ShowOptions): void {
  const profile = readProfile(path);
  const wanted = options.function;
  const text =
    wanted === undefined
      ? listed(profile, options.top)
      : profile.functions
          .filter(({ name }) => name === wanted || name.endsWith(`;${wanted}`))
          .map((found) => detailed(found, profile))
          .join('\n');
  writeSync(1, text === '' ? `${path}: nothing was counted of ${wanted ?? 'anything'}\n` : `${text}\n`);
}

/**
 * Adds profiles up.
 *
 * @param paths - Indexed profiles.
 * @param output - The file to write.
 * @throws TierlinkError PROFILE_INVALID, LLVM_MISSING
 */
export function mergeCommand(paths: readonly string[], output: string): void {
  const [first, ...others] = paths.map((path) => readProfile(path));
  first?.merge(...others).save(output);
}

/** Of a function in most cases the calls, as LLVM counts its entry where it can. */
function most({ counts }: FunctionProfile): bigint {
  return counts.reduce((highest, count) => (count > highest ? count : highest), 0n);
}

function listed({ functions }: Profile, top: number): string {
  const table = new Table({
    head: ['function', 'highest count', 'counters', 'indirect calls', 'memory operations', 'hash'],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', 'right', 'right', 'right', 'right', 'left'],
  });
  const sorted = [...functions].sort((one, other) => (most(one) > most(other) ? -1 : 1));
  for (const record of sorted.slice(0, top)) {
    const { name, hash, counts, calls, sizes } = record;
    table.push([name, String(most(record)), counts.length, calls.length, sizes.length, hash.toString(16)]);
  }
  const rest = functions.length - Math.min(top, functions.length);
  return `${table.toString()}\n${String(functions.length)} functions${rest > 0 ? `, ${String(rest)} not shown` : ''}`;
}

function detailed({ name, hash, counts, calls, sizes }: FunctionProfile, profile: Profile): string {
  const names = profile.targetNames();
  const lines = [`${name}, hash ${hash.toString(16)}`, `  counters: ${counts.join(', ')}`];
  for (const [index, values] of calls.entries()) {
    const seen = values.map(({ value, count }) => `${names.get(value) ?? 'others'} ${String(count)}`);
    lines.push(`  indirect call ${String(index)}: ${seen.join(', ')}`);
  }
  for (const [index, values] of sizes.entries()) {
    const seen = values.map(({ value, count }) => `${String(value)} bytes ${String(count)}`);
    lines.push(`  memory operation ${String(index)}: ${seen.join(', ')}`);
  }
  return lines.join('\n');
}
