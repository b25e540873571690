/** Programs of several modules: those of bench/programs, and scripts that Lua runs. Each prints a line after each pass. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What scripts/bench.mjs has built. */
export interface Built {
  /** Lua's modules as bitcode. */
  readonly lua: readonly string[];
  /** Its C files. */
  readonly luaSources: readonly string[];
  /** The program on LLJIT. */
  readonly lljit: string;
  /** What runs WebAssembly under node:wasi. */
  readonly wasm: string;
}

/** One program. */
export interface Program {
  readonly name: string;
  readonly kind: 'kernel' | 'lua';
  /** Paths of its files of C or C++. */
  readonly sources: readonly string[];
  /** Further files that its object code depends on. */
  readonly headers: readonly string[];
  /** Flags of the language, the same for everybody. */
  readonly flags: readonly string[];
  /** What it is linked with natively. */
  readonly linkFlags: readonly string[];
  /** Bitcode that is there already. */
  readonly bitcode?: readonly string[];
  /** Arguments for so many passes. */
  readonly args: (passes: number) => readonly string[];
}

/**
 * Code that is fused differently computes something else; so nobody fuses. Exceptions and type information would need
 * libstdc++.
 */
const kernelFlags = [
  '-ffp-contract=off',
  '-fno-exceptions',
  '-fno-rtti',
  '-Wno-unused-command-line-argument',
];
const luaFlags = ['-DLUA_USE_POSIX', '-std=gnu99'];
const luaKernels = ['recursion', 'sorting', 'strings', 'tables', 'closures', 'matrices'];

const folder = join('bench', 'programs');

function kernel(name: string): Program {
  const own = readdirSync(join(folder, name)).sort();
  const paths = (ending: RegExp): string[] =>
    own.filter((file) => ending.test(file)).map((file) => join(folder, name, file));
  return {
    name,
    kind: 'kernel',
    sources: [...paths(/\.cc?$/), join(folder, 'passes.c')],
    headers: [...paths(/\.h$/), join(folder, 'passes.h')],
    flags: kernelFlags,
    linkFlags: ['-lm'],
    args: (passes) => [String(passes)],
  };
}

/** All programs of bench/programs, in the order of their names. */
function kernels(): readonly Program[] {
  const entries = readdirSync(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  return names.sort().map(kernel);
}

function luaScript(built: Built, name: string, words: readonly string[]): Program {
  return {
    name: `Lua: ${name}`,
    kind: 'lua',
    sources: built.luaSources,
    headers: [],
    flags: luaFlags,
    linkFlags: ['-Wl,-E', '-lm'],
    bitcode: built.lua,
    args: (passes) => [join('bench', 'lua', 'steady.lua'), String(passes), ...words],
  };
}

/**
 * Lists programs.
 *
 * @param built - What scripts/bench.mjs has built.
 * @returns The kernels, then Lua's scripts one by one.
 */
export function eachProgram(built: Built): readonly Program[] {
  return [...kernels(), ...luaKernels.map((name) => luaScript(built, name, [name]))];
}

/**
 * Lists programs, Lua's scripts as one.
 *
 * @param built - What scripts/bench.mjs has built.
 * @returns The kernels, then Lua.
 */
export function wholePrograms(built: Built): readonly Program[] {
  return [...kernels(), luaScript(built, 'all six', [])];
}

/**
 * Reads what scripts/bench.mjs has built.
 *
 * @param path - The file that lists it.
 * @returns Paths.
 */
export function readBuilt(path: string): Built {
  // Safe because scripts/bench.mjs, which starts this process, has just written it.
  return JSON.parse(readFileSync(path, 'utf8')) as Built;
}
