/** Programs of which every function is an object of its own, linked by the system's linker. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Compiler } from '../../src/core/compiler.js';
import type { TierRecipe } from '../../src/core/tier.js';
import { readObject } from '../../src/elf/object.js';
import { symbolSection, symbolType } from '../../src/elf/symbols.js';
import type { ModuleSummary, NativeAddon } from '../../src/native/contract.js';
import { llvmBin, scratch } from './toolchain.js';
import { ingestOne } from './ingest.js';

/** A module after ingest. */
export interface Canonical {
  readonly name: string;
  readonly code: Uint8Array;
  readonly data: Uint8Array | null;
  readonly summary: ModuleSummary;
  /** Functions that its code defines, by index. */
  readonly functions: readonly string[];
}

/** A program of the corpus as bitcode, and shared libraries of its own. */
export interface Program {
  readonly modules: readonly Uint8Array[];
  readonly libraries: readonly string[];
}

/** Builds what lies in a folder. */
export function buildProgram(folder: string, flags: readonly string[]): Program {
  const output = scratch();
  const files = readdirSync(folder).sort();
  const run = (program: string, words: readonly string[]): void => {
    execFileSync(join(llvmBin, program), words, { stdio: 'pipe' });
  };
  const libraries = files
    .filter((file) => file.endsWith('.cpp'))
    .map((file) => {
      const library = join(output, `lib${basename(file, '.cpp')}.so`);
      run('clang++', [...flags, '-O1', '-fPIC', '-shared', join(folder, file), '-o', library]);
      return library;
    });
  const sources = files.filter((file) => /\.(c|cc)$/.test(file)).map((file) => join(folder, file));
  const modules = sources.map((source) => {
    const module = join(output, 'module.bc');
    const form = [...flags, '-O2', '-Xclang', '-disable-llvm-passes', '-fPIC', '-emit-llvm', '-c'];
    run('clang', [...form, source, '-o', module]);
    return readFileSync(module);
  });
  return { modules, libraries };
}

/** Builds a C++ program with clang alone. */
export function buildNative(folder: string, flags: readonly string[], libraries: readonly string[]): string {
  const native = join(scratch(), 'program');
  const sources = readdirSync(folder)
    .filter((file) => file.endsWith('.cc'))
    .sort();
  const inputs = [...sources.map((file) => join(folder, file)), ...libraries];
  const paths = libraries.map((path) => `-Wl,-rpath,${dirname(path)}`);
  execFileSync(join(llvmBin, 'clang++'), [...flags, '-O2', ...inputs, ...paths, '-lpthread', '-o', native], {
    stdio: 'pipe',
  });
  return native;
}

/** Ingests modules, which get ids from 1 on. */
export function canonical(addon: NativeAddon, modules: readonly Uint8Array[], lazy = false): Canonical[] {
  return modules.map((bytes, n) => {
    const name = `m${String(n + 1)}`;
    const seen = ingestOne(addon, bytes, 'bitcode', n + 1, name, lazy);
    if ('kind' in seen) throw new Error(`${seen.kind}: ${seen.message}`);
    const summary = JSON.parse(seen.summary) as ModuleSummary;
    const functions = summary.functions.filter(({ index }) => index >= 0).map((item) => item.name);
    return { name, code: seen.code, data: seen.data, summary, functions };
  });
}

/** Names of the functions that an object defines. */
export function definedFunctions(object: Uint8Array): string[] {
  const { symbols } = readObject(object, 'object');
  const names: string[] = [];
  for (let at = 0; at < symbols.count; at += 1)
    if (symbols.type(at) === symbolType.function && symbols.section(at) !== symbolSection.undefined)
      names.push(symbols.name(at));
  return names.sort();
}

/** Compiles one module's functions in batches, in objects that define just those. */
async function compileSeparately(
  compiler: Compiler,
  module: Canonical,
  tier: TierRecipe,
  batch: number,
): Promise<Uint8Array[]> {
  const request = {
    module: module.name,
    bitcode: module.code,
    part: 'code',
    tier,
    calls: 'direct',
    near: [],
    priority: { kind: 'lazy' },
  } as const;
  const batches: string[][] = [];
  for (let at = 0; at < module.functions.length; at += batch)
    batches.push(module.functions.slice(at, at + batch));
  if (module.summary.whole !== '') return [(await compiler.compile(request)).object];
  const made = await Promise.all(
    batches.map(async (wanted) => {
      const chosen: string[] = [];
      const { object } = await compiler.compile({
        ...request,
        functions: { wanted },
        chosen: ({ functions }) => chosen.push(...functions),
      });
      const sorted = [...wanted].sort();
      if (chosen.sort().join() !== sorted.join() || definedFunctions(object).join() !== sorted.join())
        throw new Error(`${sorted.join()} became ${definedFunctions(object).join()}`);
      return object;
    }),
  );
  return made;
}

/** What the engine does with a summary's facts, for the linker: constructors, ifuncs. */
function glue(summary: ModuleSummary): string {
  const lines = ['.section .note.GNU-stack,"",@progbits'];
  const list = (section: string, entries: ModuleSummary['constructors']): void => {
    for (const { name, priority } of entries) {
      const suffix = priority === 65_535 ? '' : `.${String(priority).padStart(5, '0')}`;
      lines.push(`.section .${section}${suffix},"aw"`, '.p2align 3', `.quad "${name}"`);
    }
  };
  list('init_array', summary.constructors);
  list('fini_array', summary.destructors);
  for (const { name, resolver } of summary.ifuncs)
    lines.push(
      '.text',
      `.globl "${name}"`,
      `.type "${name}",@gnu_indirect_function`,
      `"${name}": jmp "${resolver}"`,
    );
  return `${lines.join('\n')}\n`;
}

/** Links a program of separately compiled functions. */
export async function linkSeparately(
  compiler: Compiler,
  modules: readonly Canonical[],
  tier: TierRecipe,
  batch: number,
  libraries: readonly string[] = [],
): Promise<string> {
  const folder = scratch();
  const inputs: string[] = [];
  const strong = new Set(
    modules
      .flatMap(({ summary }) => [...summary.functions, ...summary.variables])
      .filter((item) => item.kind === 'define')
      .map((item) => item.name),
  );
  for (const module of modules) {
    const { name, data, summary } = module;
    const objects = await compileSeparately(compiler, module, tier, batch);
    if (data !== null) {
      const request = {
        module: name,
        bitcode: data,
        part: 'data',
        tier,
        calls: 'direct',
        near: [],
        priority: { kind: 'lazy' },
      } as const;
      objects.push((await compiler.compile(request)).object);
    }
    for (const [at, object] of objects.entries()) {
      const path = join(folder, `${name}.${String(at)}.o`);
      writeFileSync(path, object);
      inputs.push(path);
    }
    writeFileSync(join(folder, `${name}.s`), glue(summary));
    inputs.push(join(folder, `${name}.s`));
    for (const alias of summary.aliases)
      if (!strong.has(alias.name) || alias.binding === 'strong')
        inputs.push(`-Wl,--defsym=${alias.name}=${alias.target}+${String(alias.offset)}`);
  }
  const program = join(folder, 'program');
  const list = join(folder, 'inputs');
  writeFileSync(list, inputs.map((input) => `"${input}"`).join('\n'));
  const ending = [...libraries, ...libraries.map((path) => `-Wl,-rpath,${dirname(path)}`)];
  execFileSync(join(llvmBin, 'clang++'), [`@${list}`, ...ending, '-lm', '-ldl', '-lpthread', '-o', program], {
    stdio: 'pipe',
  });
  return program;
}
