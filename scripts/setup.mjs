/**
 * `npm run setup [-- --for <purpose>] [-- --check]`: makes what is missing, or only says what it is.
 *
 * Purposes: `addon` (the native addon alone), `run` (npm start), `language` (npm start -- rill), `test` (the default), `bench`, `ci`.
 */
import { parseArgs } from 'node:util';
import { runScript, SetupFailure } from './setup/failure.mjs';
import { isCheckout } from './setup/places.mjs';
import { inspectAll, setUp } from './setup/steps.mjs';

/** @type {readonly import('./setup/steps.mjs').Purpose[]} */
const purposes = ['addon', 'run', 'language', 'test', 'bench', 'ci'];

await runScript(async () => {
  const { check, for: word } = readOptions();
  const purpose = purposes.find((known) => known === word);
  if (purpose === undefined) {
    throw new SetupFailure(`there is no purpose "${word}"`, `Use one of ${purposes.join(', ')}.`);
  }
  if (!check) {
    await setUp(purpose);
    return 0;
  }
  const found = inspectAll(purpose);
  for (const { name, missing } of found) process.stdout.write(`${name}: ${missing ?? 'ready'}\n`);
  return found.every(({ missing }) => missing === undefined) ? 0 : 1;
});

function readOptions() {
  try {
    const { values } = parseArgs({
      options: { check: { type: 'boolean', default: false }, for: { type: 'string' } },
    });
    return { check: values.check, for: values.for ?? (isCheckout ? 'test' : 'addon') };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SetupFailure(
      reason,
      'Usage: npm run setup -- [--check] [--for addon|run|language|test|bench|ci]',
    );
  }
}
