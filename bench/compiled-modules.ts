/** Bitcode modules as the engine's own compiler makes objects of them at the top of its ladder. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Compiler } from '../src/core/compiler.js';
import { LlvmCompiler } from '../src/native/llvm-compiler.js';
import { ingestWith } from '../src/native/ingest.js';
import { loadAddon } from '../src/native/loader.js';
import { optimized } from '../tiers/recipes.js';

/** One object. */
export interface ObjectFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * Compiles modules.
 *
 * @param paths - Their bitcode files.
 * @returns Two objects for most modules, of code and of variables.
 */
export async function compileModules(paths: readonly string[]): Promise<ObjectFile[]> {
  const addon = loadAddon();
  const compiler: Compiler = new LlvmCompiler(addon, 1);
  // What is not the top of a ladder counts calls, in counters that only the engine provides.
  const tier = { ...optimized, counters: false };
  const ingest = ingestWith(addon);
  const objects: ObjectFile[] = [];
  for (const [index, path] of paths.entries()) {
    const module = basename(path, '.bc');
    const source = { bytes: readFileSync(path), format: 'bitcode' } as const;
    const [seen] = ingest([{ source, id: index + 1, name: module, lazy: false }]);
    if (seen === undefined || seen instanceof Error) throw new Error(module, { cause: seen });
    for (const part of ['code', 'data'] as const) {
      const bitcode = seen[part];
      if (bitcode === null) continue;
      const { object } = await compiler.compile({
        module,
        bitcode,
        part,
        tier,
        calls: 'direct',
        near: [],
        priority: { kind: 'lazy' },
      });
      objects.push({ name: `${module}.${part}`, bytes: object });
    }
  }
  await compiler.destroy();
  return objects;
}
