/** A lock file, so that of two set-ups at the same time one waits for the other. */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from './places.mjs';

const lockPath = join(root, 'build', 'setup.lock');
const pollMs = 200;

/**
 * Runs work that no other process of this checkout does at the same time.
 *
 * @template Result
 * @param {() => Promise<Result>} work - What to do.
 * @returns {Promise<Result>} What it gives.
 */
export async function withLock(work) {
  mkdirSync(dirname(lockPath), { recursive: true });
  let said = false;
  while (!take()) {
    const holder = readHolder(lockPath);
    if (holder !== undefined && !isAlive(holder)) {
      discardStale();
      continue;
    }
    if (holder !== undefined && !said) {
      said = true;
      process.stderr.write(`tierlink: waiting for the set-up that process ${holder.process} is doing\n`);
    }
    await sleep(pollMs);
  }
  const release = () => {
    rmSync(lockPath, { force: true });
  };
  process.once('exit', release);
  try {
    return await work();
  } finally {
    process.off('exit', release);
    release();
  }
}

/** Takes the lock if it is free. A hard link makes the file appear with its contents, never empty. */
function take() {
  const draft = `${lockPath}.${process.pid}`;
  writeFileSync(draft, JSON.stringify({ process: process.pid, startedAt: startTime(process.pid) }));
  try {
    linkSync(draft, lockPath);
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Removes the lock of a dead process, unless another set-up has done so and taken it in the meantime. */
function discardStale() {
  const aside = `${lockPath}.${process.pid}.stale`;
  try {
    renameSync(lockPath, aside);
    const holder = readHolder(aside);
    if (holder !== undefined && isAlive(holder)) linkSync(aside, lockPath);
  } catch {
    // Another set-up was quicker; the next look at the lock tells.
  } finally {
    rmSync(aside, { force: true });
  }
}

/**
 * @param {string} path - The lock.
 * @returns {{ process: number, startedAt: string } | undefined} Who holds it.
 */
function readHolder(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** A process id alone may have been given to another process since; its start time has not. */
function isAlive(/** @type {{ process: number, startedAt: string }} */ holder) {
  const startedAt = startTime(holder.process);
  return startedAt !== '' && startedAt === holder.startedAt;
}

/** Field 22 of /proc/<id>/stat, counted behind the name in brackets, which may hold blanks. */
function startTime(/** @type {number} */ id) {
  try {
    const stat = readFileSync(`/proc/${id}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
