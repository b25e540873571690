/** The example in README.md runs as it stands there, and prints what it says. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { execute } from '../support/command.js';
import { root, scratch } from '../support/toolchain.js';

/** The one block of TypeScript in the page; it is valid JavaScript, so that nothing has to be stripped. */
function exampleOf(page: string): string {
  const blocks = Array.from(page.matchAll(/^```ts\n(.*?)^```$/gms), ([, block = '']) => block);
  expect(blocks).toHaveLength(1);
  return blocks[0] ?? '';
}

/** The lines of comment after "It prints:". */
function promised(example: string): string {
  const [, comment = ''] = example.split(/^\/\/ It prints:\n/m);
  expect(comment).toMatch(/^(\/\/ .*\n)+$/);
  return comment.replaceAll(/^\/\/ /gm, '');
}

it('the example in README.md prints what its comment says', () => {
  const example = exampleOf(readFileSync(join(root, 'README.md'), 'utf8'));
  const built = pathToFileURL(join(root, 'dist', 'src', 'index.js')).href;
  const bare = "from 'tierlink'";
  expect(example).toContain(bare);
  const path = join(scratch(), 'example.mjs');
  writeFileSync(path, example.replace(bare, `from '${built}'`));
  expect(execute(process.execPath, [path])).toEqual({
    status: 0,
    signal: null,
    stdout: promised(example),
    stderr: '',
  });
});
