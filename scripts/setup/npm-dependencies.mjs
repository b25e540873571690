/** Third step: what package-lock.json names, installed as it names it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runLogged } from './command.mjs';
import { isCheckout, root } from './places.mjs';
import { hashFiles, readStamp, writeWhole } from './stamp.mjs';

const lockPath = join(root, 'package-lock.json');
const installedPath = join(root, 'node_modules', '.package-lock.json');
const stampPath = join(root, 'node_modules', '.tierlink-stamp');

/** @type {import('./steps.mjs').Step} */
export const npmDependencies = {
  name: 'npm packages',
  title: 'installing npm packages',
  purposes: ['run', 'language', 'test', 'bench', 'ci'],
  inspect() {
    if (!isCheckout) return undefined;
    const wanted = hashFiles([lockPath]);
    if (readStamp(stampPath) === wanted) return undefined;
    // Someone ran npm by hand: what counts is what is there.
    if (isInstalled()) {
      writeWhole(stampPath, wanted);
      return undefined;
    }
    return existsSync(installedPath) ? 'differ from package-lock.json' : 'not installed';
  },
  async perform() {
    // Scripts of packages are left out: the only one that is needed is a step of its own, and may fail on its own.
    const options = ['--ignore-scripts', '--include=dev', '--no-audit', '--no-fund', '--no-progress'];
    await runLogged('npm', ['ci', ...options], { log: 'npm-dependencies' });
    writeWhole(stampPath, hashFiles([lockPath]));
  },
};

/** @returns {boolean} Whether npm's own record of node_modules has each package of package-lock.json. */
function isInstalled() {
  if (!existsSync(installedPath)) return false;
  const wanted = JSON.parse(readFileSync(lockPath, 'utf8')).packages;
  const installed = JSON.parse(readFileSync(installedPath, 'utf8')).packages;
  return Object.entries(wanted).every(
    ([path, entry]) => path === '' || entry.optional || installed[path]?.integrity === entry.integrity,
  );
}
