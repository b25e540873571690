/** Makes dist/ be up to date before the tests run: control threads and the command are loaded from there. */
import { withLock } from '../../scripts/setup/lock.mjs';
import { Progress } from '../../scripts/setup/progress.mjs';
import { typescript } from '../../scripts/setup/typescript.mjs';

/** Compiles, if something has changed. */
export default async function setup() {
  const isReady = () => typescript.inspect('test') === undefined;
  if (isReady()) return;
  await withLock(async () => {
    if (!isReady()) await typescript.perform('test', new Progress(1));
  });
}
