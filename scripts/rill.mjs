/** The example language, compiled to build/examples. */
import { join } from 'node:path';
import { runLogged } from './setup/command.mjs';
import { withLock } from './setup/lock.mjs';
import { root } from './setup/places.mjs';
import { hashFiles, listFiles, readStamp, writeWhole } from './setup/stamp.mjs';

const output = join(root, 'build', 'examples');
const stampPath = join(output, '.stamp');

/**
 * Makes the example language be there.
 *
 * @returns {Promise<string>} Path of its command.
 * @throws {SetupFailure} if it can't be compiled
 */
export async function ensureRill() {
  const currentStamp = () => {
    const sources = listFiles(join(root, 'examples'), /\.ts$/);
    return hashFiles([...sources, join(root, 'tsconfig.examples.json'), join(root, 'tsconfig.json')]);
  };
  if (readStamp(stampPath) !== currentStamp()) {
    await withLock(async () => {
      const stamp = currentStamp();
      const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
      await runLogged(process.execPath, [compiler, '-p', 'tsconfig.examples.json'], { log: 'examples' });
      writeWhole(stampPath, stamp);
    });
  }
  return join(output, 'rill', 'main.js');
}
