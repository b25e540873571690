/**
 * `npm run build`: dist/ from the TypeScript sources. tsc checks them and writes the declarations; rolldown makes a few
 * files of them, since Node.js takes about a millisecond for each file that it loads.
 *
 *   dist/src/index.js     the library, an ES module
 *   dist/src/main.cjs     the command        both load what is in dist/src/code/, with V8's cache of compiled code,
 *   dist/src/worker.cjs   a control thread   which is made last, by `scripts/setup/code-cache.mjs`
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { bundle } from './bundle.mjs';
import { codeCache } from './setup/code-cache.mjs';
import { runAttached } from './setup/command.mjs';
import { runScript } from './setup/failure.mjs';
import { root } from './setup/places.mjs';
import { Progress } from './setup/progress.mjs';

const output = join(root, 'dist');

await runScript(async () => {
  // What was made from sources that are gone would be published.
  rmSync(output, { recursive: true, force: true });
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const [status] = await Promise.all([
    runAttached(process.execPath, [compiler, '-p', 'tsconfig.build.json']),
    bundle(output),
  ]);
  if (status === 0 && codeCache.inspect('run') !== undefined) {
    // It is made by running what was built, and the addon may be older than the sources. All works without it.
    await codeCache.perform('run', new Progress(1)).catch((/** @type {Error} */ error) => {
      process.stderr.write(`tierlink: no code cache was made: ${error.message}\n`);
    });
  }
  return status;
});
