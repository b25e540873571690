/** Programs as bitcode, as native programs, and as WebAssembly. What was built from the same before is not built again. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Contestant } from './contestant.js';
import type { Built, Program } from './programs.js';
import { inputFolder } from './toolchain.js';

const clang = 'clang-22';
const profdata = 'llvm-profdata-22';
const bitcodeFlags = ['-O2', '-Xclang', '-disable-llvm-passes', '-fPIC', '-emit-llvm', '-c'];
const trainingPasses = 5;
/** Link time optimisation of all modules as one, by lld. */
const lto = ['-flto', '-fuse-ld=lld'];

/** A kind of native build. */
export type Level = '-O0' | '-O2' | '-O3 -march=native' | '-O3 -flto' | '-O3 -flto -fprofile-use';

/** A name for what these flags make of these files: with other contents it has another name. */
function placeOf(program: Program, flags: readonly string[], ending: string): string {
  const hash = createHash('sha256').update(execFileSync(clang, ['--version']));
  hash.update(JSON.stringify([program.flags, program.linkFlags, flags]));
  for (const path of [...program.sources, ...program.headers]) hash.update(readFileSync(path));
  const name = program.kind === 'lua' ? 'lua' : program.name;
  return join(inputFolder(), `${name}-${hash.digest('hex').slice(0, 16)}${ending}`);
}

/** Makes a file, unless it is there; half of one is never left. */
function make(path: string, build: (output: string) => void): string {
  if (existsSync(path)) return path;
  build(`${path}.part`);
  renameSync(`${path}.part`, path);
  return path;
}

function compile(program: Program, flags: readonly string[]): string {
  return make(placeOf(program, flags, ''), (output) => {
    const words = [...flags, ...program.flags, ...program.sources, ...program.linkFlags, '-o', output];
    execFileSync(clang, words, { stdio: ['ignore', 'ignore', 'inherit'] });
  });
}

/** What the same program counts in some passes, compiled as it will be. */
function train(program: Program): string {
  const flags = ['-O3', ...lto, '-fprofile-generate'];
  return make(placeOf(program, flags, '.profdata'), (output) => {
    const counting = compile(program, flags);
    const raw = `${output}.raw`;
    execFileSync(counting, [...program.args(trainingPasses)], {
      stdio: 'ignore',
      env: { ...process.env, LLVM_PROFILE_FILE: raw },
    });
    execFileSync(profdata, ['merge', raw, '-o', output]);
  });
}

/**
 * Builds natively.
 *
 * @param program - The program.
 * @param level - How.
 * @returns Path of the program.
 */
function nativeProgram(program: Program, level: Level): string {
  switch (level) {
    case '-O0':
    case '-O2':
      return compile(program, [level]);
    case '-O3 -march=native':
      return compile(program, ['-O3', '-march=native']);
    case '-O3 -flto':
      return compile(program, ['-O3', ...lto]);
    case '-O3 -flto -fprofile-use':
      return compile(program, ['-O3', ...lto, `-fprofile-use=${train(program)}`]);
  }
}

/**
 * The program's modules as bitcode, from which every tier may start.
 *
 * @param program - The program.
 * @returns Their paths.
 */
export function bitcodeOf(program: Program): readonly string[] {
  if (program.bitcode !== undefined) return program.bitcode;
  const folder = placeOf(program, bitcodeFlags, '.bitcode');
  mkdirSync(folder, { recursive: true });
  return program.sources.map((source) =>
    make(join(folder, `${basename(source)}.bc`), (output) => {
      execFileSync(clang, [...bitcodeFlags, ...program.flags, source, '-o', output], { stdio: 'inherit' });
    }),
  );
}

/**
 * The program under tierlink.
 *
 * @param program - The program.
 * @returns The contestant.
 */
export function tiered(program: Program): Contestant {
  const options = ['--quiet', '--no-cache', '--argv0', 'program'];
  const args = [join('dist', 'src', 'main.cjs'), 'run', ...options, ...bitcodeOf(program), '--'];
  return { name: 'tierlink', role: 'subject', program: process.execPath, args };
}

/**
 * The program as clang builds it.
 *
 * @param program - The program.
 * @param level - How.
 * @returns The contestant.
 */
export function native(program: Program, level: Level): Contestant {
  return { name: `clang ${level}`, role: 'peer', program: nativeProgram(program, level), args: [] };
}

/**
 * The program on ORC's LLJIT, all modules eagerly.
 *
 * @param program - The program.
 * @param built - Where LLJIT is.
 * @param level - How it compiles.
 * @returns The contestant.
 */
export function onOrc(program: Program, built: Built, level: '-O0' | '-O2'): Contestant {
  const args = [level, ...bitcodeOf(program), '--'];
  return { name: `LLJIT ${level}`, role: 'peer', program: built.lljit, args };
}

/**
 * The program as WebAssembly, in Node.
 *
 * @param program - The program.
 * @param built - What runs it.
 * @returns The contestant; undefined where clang can't build it.
 */
export function asWebAssembly(program: Program, built: Built): Contestant | undefined {
  const flags = ['--target=wasm32-wasi', '-Wno-deprecated', '-O2'];
  try {
    const module = make(placeOf(program, flags, '.wasm'), (output) => {
      const words = [...flags, ...program.flags, ...program.sources, '-o', output];
      execFileSync(clang, words, { stdio: ['ignore', 'ignore', 'inherit'] });
    });
    const args = ['--no-warnings', built.wasm, module];
    return { name: 'WebAssembly -O2', role: 'peer', program: process.execPath, args };
  } catch {
    // clang has said why; wasi-libc may be missing.
    return undefined;
  }
}
