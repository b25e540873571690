/** What tierlink is measured against: LLVM's own JIT engines, static builds and WebAssembly, all running Lua. */
import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ensureLua, ensureLuaStatic } from './lua.mjs';
import { sourceFolder } from './lua/source.mjs';
import { ninjaPercent, runLogged } from './setup/command.mjs';
import { SetupFailure } from './setup/failure.mjs';
import { withLock } from './setup/lock.mjs';
import { clang, root } from './setup/places.mjs';
import { Progress } from './setup/progress.mjs';
import { hashFiles, listFiles, readStamp, writeWhole } from './setup/stamp.mjs';

const sources = join(root, 'bench', 'peers');
const output = join(root, 'build', 'peers');
const wasmProgram = join(output, 'lua.wasm');

/**
 * Makes everything that takes part be there.
 *
 * @returns {Promise<import('../bench/contestant.js').Field>} Who takes part, and who can't.
 * @throws {SetupFailure} if a build fails
 */
export async function ensureField() {
  const modules = await ensureLua();
  const unoptimized = await ensureLuaStatic('-O0');
  const optimized = await ensureLuaStatic('-O2');
  await ensureEngines();
  const noWasm = await ensureWasm();
  const [main = '', ...others] = [...modules].sort(byMain);
  const command = join(root, 'dist', 'src', 'main.cjs');
  // The first round finds it empty; the others are most.
  const cache = join(root, 'build', 'bench', 'cache');
  const lli = [...others.flatMap((path) => ['-extra-module', path]), main];
  const wasm = {
    name: 'WebAssembly in Node, clang -O2',
    role: /** @type {const} */ ('peer'),
    program: process.execPath,
    args: ['--no-warnings', join(sources, 'wasm', 'run.mjs'), wasmProgram],
  };
  const engine = (
    /** @type {string} */ name,
    /** @type {string} */ program,
    /** @type {string} */ level,
  ) => ({
    name: `${name} ${level}`,
    role: /** @type {const} */ ('peer'),
    program: join(output, program),
    args: [level, ...modules, '--'],
  });
  return {
    scripts: join(root, 'bench', 'lua'),
    contestants: [
      {
        name: 'tierlink',
        role: 'subject',
        program: process.execPath,
        args: [command, 'run', '--quiet', '--no-cache', '--argv0', 'lua', ...modules, '--'],
      },
      {
        name: 'tierlink, warm object cache',
        role: 'reference',
        program: process.execPath,
        args: [command, 'run', '--quiet', '--cache', cache, '--argv0', 'lua', ...modules, '--'],
      },
      {
        name: 'tierlink, whole modules',
        role: 'reference',
        program: process.execPath,
        args: [
          command,
          'run',
          '--quiet',
          '--no-cache',
          '--unit',
          'module',
          '--argv0',
          'lua',
          ...modules,
          '--',
        ],
      },
      { name: 'static, clang -O0', role: 'peer', program: unoptimized, args: [] },
      { name: 'static, clang -O2', role: 'peer', program: optimized, args: [] },
      engine('LLJIT', 'lljit', '-O0'),
      engine('LLJIT', 'lljit', '-O2'),
      engine('MCJIT', 'mcjit', '-O0'),
      {
        name: 'lli -jit-kind=mcjit -O0',
        role: 'peer',
        program: 'lli-22',
        args: ['-jit-kind=mcjit', '-O0', ...lli],
      },
      {
        name: 'lli -jit-kind=orc -O0',
        role: 'reference',
        program: 'lli-22',
        args: ['-jit-kind=orc', '-O0', ...lli],
      },
      ...(noWasm === undefined ? [wasm] : []),
    ],
    absent: noWasm === undefined ? [] : [{ name: wasm.name, reason: noWasm }],
  };
}

/**
 * Makes what programs of several modules are run with be there; the benchmarks compile the programs themselves.
 *
 * @returns {Promise<import('../bench/programs.js').Built>} Where it is.
 * @throws {SetupFailure} if a build fails
 */
export async function ensurePrograms() {
  const lua = await ensureLua();
  await ensureEngines();
  const luaSources = lua.map((path) => join(sourceFolder, `${basename(path, '.bc')}.c`));
  return { lua, luaSources, lljit: join(output, 'lljit'), wasm: join(sources, 'wasm', 'run.mjs') };
}

/**
 * Makes ORC's redirectable symbols be there, as a library.
 *
 * @returns {Promise<string>} Its path.
 * @throws {SetupFailure} if the build fails
 */
export async function ensureRedirectable() {
  await ensureEngines();
  return join(output, 'redirectable.so');
}

/**
 * Makes what `scale` compares be there.
 *
 * @returns {Promise<{ command: string, lljit: string }>} The command line of tierlink, and the program on LLJIT.
 * @throws {SetupFailure} if the build fails
 */
export async function ensureScale() {
  await ensureEngines();
  return { command: join(root, 'dist', 'src', 'main.cjs'), lljit: join(output, 'lljit') };
}

/** lli takes the module with main as its program. */
function byMain(/** @type {string} */ a, /** @type {string} */ b) {
  return Number(b.endsWith('/lua.bc')) - Number(a.endsWith('/lua.bc'));
}

/** Builds what stands in C++. */
async function ensureEngines() {
  await ensure('engines', listFiles(sources, /^(CMakeLists\.txt|\w+\.(cc|h))$/), async (progress) => {
    await runLogged('cmake', ['-S', sources, '-B', output, '-G', 'Ninja'], { log: 'peers' });
    const onLine = (/** @type {string} */ line) => {
      const percent = ninjaPercent(line);
      if (percent !== undefined) progress.update(percent);
    };
    await runLogged('cmake', ['--build', output], { log: 'peers', onLine });
  });
}

/** @returns {Promise<string | undefined>} Why Lua can't be had as WebAssembly; undefined where it can. */
async function ensureWasm() {
  const folder = join(sources, 'wasm');
  const inputs = readdirSync(folder).filter((name) => !name.endsWith('.mjs'));
  const flags = [
    ...['--target=wasm32-wasi', '-O2', '-std=gnu99', '-w'],
    ...['-mexception-handling', '-mllvm', '-wasm-enable-sjlj', '-I', folder],
    ...['-D_WASI_EMULATED_SIGNAL', '-D_WASI_EMULATED_PROCESS_CLOCKS', '-DL_tmpnam=64'],
  ];
  const libraries = ['-lwasi-emulated-signal', '-lwasi-emulated-process-clocks'];
  const files = [
    ...listFiles(sourceFolder, /^(?!luac\.c$).*\.c$/),
    ...inputs.filter((name) => !name.endsWith('.h')).map((name) => join(folder, name)),
  ];
  try {
    await ensure(
      'wasm',
      inputs.map((name) => join(folder, name)),
      async () => {
        const link = [...libraries, '-Wl,-z,stack-size=8388608', '-o', `${wasmProgram}.part`];
        await runLogged(clang, [...flags, ...files, ...link], { log: 'wasm' });
        renameSync(`${wasmProgram}.part`, wasmProgram);
      },
    );
    return undefined;
  } catch (error) {
    if (!(error instanceof SetupFailure)) throw error;
    return `it can't be built (build/logs/wasm.log): ${error.message.split('\n', 1)[0] ?? ''}`;
  }
}

/**
 * Builds, unless a stamp says that it was built from just these files.
 *
 * @param {string} name - Of what is built.
 * @param {readonly string[]} inputs - What it is built from.
 * @param {(progress: Progress) => Promise<void>} build - Builds it.
 */
async function ensure(name, inputs, build) {
  const stampPath = join(output, `.${name}`);
  const stamp = hashFiles(inputs);
  if (existsSync(stampPath) && readStamp(stampPath) === stamp) return;
  await withLock(async () => {
    mkdirSync(output, { recursive: true });
    const progress = new Progress(1);
    progress.begin(1, `building peers: ${name}`);
    try {
      await build(progress);
      writeWhole(stampPath, stamp);
    } catch (error) {
      progress.end('failed');
      throw error;
    }
    progress.end('done');
  });
}
