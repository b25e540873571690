/** The example language's command, as a user runs it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ensureRill } from '../../../scripts/rill.mjs';
import { type Ended, execute } from '../../support/command.js';
import { written } from '../../support/rill.js';
import { root } from '../../support/toolchain.js';

let command = '';
beforeAll(async () => {
  command = await ensureRill();
});
const rill = (words: readonly string[], input = ''): Ended =>
  execute(process.execPath, [command, ...words], input);

describe('rill', () => {
  it('run prints what the program prints, at the tier that is asked for', () => {
    const path = join(root, 'examples/rill/programs/fannkuch.rill');
    const expected = { status: 0, signal: null, stdout: '228\nPfannkuchen(7) = 16\n', stderr: '' };
    expect(rill(['run', path])).toEqual(expected);
    expect(rill(['run', path, '--tier', 'peak'])).toEqual(expected);
  });

  it('run writes the bitmap of mandelbrot, with the head of its format', () => {
    const { stdout, status } = rill(['run', join(root, 'examples/rill/programs/mandelbrot.rill')]);
    expect(stdout.slice(0, 11)).toBe('P4\n200 200\n');
    expect(status).toBe(0);
  });

  it('run runs the sample of docs/language.md', () => {
    const page = readFileSync(join(root, 'docs', 'language.md'), 'utf8');
    const [, sample = ''] = /^```\n(import.*?)^```$/ms.exec(page) ?? [];
    const path = written({ 'main.rill': sample, 'lib/shapes.rill': '' });
    expect(rill(['run', path])).toEqual({ status: 0, signal: null, stdout: 'at 2.5\n', stderr: '' });
  });

  it('run shows what is wrong, and ends with status 1', () => {
    const wrong = rill(['run', written({ 'main.rill': 'fn main() { print(x) }' })]);
    expect(wrong).toEqual({
      status: 1,
      signal: null,
      stdout: '',
      stderr: 'main.rill:1:19: x is not known here\n  fn main() { print(x) }\n                    ^\n',
    });
    const failing = rill(['run', written({ 'main.rill': 'fn main() {\n  print(1)\n  print([1][1])\n}' })]);
    expect(failing.stdout).toBe('1\n');
    expect(failing.stderr).toBe(
      'main.rill:3:12: index 1 is outside of a length of 1\n    print([1][1])\n             ^\n',
    );
    expect(failing.status).toBe(1);
    expect(rill(['run', written({ 'main.rill': 'let a = 1' })]).stderr).toContain('there is no fn main()');
  });

  it('repl answers what it is given, line by line', () => {
    const { stdout, status } = rill(
      ['repl'],
      'var x = [1, 2]\nfn f(n: int) -> int {\n  return n * x.length\n}\nf(21)\nx[2]\nx\n"bye"\n',
    );
    expect(stdout).toContain('42\n');
    expect(stdout).toContain('input4:1:2: index 2 is outside of a length of 2\n  x[2]\n   ^\n');
    expect(stdout).toContain('<[int]>\n');
    expect(stdout).toContain('bye\n');
    expect(status).toBe(0);
  });

  it('without words says what there are', () => {
    expect(rill([]).stdout).toContain('rill watch FILE');
  });
});
