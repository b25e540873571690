/** Sixth step: the TypeScript sources, compiled to dist/. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
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
  purposes: ['run', 'test', 'bench', 'ci'],
  inspect() {
    if (!isCheckout) return undefined;
    if (!existsSync(stampPath)) return 'not compiled';
    return readStamp(stampPath) === currentStamp() ? undefined : 'out of date';
  },
  async perform() {
    // Taken before the build: a source that changes meanwhile is compiled next time.
    const stamp = currentStamp();
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    await runLogged(process.execPath, [compiler, '-p', 'tsconfig.build.json'], { log: 'typescript' });
    removeOrphans();
    writeWhole(stampPath, stamp);
  },
};

/** @returns {string} A hash of all that dist/ is made from. */
function currentStamp() {
  const sources = folders.flatMap((folder) => listFiles(join(root, folder), /\.ts$/));
  const settings = ['tsconfig.json', 'tsconfig.build.json', 'package.json'].map((name) => join(root, name));
  return hashFiles([...sources, ...settings], [compilerVersion()]);
}

function compilerVersion() {
  const path = join(root, 'node_modules', 'typescript', 'package.json');
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).version : '';
}

/** Removes what was compiled from sources that are gone; the compiler leaves it, and it would be published. */
function removeOrphans() {
  for (const path of listFiles(output, /\.(js|js\.map|d\.ts)$/)) {
    const source = relative(output, path).replace(/\.(js|js\.map|d\.ts)$/, '.ts');
    if (!existsSync(join(root, source))) rmSync(path);
  }
}
