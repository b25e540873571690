/** Fourth step: the addon of the package llvm-bindings, which the example language and tests need; npm would build it unseen. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { ninjaPercent, runLogged } from './command.mjs';
import { SetupFailure } from './failure.mjs';
import { cacheFolder, isCheckout, root } from './places.mjs';

const folder = join(root, 'node_modules', 'llvm-bindings');
const addonPath = join(folder, 'build', 'Release', 'llvm-bindings.node');
const tools = join(root, 'node_modules', '.bin');

/** @type {import('./steps.mjs').Step} */
export const llvmBindings = {
  name: 'llvm-bindings',
  title: 'building llvm-bindings (with LLVM 14, for the example language)',
  purposes: ['language', 'test', 'bench', 'ci'],
  inspect() {
    if (!isCheckout) return undefined;
    return existsSync(addonPath) ? undefined : 'not built';
  },
  async perform(_purpose, progress) {
    const kept = keptPath();
    if (existsSync(kept)) {
      copyWhole(kept, addonPath);
      return;
    }
    // A build that was broken off may have been configured with tools that are there only now.
    rmSync(join(folder, 'build'), { recursive: true, force: true });
    const onLine = (/** @type {string} */ line) => {
      const percent = ninjaPercent(line);
      if (percent !== undefined) progress.update(percent);
    };
    const env = {
      ...process.env,
      ...headersFromNode(),
      PATH: `${tools}${delimiter}${process.env['PATH'] ?? ''}`,
    };
    try {
      await runLogged(join(tools, 'cmake-js'), ['compile'], {
        log: 'llvm-bindings',
        cwd: folder,
        env,
        onLine,
      });
    } catch (cause) {
      throw new SetupFailure(
        cause instanceof Error ? cause.message : String(cause),
        'Only tests need llvm-bindings: "npm start" and the library work without it.',
        { cause },
      );
    }
    copyWhole(addonPath, kept);
  },
};

/** Kept outside node_modules, which npm empties whenever any package changes. It is Node-API: any Node.js loads it. */
function keptPath() {
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return join(cacheFolder, `llvm-bindings-${version}.node`);
}

function copyWhole(/** @type {string} */ from, /** @type {string} */ to) {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, `${to}.part`);
  renameSync(`${to}.part`, to);
}

/** cmake-js downloads Node's headers unless it is told where they are; most installations bring them. */
function headersFromNode() {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, 'include', 'node', 'node.h')) ? { npm_config_nodedir: prefix } : {};
}
