import { execFileSync, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { command } from '../support/command.js';
import { linkages } from '../support/engine.js';
import { llvmBin, root, scratch } from '../support/toolchain.js';

/** What a program of test/corpus/c must do, as its native build did. */
interface Expected {
  readonly args: readonly string[];
  readonly stdin: string;
  readonly status: number | { readonly signal: NodeJS.Signals };
  readonly stdout: string;
  /** More flags for clang. */
  readonly flags?: readonly string[];
  /** A signal to send once this much has been printed. */
  readonly interrupt?: { readonly after: string; readonly signal: NodeJS.Signals };
}

const corpus = join(root, 'test', 'corpus', 'c');
const programs = readdirSync(corpus).sort();

/** The modules of a program as bitcode: unoptimised, not optnone. */
function build(folder: string, flags: readonly string[]): string[] {
  const output = scratch();
  const sources = readdirSync(folder).filter((name) => name.endsWith('.c'));
  return sources.sort().map((name) => {
    const module = join(output, `${basename(name, '.c')}.bc`);
    const form = ['-std=gnu11', '-O2', '-Xclang', '-disable-llvm-passes', '-fPIC', '-emit-llvm', ...flags];
    execFileSync(join(llvmBin, 'clang'), [...form, '-c', join(folder, name), '-o', module], {
      stdio: 'pipe',
    });
    return module;
  });
}

/** Runs `tierlink run` and tells how it ended and what it printed. */
function run(words: readonly string[], expected: Expected): Promise<Pick<Expected, 'status' | 'stdout'>> {
  const child = spawn(process.execPath, [command, ...words], { stdio: ['pipe', 'pipe', 'inherit'] });
  let stdout = '';
  let sent = false;
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (text: string) => {
    stdout += text;
    const { interrupt } = expected;
    if (interrupt === undefined || sent || !stdout.includes(interrupt.after)) return;
    sent = true;
    child.kill(interrupt.signal);
  });
  // A program that ends without reading its input closes the pipe early.
  child.stdin.on('error', () => undefined);
  child.stdin.end(expected.stdin);
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      resolve({ status: signal === null ? (code ?? -1) : { signal }, stdout });
    });
  });
}

describe.each(programs)('the C program %s does what its native build does', (name) => {
  const folder = join(corpus, name);
  const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Expected;
  it.each(linkages)('with linkage %s, tiering up early', async (linkage) => {
    const modules = build(folder, expected.flags ?? []);
    const tiering = ['--thresholds', 'quick=50,optimized=500,peak=5000'];
    const words = ['run', '--quiet', '--linkage', linkage, ...tiering, ...modules, '--', ...expected.args];
    const { status, stdout } = expected;
    expect(await run(words, expected)).toEqual({ status, stdout });
  });

  it('in units of one function, tiering up early', async () => {
    const modules = build(folder, expected.flags ?? []);
    const linkage = linkages[name.length % linkages.length] ?? 'stub';
    const tiering = [
      '--unit',
      'function',
      '--linkage',
      linkage,
      '--thresholds',
      'quick=50,optimized=500,peak=5000',
    ];
    const words = ['run', '--quiet', ...tiering, ...modules, '--', ...expected.args];
    const { status, stdout } = expected;
    expect(await run(words, expected)).toEqual({ status, stdout });
  });
});
