/** Sixth step: the TypeScript sources, built into dist/. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runLogged } from './command.mjs';
import { isCheckout, root } from './places.mjs';
import { hashFiles, listFiles, readStamp, writeWhole } from './stamp.mjs';

const folders = ['src', 'tiers', 'stubs'];
const output = join(root, 'dist');
const stampPath = join(output, '.tierlink-stamp');

/** @type {import('./steps.mjs').Step} */
export const typescript = {
  name: 'TypeScript',
  title: 'compiling TypeScript',
  purposes: ['run', 'language', 'test', 'bench', 'ci'],
  inspect() {
    if (!isCheckout) return undefined;
    if (!existsSync(stampPath)) return 'not compiled';
    return readStamp(stampPath) === currentStamp() ? undefined : 'out of date';
  },
  async perform() {
    // Taken before the build: a source that changes meanwhile is compiled next time.
    const stamp = currentStamp();
    await runLogged(process.execPath, [join(root, 'scripts', 'build.mjs')], { log: 'typescript' });
    writeWhole(stampPath, stamp);
  },
};

/** @returns {string} A hash of all that dist/ is made from. */
function currentStamp() {
  const sources = folders.flatMap((folder) => listFiles(join(root, folder), /\.ts$/));
  const settings = [
    'tsconfig.json',
    'tsconfig.build.json',
    'package.json',
    'scripts/build.mjs',
    'scripts/bundle.mjs',
  ].map((name) => join(root, name));
  return hashFiles([...sources, ...settings], ['typescript', 'rolldown'].map(versionOf));
}

/** @param {string} name - A package that takes part. */
function versionOf(name) {
  const path = join(root, 'node_modules', name, 'package.json');
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).version : '';
}
