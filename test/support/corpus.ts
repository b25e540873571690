/** Programs of the corpus: as bitcode, and as programs of their own. */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { llvmBin, root, scratch } from './toolchain.js';

/** Where the programs are, a folder for each language. */
export const corpus: string = join(root, 'test', 'corpus');

const unoptimised = ['-O2', '-Xclang', '-disable-llvm-passes', '-fPIC', '-emit-llvm', '-c'];

/** The modules of a C program as bitcode. */
export function modulesOfC(name: string, flags: readonly string[] = []): string[] {
  return build('clang', join(corpus, 'c', name), '.c', ['-std=gnu11', ...flags]);
}

/** A C++ program: its modules as bitcode, and what clang makes of it. */
export function cxxProgram(name: string): { readonly modules: readonly string[]; readonly native: string } {
  const folder = join(corpus, 'cxx', name);
  const sources = readdirSync(folder).filter((file) => file.endsWith('.cc'));
  const native = join(scratch(), 'program');
  const words = ['-std=c++17', '-O1', ...sources.map((file) => join(folder, file)), '-lpthread'];
  execFileSync(join(llvmBin, 'clang++'), [...words, '-o', native], { stdio: 'pipe' });
  return { modules: build('clang++', folder, '.cc', ['-std=c++17']), native };
}

function build(compiler: string, folder: string, ending: string, flags: readonly string[]): string[] {
  const output = scratch();
  const sources = readdirSync(folder).filter((name) => name.endsWith(ending));
  return sources.sort().map((name) => {
    const module = join(output, `${basename(name, ending)}.bc`);
    const words = [...unoptimised, ...flags, join(folder, name), '-o', module];
    execFileSync(join(llvmBin, compiler), words, { stdio: 'pipe' });
    return module;
  });
}
