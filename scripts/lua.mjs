/** Lua 5.4, the program that examples, tests and benchmarks run: as bitcode modules, and built natively to compare with. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { ensureSource, sourceFolder } from './lua/source.mjs';
import { runLogged } from './setup/command.mjs';
import { withLock } from './setup/lock.mjs';
import { cacheFolder, clang } from './setup/places.mjs';
import { Progress } from './setup/progress.mjs';
import { readStamp, writeWhole } from './setup/stamp.mjs';

const folder = join(cacheFolder, 'lua');
const bitcodeFolder = join(folder, 'bitcode');
const languageFlags = ['-DLUA_USE_POSIX', '-std=gnu99'];
/** Unoptimised, yet without optnone, so that every tier may optimise; in the form that clang's -O2 starts from. */
const bitcodeFlags = ['-O2', '-Xclang', '-disable-llvm-passes', '-fPIC', ...languageFlags, '-emit-llvm'];

/**
 * Makes Lua's modules be there as bitcode.
 *
 * @returns {Promise<string[]>} Their paths, sorted; one has `main`.
 * @throws {SetupFailure} if the source can't be fetched or compiled
 */
export async function ensureLua() {
  await ensure(bitcodeFolder, bitcodeFlags, 'Lua, as bitcode', async (names, progress) => {
    let done = 0;
    const waiting = [...names];
    const work = async () => {
      for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
        const output = join(bitcodeFolder, `${name}.bc`);
        const source = join(sourceFolder, `${name}.c`);
        await runLogged(clang, [...bitcodeFlags, '-c', source, '-o', `${output}.part`], {
          log: 'lua-bitcode',
        });
        renameSync(`${output}.part`, output);
        done += 1;
        progress.update((done / names.length) * 100, name);
      }
    };
    await Promise.all(Array.from({ length: availableParallelism() }, work));
  });
  return moduleNames().map((name) => join(bitcodeFolder, `${name}.bc`));
}

/**
 * Makes Lua be there as an ordinary program, built as a whole by clang.
 *
 * @param {'-O0' | '-O2'} level - clang's level of optimisation.
 * @returns {Promise<string>} The program's path.
 * @throws {SetupFailure} if the source can't be fetched or compiled
 */
export async function ensureLuaStatic(level) {
  const output = join(folder, `static${level}`);
  const program = join(output, 'lua');
  const flags = [level, ...languageFlags, '-Wl,-E'];
  await ensure(output, flags, `Lua, as a program at ${level}`, async (names) => {
    const sources = names.map((name) => join(sourceFolder, `${name}.c`));
    await runLogged(clang, [...flags, ...sources, '-o', `${program}.part`, '-lm'], { log: 'lua-static' });
    renameSync(`${program}.part`, program);
  });
  return program;
}

/**
 * Builds into a folder, unless its stamp says that it was built just so.
 *
 * @param {string} output - The folder.
 * @param {readonly string[]} flags - What the result depends on.
 * @param {string} title - What is built.
 * @param {(names: readonly string[], progress: Progress) => Promise<void>} build - Builds it.
 */
async function ensure(output, flags, title, build) {
  const stampPath = join(output, '.stamp');
  const stamp = `${compilerVersion()}\n${flags.join(' ')}\n`;
  const isReady = () => readStamp(stampPath) === stamp && existsSync(join(sourceFolder, 'lua.c'));
  if (isReady()) return;
  await withLock(async () => {
    if (isReady()) return;
    const progress = new Progress(1);
    progress.begin(1, `building ${title}`);
    try {
      await ensureSource((detail) => {
        progress.update(-1, detail);
      });
      mkdirSync(output, { recursive: true });
      await build(moduleNames(), progress);
      writeWhole(stampPath, stamp);
    } catch (error) {
      progress.end('failed');
      throw error;
    }
    progress.end('done');
  });
}

/** @returns {string} clang's first line about itself. */
function compilerVersion() {
  return execFileSync(clang, ['--version'], { encoding: 'utf8' }).split('\n', 1)[0] ?? '';
}

/** @returns {string[]} Every C file but luac.c, which is a program of its own. */
function moduleNames() {
  return readdirSync(sourceFolder)
    .filter((name) => name.endsWith('.c') && name !== 'luac.c')
    .map((name) => name.slice(0, -'.c'.length))
    .sort();
}
