/** `npm test [-- <vitest's arguments>]`: set-up, then all tests. */
import { join } from 'node:path';
import { runAttached } from './setup/command.mjs';
import { runScript } from './setup/failure.mjs';
import { root } from './setup/places.mjs';
import { setUp } from './setup/steps.mjs';

await runScript(async () => {
  await setUp('test');
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  return runAttached(process.execPath, [vitest, 'run', ...process.argv.slice(2)]);
});
