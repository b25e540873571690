/**
 * Loads the files that the command and the control thread consist of, with what V8 has kept of compiling them before.
 * Node.js keeps nothing by itself before version 22.
 */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { cachedDataVersionTag } from 'node:v8';
import { Script } from 'node:vm';

/** A file as CommonJS sees it. */
interface Loaded {
  readonly module: { exports: unknown };
  readonly script: Script;
  readonly keptPath: string;
}

/** The function that a file is wrapped into. */
type Body = (
  exports: unknown,
  require: (name: string) => unknown,
  module: { exports: unknown },
  path: string,
  folder: string,
) => void;

const loaded = new Map<string, Loaded>();

/**
 * Loads a CommonJS file of this package once. What it requires by a relative path is loaded in the same way.
 *
 * @param path - Its absolute path.
 * @returns What it exports.
 */
export function load(path: string): unknown {
  const known = loaded.get(path);
  if (known !== undefined) return known.module.exports;
  const keptPath = pathOfKept(path);
  const kept = readKept(keptPath);
  // A function with the parameters of a CommonJS module, as ASCII (scripts/bundle.mjs): nothing to decode or to copy.
  const text = readFileSync(path, 'latin1');
  // V8 rejects what another version or other flags have made, says nothing, and compiles.
  const script = new Script(text, { filename: path, ...(kept === undefined ? {} : { cachedData: kept }) });
  const module = { exports: {} };
  loaded.set(path, { module, script, keptPath });
  const folder = dirname(path);
  const others = createRequire(path);
  const require = (name: string): unknown =>
    name.startsWith('.') ? load(join(folder, name)) : (others(name) as unknown);
  // Safe because the text is an expression of that type.
  (script.runInThisContext() as Body)(module.exports, require, module, path, folder);
  return module.exports;
}

/** Keeps what V8 has compiled so far of each file, for the next process that has the same version and flags. */
export function keep(): void {
  for (const { script, keptPath } of loaded.values()) writeFileSync(keptPath, script.createCachedData());
}

/**
 * Where it is kept for a file. V8 itself compares no more of the source than its length, so what belongs to a file that was
 * changed must not be found; the tag stands for V8's version, its flags and the processor.
 */
function pathOfKept(path: string): string {
  const { mtimeMs, size } = statSync(path);
  return `${path}.${cachedDataVersionTag().toString(16)}-${size.toString(16)}-${Math.trunc(mtimeMs).toString(16)}.v8`;
}

function readKept(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
