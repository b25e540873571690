/** What would be published, unpacked beside nothing but its dependencies. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { command } from '../support/command.js';
import { root, scratch } from '../support/toolchain.js';

const folder = scratch();
const installed = join(folder, 'node_modules', 'tierlink');
const addon = join(root, 'build', 'native', 'tierlink.node');

beforeAll(() => {
  const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
  const [packed] = JSON.parse(execFileSync('npm', pack, { cwd: root, encoding: 'utf8' })) as {
    filename: string;
  }[];
  mkdirSync(installed, { recursive: true });
  const tarball = join(folder, packed?.filename ?? '');
  execFileSync('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1']);
  const { dependencies } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  for (const name of Object.keys(dependencies)) {
    symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  }
});

/** Runs a script beside the package. */
function script(text: string) {
  writeFileSync(join(folder, 'script.mjs'), text);
  const env = { PATH: process.env['PATH'], TIERLINK_ADDON: addon };
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, 'script.mjs')], {
    env,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

describe('the package', () => {
  for (const control of ['worker', 'inline']) {
    it(`makes an engine that is controlled from: ${control}`, () => {
      const seen = script(`
        import { createEngine, TierlinkError } from 'tierlink';
        const engine = createEngine({ control: '${control}' });
        engine.addModule('twice', 'define i32 @twice(i32 %x) {\\n %y = add i32 %x, %x\\n ret i32 %y\\n}');
        await engine.link();
        console.log(engine.fn('twice')(21));
        const error = await engine.recompile('nothing', 'peak').catch((reason) => reason);
        console.log(error instanceof TierlinkError, error.code);
        await engine.dispose();`);
      expect(seen).toEqual({ status: 0, stdout: '42\ntrue MODULE_UNKNOWN\n', stderr: '' });
    });
  }

  it('has a class of errors that is the same everywhere in a thread', () => {
    const seen = script(`
      import { createEngine, TierlinkError } from 'tierlink';
      import * as again from 'tierlink';
      try { createEngine({ control: 'nowhere' }); }
      catch (error) { console.log(error instanceof TierlinkError, again.TierlinkError === TierlinkError); }`);
    expect(seen).toEqual({ status: 0, stdout: 'true true\n', stderr: '' });
  });

  it('runs a program from the command line, and shows what is in a module', () => {
    const module = join(folder, 'main.ll');
    writeFileSync(module, 'define i32 @main() {\n  ret i32 7\n}\n');
    const env = { PATH: process.env['PATH'], TIERLINK_ADDON: addon, TIERLINK_CACHE: 'off' };
    const tierlink = (...words: string[]) =>
      spawnSync(process.execPath, [join(installed, 'dist', 'src', 'main.cjs'), ...words], {
        env,
        encoding: 'utf8',
      });
    expect(tierlink('run', module)).toMatchObject({ status: 7, stderr: '' });
    expect(tierlink('run', '--live', module)).toMatchObject({ status: 7, stderr: '' });
    const seen = tierlink('inspect', module);
    expect(seen).toMatchObject({ status: 0, stderr: '' });
    expect(seen.stdout).toContain('main');
  });

  it('names the licence of each package that it contains', () => {
    const notices = readFileSync(join(installed, 'dist', 'NOTICES.txt'), 'utf8');
    for (const name of ['cli-table3', 'commander', 'eventemitter3', 'log-update', 'xstate']) {
      expect(notices).toContain(`\n${name} `);
    }
  });

  it("has no cache of compiled code: that belongs to one processor's and one version's V8", () => {
    const names = readdirSync(join(installed, 'dist', 'src', 'code'));
    expect(names.filter((name) => name.endsWith('.v8'))).toEqual([]);
  });
});

describe('the command', () => {
  /** Which of the package's files a process has read, by what it opens. */
  function opened(...words: string[]): string {
    const probe = `
      const fs = require('node:fs');
      const read = fs.readFileSync;
      const seen = [];
      fs.readFileSync = (path, ...rest) => { seen.push(String(path)); return read(path, ...rest); };
      const dlopen = process.dlopen;
      process.dlopen = (module, path, ...rest) => { seen.push(path); return dlopen(module, path, ...rest); };
      process.on('exit', () => fs.writeSync(3, seen.join('\\n')));`;
    const preload = join(folder, 'probe.cjs');
    writeFileSync(preload, probe);
    const { output } = spawnSync(process.execPath, ['--require', preload, command, ...words], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    return output[3] ?? '';
  }

  for (const words of [['--version'], ['--help'], ['run', '--help']]) {
    it(`loads neither engine nor addon for: ${words.join(' ')}`, () => {
      const files = opened(...words);
      expect(files).toContain('command.cjs');
      expect(files).not.toMatch(/library|tierlink\.node|cli-table3|live|inspect|run\.cjs/);
    });
  }

  it('loads neither table nor screen for a run', () => {
    const module = join(folder, 'none.ll');
    writeFileSync(module, 'define i32 @other() {\n  ret i32 7\n}\n');
    const files = opened('run', '--no-cache', module);
    expect(files).toMatch(/library\.cjs/);
    expect(files).not.toMatch(/cli-table3|live\.cjs|inspect/);
  });
});
