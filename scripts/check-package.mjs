/** `npm run package`: packs what would be published, and checks that it is complete and that its types resolve. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { runAttached } from './setup/command.mjs';
import { runScript, SetupFailure } from './setup/failure.mjs';
import { root } from './setup/places.mjs';
import { setUp } from './setup/steps.mjs';

const needed = [
  'CHANGELOG.md',
  'LICENSE',
  'README.md',
  'dist/NOTICES.txt',
  'dist/src/code/command.cjs',
  'dist/src/code/control.cjs',
  'dist/src/code/library.cjs',
  'dist/src/index.d.ts',
  'dist/src/index.js',
  'dist/src/load.cjs',
  'dist/src/main.cjs',
  'dist/src/worker.cjs',
  'native/CMakeLists.txt',
  'scripts/setup.mjs',
];

await runScript(async () => {
  await setUp('run');
  const folder = join(root, 'build', 'package');
  mkdirSync(folder, { recursive: true });
  const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
  /** @type {{ filename: string, files: { path: string }[] }[]} */
  const packages = JSON.parse(execFileSync('npm', pack, { cwd: root, encoding: 'utf8' }));
  const [packed] = packages;
  if (packed === undefined) throw new SetupFailure('npm packed nothing', 'Run "npm pack" to see why.');
  const paths = new Set(packed.files.map(({ path }) => path));
  const lacking = needed.filter((path) => !paths.has(path));
  if (lacking.length > 0) {
    throw new SetupFailure(
      `the package lacks ${lacking.join(', ')}`,
      'Correct "files" in package.json, or add the file.',
    );
  }
  const tarball = join(folder, packed.filename);
  const modules = join(root, 'node_modules');
  const published = await runAttached(process.execPath, [
    join(modules, 'publint', 'src', 'cli.js'),
    tarball,
    '--strict',
  ]);
  const typed = await runAttached(process.execPath, [
    join(modules, '@arethetypeswrong', 'cli', 'dist', 'index.js'),
    tarball,
    '--profile',
    'esm-only',
  ]);
  return published || typed;
});
