/** Makes the few JavaScript files of dist/ out of the sources and of the packages that are bundled. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { root } from './setup/places.mjs';

/**
 * Not bundled: users see its class as the base of `Engine`, so there must be one of it.
 */
const external = ['eventemitter3', 'llvm-bindings'];

/** All but the ends that are started: one file, as each part of it needs nearly each other one. */
const library = new RegExp(
  `^${root}/(src/(?!cli/|boot/|control/worker[.])|tiers/|stubs/)|/node_modules/(xstate|eventemitter3)/`,
);

/**
 * As `src/boot/load.ts` wants what it loads: an expression, in ASCII.
 *
 * @type {import('rolldown').OutputOptions}
 */
const expression = {
  banner: '(function (exports, require, module, __filename, __dirname) {',
  footer: '})',
  plugins: [
    {
      name: 'ascii',
      // At most columns change, so the map stays.
      renderChunk: (code) => ({
        code: code.replaceAll(
          /[^\0-\x7f]/g,
          (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
        ),
        map: null,
      }),
    },
  ],
};

/** Readable, since traces and debuggers show it. @type {import('rolldown').OutputOptions} */
const common = { sourcemap: true, minify: false, comments: { legal: true, annotation: false, jsdoc: false } };

/**
 * Bundles.
 *
 * @param {string} output - The folder dist.
 * @returns {Promise<void>} Settled when all files are there.
 */
export async function bundle(output) {
  const folder = join(output, 'src');
  const modules = await Promise.all([
    write({ index: 'src/index.ts' }, external, {
      ...common,
      dir: folder,
      format: 'esm',
      codeSplitting: false,
    }),
    write({ main: 'src/boot/main.ts', worker: 'src/boot/worker.ts', load: 'src/boot/load.ts' }, [], {
      ...common,
      dir: folder,
      format: 'cjs',
      entryFileNames: '[name].cjs',
      chunkFileNames: '[name].cjs',
    }),
    // Nobody else sees these classes: the command and the thread are alone with them.
    write({ command: 'src/cli/main.ts', control: 'src/control/worker.ts' }, ['llvm-bindings'], {
      ...common,
      ...expression,
      dir: join(folder, 'code'),
      format: 'cjs',
      entryFileNames: '[name].cjs',
      chunkFileNames: '[name].cjs',
      codeSplitting: {
        groups: [
          // First, or the command would load the library for it.
          { name: 'version', test: /package\.json$/ },
          { name: 'library', test: library },
        ],
      },
    }),
  ]);
  writeNotices(new Set(modules.flat()), join(output, 'NOTICES.txt'));
}

/**
 * @param {Record<string, string>} input - Sources by the name of their file.
 * @param {readonly string[]} notBundled - Packages that are loaded when it runs.
 * @param {import('rolldown').OutputOptions} options - Where and how.
 * @returns {Promise<string[]>} The files that have become part of it.
 */
async function write(input, notBundled, options) {
  const build = await rolldown({
    input: Object.fromEntries(Object.entries(input).map(([name, path]) => [name, join(root, path)])),
    external: [...notBundled],
    platform: 'node',
    treeshake: {
      moduleSideEffects: (id) => !/\/(src|tiers|stubs)\//.test(id) || /(main|worker)\.ts$/.test(id),
    },
  });
  const { output } = await build.write(options);
  await build.close();
  return output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []));
}

/**
 * Writes the licences of the packages that are bundled; each asks for that.
 *
 * @param {ReadonlySet<string>} modules - The files that are bundled.
 * @param {string} path - Where.
 */
function writeNotices(modules, path) {
  const folders = new Set(
    [...modules].flatMap((file) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []),
  );
  const texts = [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    if (file === undefined) throw new Error(`${name} is bundled but has no licence file`);
    return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
  });
  const rule = `\n${'-'.repeat(80)}\n\n`;
  const head = 'The JavaScript files of this package contain code of these packages.\n';
  if (!existsSync(join(path, '..'))) mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, [head, ...texts].join(rule));
}
