/**
 * A store in a directory, for any number of processes at a time. Each entry is a file of its own, `a/b/cdef...` for the
 * key `abcdef...`. It is written under another name and then renamed, so nobody ever sees a part of it. Nothing is
 * locked: two processes that write one entry write the same, and who reads an entry that is being evicted has it open.
 */
// `promises`: see `directory-usage.ts`.
import {
  closeSync,
  constants,
  fstatSync,
  futimesSync,
  mkdirSync,
  openSync,
  promises,
  readSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { DirectoryUsage, temporaryName } from './directory-usage.js';
import { isMissing, isTrusted } from './directory-trust.js';
import { type Evicted, type ObjectStore, objectStoreVersion } from './object-store.js';

/** Who last used an entry is noted this often, in milliseconds: within it, the order of eviction is not exact. */
const touchAfterMs = 60_000;
/** What is larger is no entry, and not worth reading. */
const mostBytes = 2 ** 31;
/** A link or a pipe in the place of an entry is no entry. */
const readFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Keeps entries in files. */
export class DirectoryStore implements ObjectStore {
  readonly apiVersion: number = objectStoreVersion;
  readonly description: string;
  readonly immediate = true;
  readonly #path: string;
  readonly #user: number;
  readonly #usage: DirectoryUsage;
  #isTrusted: boolean;

  /**
   * @param path - Absolute path of the directory; made when the first entry is stored.
   * @param maxBytes - Of all entries together, each rounded up to 4 KiB.
   * @param user - Number of the user that this process runs as.
   * @throws TierlinkError CACHE_DIRECTORY_REFUSED
   */
  constructor(path: string, maxBytes: number, user: number) {
    this.description = `directory ${path}`;
    this.#path = path;
    this.#user = user;
    this.#usage = new DirectoryUsage(path, maxBytes);
    this.#isTrusted = isTrusted(path, user);
  }

  get(key: string): Uint8Array | undefined {
    // One that was not there at first may have been made by anybody.
    this.#isTrusted ||= isTrusted(this.#path, this.#user);
    if (!this.#isTrusted) return undefined;
    let file: number;
    try {
      file = openSync(this.#pathOf(key), readFlags);
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
    try {
      return read(file);
    } finally {
      closeSync(file);
    }
  }

  async put(key: string, bytes: Uint8Array, evicted: Evicted): Promise<void> {
    if (!this.#usage.fits(bytes.length)) return;
    try {
      this.#write(key, bytes);
    } catch (error) {
      if (!isMissing(error)) throw error;
      // The first entry; or somebody has removed the directory meanwhile.
      this.#make(dirname(this.#pathOf(key)));
      this.#write(key, bytes);
    }
    if (this.#usage.add(bytes.length)) await this.#usage.count(evicted);
  }

  async delete(key: string): Promise<void> {
    try {
      await promises.unlink(this.#pathOf(key));
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }

  /** Not through libuv's threads: these calls take 0.1 ms in all, handing them over and back takes 1. */
  #write(key: string, bytes: Uint8Array): void {
    this.#isTrusted ||= isTrusted(this.#path, this.#user);
    const path = this.#pathOf(key);
    const temporary = join(dirname(path), temporaryName());
    const file = openSync(temporary, 'wx', 0o600);
    try {
      try {
        writeWhole(file, bytes);
      } finally {
        closeSync(file);
      }
      renameSync(temporary, path);
    } catch (error) {
      unlinkSync(temporary);
      throw error;
    }
  }

  #make(folder: string): void {
    mkdirSync(this.#path, { recursive: true, mode: 0o700 });
    this.#isTrusted = isTrusted(this.#path, this.#user);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  #pathOf(key: string): string {
    return `${this.#path}/${key.slice(0, 1)}/${key.slice(1, 2)}/${key.slice(2)}`;
  }
}

function writeWhole(file: number, bytes: Uint8Array): void {
  let done = 0;
  while (done < bytes.length) done += writeSync(file, bytes, done);
}

/** Reads a whole file, and notes that it was used. */
function read(file: number): Uint8Array {
  const status = fstatSync(file);
  if (!status.isFile() || status.size > mostBytes) return new Uint8Array(0);
  const bytes = Buffer.allocUnsafeSlow(status.size);
  let done = 0;
  while (done < bytes.length) {
    const count = readSync(file, bytes, done, bytes.length - done, null);
    if (count === 0) break;
    done += count;
  }
  const now = Date.now();
  if (now - status.mtimeMs > touchAfterMs) touch(file, now / 1000);
  return bytes.subarray(0, done);
}

function touch(file: number, seconds: number): void {
  try {
    futimesSync(file, seconds, seconds);
  } catch {
    // A file system that is mounted read-only: nothing is evicted there either.
  }
}
