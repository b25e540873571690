/** `npm run package`: packs what would be published and checks that it is complete and resolves. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './setup/places.mjs';

const folder = join(root, 'build', 'package');
mkdirSync(folder, { recursive: true });
const packed = execFileSync('npm', ['pack', '--json', '--pack-destination', folder], {
  cwd: root,
  encoding: 'utf8',
});
const [{ filename, files }] = JSON.parse(packed);
const paths = files.map((file) => file.path);
for (const needed of [
  'dist/src/index.js',
  'dist/src/cli/main.js',
  'native/CMakeLists.txt',
  'LICENSE',
  'README.md',
]) {
  if (!paths.includes(needed)) throw new Error(`the package lacks ${needed}`);
}
const tarball = join(folder, filename);
const tool = (name, args) =>
  execFileSync(process.execPath, [join(root, 'node_modules', ...name), ...args], {
    cwd: root,
    stdio: 'inherit',
  });
tool(['publint', 'src', 'cli.js'], [tarball, '--strict']);
tool(['@arethetypeswrong', 'cli', 'dist', 'index.js'], [tarball, '--profile', 'esm-only']);
