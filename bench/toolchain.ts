/** Inputs of benchmarks: C text as bitcode and as objects. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const clang = 'clang-22';

/** How everything that is compared is compiled: as position-independent code, with sections that a linker can place. */
const objectFlags = ['-O2', '-fPIC', '-ffunction-sections', '-fvisibility=hidden'];
/** What clang's -O2 starts from: every tier may optimise it. */
const bitcodeFlags = ['-O2', '-Xclang', '-disable-llvm-passes', '-fPIC', '-emit-llvm'];

/** A folder for what benchmarks compile; what was there before is written over. */
export function inputFolder(): string {
  const folder = join('build', 'bench', 'inputs');
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Writes C text, and returns the path without its ending. */
function writeC(folder: string, name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(`${path}.c`, text);
  return path;
}

/**
 * Compiles C text natively, at -O2.
 *
 * @param folder - Where to.
 * @param name - Name of the file, without an ending.
 * @param text - The text.
 * @param more - Further flags.
 * @returns Path of the object.
 */
export function compileObject(
  folder: string,
  name: string,
  text: string,
  more: readonly string[] = [],
): string {
  const path = writeC(folder, name, text);
  execFileSync(clang, [...objectFlags, ...more, '-c', `${path}.c`, '-o', `${path}.o`], { stdio: 'inherit' });
  return `${path}.o`;
}

/**
 * Assembles.
 *
 * @param folder - Where to.
 * @param name - Name of the file, without an ending.
 * @param text - Assembly.
 * @returns Path of the object.
 */
export function assembleObject(folder: string, name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(`${path}.s`, text);
  execFileSync(clang, ['-c', `${path}.s`, '-o', `${path}.o`], { stdio: 'inherit' });
  return `${path}.o`;
}

/**
 * Compiles C text to bitcode that is not optimised yet.
 *
 * @param folder - Where to.
 * @param name - Name of the file, without an ending.
 * @param text - The text.
 * @returns Path of the bitcode.
 */
export function compileBitcode(folder: string, name: string, text: string): string {
  const path = writeC(folder, name, text);
  execFileSync(clang, [...bitcodeFlags, '-c', `${path}.c`, '-o', `${path}.bc`], { stdio: 'inherit' });
  return `${path}.bc`;
}

/**
 * Links objects statically with each other, into a shared library.
 *
 * @param objects - Their paths.
 * @param output - Path of the library.
 */
export function linkLibrary(objects: readonly string[], output: string): void {
  execFileSync(clang, ['-shared', '-Wl,-Bsymbolic', '-Wl,-z,defs', ...objects, '-o', output], {
    stdio: 'inherit',
  });
}

/**
 * Finds a library of the system.
 *
 * @param name - Name of its file.
 * @returns Its path.
 */
export function libraryPath(name: string): string {
  return execFileSync(clang, [`-print-file-name=${name}`], { encoding: 'utf8' }).trim();
}
