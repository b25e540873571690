/** Makes JavaScript of sources that a test runs in a process of its own, where Node.js reads no TypeScript. */
import { basename, extname, join } from 'node:path';
import { rolldown } from 'rolldown';

/**
 * Bundles sources with all that they import; what several of them import is there once.
 *
 * @param sources - Paths of the sources.
 * @param folder - Where the files are written.
 * @returns Their paths: the sources' names, with the ending .mjs.
 */
export async function bundled(sources: readonly string[], folder: string): Promise<string[]> {
  const nameOf = (path: string): string => basename(path, extname(path));
  const build = await rolldown({
    input: Object.fromEntries(sources.map((path) => [nameOf(path), path])),
    external: ['llvm-bindings'],
    platform: 'node',
  });
  await build.write({
    dir: folder,
    format: 'esm',
    entryFileNames: '[name].mjs',
    chunkFileNames: '[name].chunk.mjs',
  });
  await build.close();
  return sources.map((path) => join(folder, `${nameOf(path)}.mjs`));
}
