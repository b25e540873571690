/** Stamps: a file beside what was built, with a hash of all it was built from. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Hashes files by path and contents.
 *
 * @param {readonly string[]} paths - The files; their order counts.
 * @param {readonly string[]} [words] - Anything else that the result depends on: versions, flags.
 * @returns {string} The hash, in hexadecimal.
 */
export function hashFiles(paths, words = []) {
  const hash = createHash('sha256');
  for (const word of words) hash.update(`${word}\0`);
  for (const path of paths) {
    const contents = readFileSync(path);
    hash.update(`${path}\0${contents.length}\0`).update(contents);
  }
  return hash.digest('hex');
}

/**
 * Lists files of a folder and all below it.
 *
 * @param {string} folder - Where to look.
 * @param {RegExp} pattern - What the name must match.
 * @returns {string[]} Their paths, sorted.
 */
export function listFiles(folder, pattern) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => pattern.test(name))
    .map((name) => join(folder, name))
    .sort();
}

/**
 * @param {string} path - A stamp's path.
 * @returns {string} What it says; empty where there is none.
 */
export function readStamp(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/**
 * Writes a file as a whole or not at all.
 *
 * @param {string} path - Where.
 * @param {string | Uint8Array} contents - What.
 */
export function writeWhole(path, contents) {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, contents);
  renameSync(temporary, path);
}
