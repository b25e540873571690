/**
 * How much a directory of entries holds, and what goes when that is too much. Counting all files each time would cost
 * more than storing does. So whoever stores an entry appends one byte to the file `usage` for each 4 KiB of it: its
 * length says how much there is, and appending needs no lock. It is only an estimate, as entries may be stored twice or
 * removed by hand; when it says that there is too much, the files are really counted, and the count replaces it.
 */
// `node:fs/promises` would be loaded at the start; this loads it when it is first used.
import { closeSync, fstatSync, openSync, promises, writeSync } from 'node:fs';
import { join } from 'node:path';
import { isMissing } from './directory-trust.js';
import type { Evicted } from './object-store.js';

/** Ending of files that are being written. */
const temporaryEnding = '.tmp';

/** A name that no other process has for a file that is being written. */
export function temporaryName(): string {
  return `${String(process.pid)}-${Math.random().toString(36).slice(2)}${temporaryEnding}`;
}

const blockBytes = 4096;
/** Evicting goes on until this share is left free, so that not every entry stored from then on counts files again. */
const freeShare = 1 / 8;
/** A file that is being written for so long belongs to a process that has died. */
const abandonedMs = 3_600_000;
const digits = Array.from({ length: 16 }, (_, digit) => digit.toString(16));

interface Found {
  readonly key: string;
  readonly path: string;
  readonly bytes: number;
  readonly blocks: number;
  readonly usedMs: number;
}

/** Accounts for one directory. */
export class DirectoryUsage {
  readonly #path: string;
  readonly #file: string;
  readonly #mostBlocks: number;
  #counting: Promise<void> | undefined;

  /**
   * @param path - The directory.
   * @param maxBytes - What all entries together may take.
   */
  constructor(path: string, maxBytes: number) {
    this.#path = path;
    this.#file = join(path, 'usage');
    this.#mostBlocks = Math.floor(maxBytes / blockBytes);
  }

  /** Whether an entry of this size may be stored at all. */
  fits(bytes: number): boolean {
    return blocksOf(bytes) <= this.#mostBlocks;
  }

  /**
   * Accounts for an entry that was stored.
   *
   * @param bytes - Its size.
   * @returns Whether to count: there may be too much now.
   */
  add(bytes: number): boolean {
    const blocks = blocksOf(bytes);
    const file = openSync(this.#file, 'a', 0o600);
    try {
      writeSync(file, Buffer.alloc(blocks, '.'));
      const { size } = fstatSync(file);
      // A file that has just been made says nothing about entries that were there before.
      return size > this.#mostBlocks || size === blocks;
    } finally {
      closeSync(file);
    }
  }

  /**
   * Counts what is there, and evicts what was used least recently until the rest fits.
   *
   * @param evicted - Told of each entry that goes.
   */
  async count(evicted: Evicted): Promise<void> {
    this.#counting ??= this.#count(evicted).finally(() => {
      this.#counting = undefined;
    });
    await this.#counting;
  }

  async #count(evicted: Evicted): Promise<void> {
    const found = (await Promise.all(digits.map(async (digit) => this.#list(digit)))).flat();
    let blocks = found.reduce((sum, entry) => sum + entry.blocks, 0);
    if (blocks > this.#mostBlocks) {
      const wanted = Math.floor(this.#mostBlocks * (1 - freeShare));
      found.sort((one, other) => one.usedMs - other.usedMs);
      for (const entry of found) {
        if (blocks <= wanted) break;
        blocks -= entry.blocks;
        const isFirst = await unlessMissing(promises.unlink(entry.path).then(() => true));
        if (isFirst === true) evicted(entry.key, entry.bytes);
      }
    }
    const replacement = `${this.#file}-${temporaryName()}`;
    await promises.writeFile(replacement, Buffer.alloc(blocks, '.'), { mode: 0o600 });
    await promises.rename(replacement, this.#file);
  }

  /** Entries whose keys begin with a digit. */
  async #list(first: string): Promise<Found[]> {
    const found: Found[] = [];
    for (const second of (await unlessMissing(promises.readdir(join(this.#path, first)))) ?? []) {
      const folder = join(this.#path, first, second);
      for (const name of (await unlessMissing(promises.readdir(folder))) ?? []) {
        const path = join(folder, name);
        const status = await unlessMissing(promises.stat(path));
        if (status === undefined) continue;
        const { size, mtimeMs } = status;
        if (!name.endsWith(temporaryEnding)) {
          const key = first + second + name;
          found.push({ key, path, bytes: size, blocks: blocksOf(size), usedMs: mtimeMs });
        } else if (Date.now() - mtimeMs > abandonedMs) await promises.rm(path, { force: true });
      }
    }
    return found;
  }
}

/** Other processes evict meanwhile. */
async function unlessMissing<Result>(asked: Promise<Result>): Promise<Result | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function blocksOf(bytes: number): number {
  return Math.ceil(bytes / blockBytes);
}
