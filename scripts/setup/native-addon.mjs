/** Fifth step: tierlink's own addon, built with CMake and Ninja. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { ninjaPercent, runLogged } from './command.mjs';
import { SetupFailure } from './failure.mjs';
import { root } from './places.mjs';
import { hashFiles, listFiles, readStamp, writeWhole } from './stamp.mjs';

const sourceFolder = join(root, 'native');
const buildFolder = join(root, 'build', 'native');
/** The runtime, and what it loads when it needs LLVM. */
const built = ['tierlink.node', 'tierlink_llvm.so'].map((name) => join(buildFolder, name));
const stampPath = join(buildFolder, '.tierlink-stamp');
const llvmVersionFile = '/usr/lib/llvm-22/lib/cmake/llvm/LLVMConfigVersion.cmake';

/** @type {import('./steps.mjs').Step} */
export const nativeAddon = {
  name: 'native addon',
  title: 'building the native addon',
  purposes: ['addon', 'run', 'language', 'test', 'bench', 'ci'],
  inspect() {
    if (!built.every((path) => existsSync(path))) return 'not built';
    const headers = headersFolder();
    return headers !== undefined && readStamp(stampPath) === currentStamp(headers)
      ? undefined
      : 'out of date';
  },
  async perform(_purpose, progress) {
    const headers = headersFolder();
    if (headers === undefined) {
      throw new SetupFailure(
        'node_api.h is not found',
        'Run "npm install node-api-headers", then this again.',
      );
    }
    // Taken before the build: a source that changes meanwhile is built next time.
    const stamp = currentStamp(headers);
    // A checkout that was moved has a cache that names the old place.
    const configure = [
      '--fresh',
      '-S',
      sourceFolder,
      '-B',
      buildFolder,
      '-G',
      'Ninja',
      `-DNODE_API_INCLUDE=${headers}`,
    ];
    await runLogged('cmake', configure, { log: 'native-addon' });
    const onLine = (/** @type {string} */ line) => {
      const percent = ninjaPercent(line);
      if (percent !== undefined) progress.update(percent);
    };
    await runLogged('cmake', ['--build', buildFolder], { log: 'native-addon', onLine });
    writeWhole(stampPath, stamp);
  },
};

/** @returns {string | undefined} The folder of node_api.h: of the npm package, or else of this Node.js. */
function headersFolder() {
  /** @type {string[]} */
  const folders = [join(dirname(dirname(process.execPath)), 'include', 'node')];
  try {
    folders.unshift(createRequire(join(root, 'package.json'))('node-api-headers').include_dir);
  } catch {
    // An installed package comes without what only its development needs.
  }
  return folders.find((folder) => existsSync(join(folder, 'node_api.h')));
}

/** @returns {string} A hash of all that the addon is built from. */
function currentStamp(/** @type {string} */ headers) {
  const sources = listFiles(sourceFolder, /\.(cc|h|S)$|^CMakeLists\.txt$/);
  const llvm = existsSync(llvmVersionFile) ? readFileSync(llvmVersionFile, 'utf8') : '';
  return hashFiles([...sources, join(headers, 'node_api.h'), join(headers, 'js_native_api.h')], [llvm]);
}
