/** C++ programs of several modules do what their native builds do: while they tier up, and while their code moves. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Ended, execute, tierlink } from '../support/command.js';
import { linkages } from '../support/engine.js';
import { llvmBin, root, scratch } from '../support/toolchain.js';

const corpus = join(root, 'test', 'corpus', 'cxx');
const clang = join(llvmBin, 'clang++');

/** What the programs differ in. */
interface Setting {
  /** Rounds that take half a second or more at the lowest tier, so that recompiled code is run; 0: no argument. */
  readonly rounds: number;
  readonly standard?: string;
  /** False: it ends before anything could be moved, or does what can't be compared while it is. */
  readonly shaken?: boolean;
  readonly input?: string;
}

const settings: Readonly<Record<string, Setting>> = {
  closures: { rounds: 200_000 },
  coroutines: { rounds: 20_000, standard: 'c++20' },
  exceptions: { rounds: 4000 },
  futures: { rounds: 6000 },
  inheritance: { rounds: 600_000 },
  'library-locals': { rounds: 20_000, shaken: false },
  noexcept: { rounds: 2000, shaken: false },
  offered: { rounds: 2_000_000 },
  order: { rounds: 0, shaken: false },
  rtti: { rounds: 60_000 },
  statics: { rounds: 2_000_000 },
  'stray-exception': { rounds: 0, shaken: false },
  streams: { rounds: 60_000, input: 'one\ntwo\n' },
  text: { rounds: 600 },
  'thread-locals': { rounds: 300_000 },
};

/** A program in its three forms. */
interface Built {
  readonly modules: readonly string[];
  /** Shared libraries of its own. */
  readonly libraries: readonly string[];
  readonly native: string;
}

function build(name: string, standard = 'c++17'): Built {
  const folder = join(corpus, name);
  const output = scratch();
  const std = `-std=${standard}`;
  const files = readdirSync(folder).sort();
  const libraries = files
    .filter((file) => file.endsWith('.cpp'))
    .map((file) => {
      const library = join(output, `lib${basename(file, '.cpp')}.so`);
      execFileSync(clang, [std, '-O1', '-fPIC', '-shared', join(folder, file), '-o', library], {
        stdio: 'pipe',
      });
      return library;
    });
  const sources = files.filter((file) => file.endsWith('.cc')).map((file) => join(folder, file));
  const modules = sources.map((source) => {
    const module = join(output, `${basename(source, '.cc')}.bc`);
    const form = [std, '-O2', '-Xclang', '-disable-llvm-passes', '-fPIC', '-emit-llvm', '-c'];
    execFileSync(clang, [...form, source, '-o', module], { stdio: 'pipe' });
    return module;
  });
  const native = join(output, 'program');
  const linked = [...libraries, `-Wl,-rpath,${output}`, '-lpthread'];
  execFileSync(clang, [std, '-O2', ...sources, ...linked, '-o', native], { stdio: 'pipe' });
  return { modules, libraries, native };
}

/** Runs a program while modules are recompiled, moved and compacted at random moments. */
function shaken(linkage: string, modules: readonly string[], args: readonly string[], input: string) {
  const driver = join(root, 'test', 'drivers', 'shake.mjs');
  // Linkages differ in few instructions: two of them in whole modules, one in units of one function.
  const unit = linkage === 'direct' ? 'function' : 'module';
  const ended = spawnSync(
    process.execPath,
    [driver, linkage, 'default', unit, '7', ...modules, '--', ...args],
    {
      cwd: root,
      encoding: 'utf8',
      input,
      timeout: 120_000,
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    },
  );
  const { status, signal, stdout, stderr } = ended;
  const told = ended.output[3] ?? '';
  const nothing = { swaps: {}, moves: 0 };
  const seen = (told === '' ? nothing : JSON.parse(told)) as { swaps: Record<string, number>; moves: number };
  return { ended: { status, signal, stdout, stderr }, ...seen };
}

it('each program of the corpus has its settings', () => {
  expect(readdirSync(corpus).sort()).toEqual(Object.keys(settings).sort());
});

describe.each(Object.entries(settings))('the C++ program %s', (name, setting) => {
  const { rounds, standard, input = '' } = setting;
  const args = rounds === 0 ? [] : [String(rounds)];
  let built: Built;
  let expected: Ended;
  beforeAll(() => {
    built = build(name, standard);
    expected = execute(built.native, args, input);
    expect(expected.stdout).not.toBe('');
  });

  it.each(linkages)('with linkage %s ends as natively, tiering up eagerly', (linkage) => {
    const load = built.libraries.flatMap((library) => ['--load', library]);
    const words = [
      'run',
      '--policy',
      'eager',
      '--linkage',
      linkage,
      ...load,
      ...built.modules,
      '--',
      ...args,
    ];
    expect(tierlink(words, input)).toEqual(expected);
  });

  it('in units of one function ends as natively, tiering up eagerly', () => {
    const load = built.libraries.flatMap((library) => ['--load', library]);
    const linkage = linkages[name.length % linkages.length] ?? 'stub';
    const units = ['--unit', 'function', '--policy', 'eager', '--linkage', linkage];
    expect(tierlink(['run', ...units, ...load, ...built.modules, '--', ...args], input)).toEqual(expected);
  });

  if (setting.shaken === false) return;
  it.each(linkages)(
    'with linkage %s ends as natively, recompiled, moved and compacted at random',
    (linkage) => {
      const swapsOf = (swaps: Record<string, number>): number =>
        Object.values(swaps).reduce((sum, count) => sum + count, 0);
      let seen = shaken(linkage, built.modules, args, input);
      expect(seen.ended).toEqual(expected);
      // On a busy machine a short program may end before the first compile or move has.
      for (let times = 4; times < 100 && (swapsOf(seen.swaps) === 0 || seen.moves === 0); times *= 4) {
        const longer = [String(rounds * times)];
        seen = shaken(linkage, built.modules, longer, input);
        expect(seen.ended).toEqual(execute(built.native, longer, input));
      }
      expect(swapsOf(seen.swaps)).toBeGreaterThan(0);
      expect(seen.moves).toBeGreaterThan(0);
    },
  );
});
