/** Reads the file that describes an experiment: JSON, JavaScript, or TypeScript. */
import { spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Experiment, TierlinkError } from '../index.js';

/** What is used of the package `typescript`. */
interface TypeScript {
  readonly transpileModule: (
    text: string,
    options: { readonly compilerOptions: Readonly<Record<string, unknown>> },
  ) => { readonly outputText: string };
}

/**
 * Reads a description.
 *
 * @param path - Absolute; `.json`, `.js`, `.mjs`, `.ts` or `.mts`.
 * @returns What the file describes; not checked yet.
 * @throws TierlinkError OPTION_INVALID (as a rejection)
 */
export async function readExperiment(path: string): Promise<Experiment> {
  try {
    const described = await read(path);
    if (typeof described === 'object' && described !== null) return described as Experiment;
    throw new Error('it has no default export that is an object');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const expected = 'a file that describes an experiment, see docs/experiments.md';
    throw new TierlinkError(
      'OPTION_INVALID',
      { option: 'experiment', value: `${path}: ${reason}`, expected },
      { cause },
    );
  }
}

async function read(path: string): Promise<unknown> {
  switch (extname(path)) {
    case '.json':
      return JSON.parse(readFileSync(path, 'utf8'));
    case '.js':
    case '.mjs':
      return imported(path);
    case '.ts':
    case '.mts':
      return transpiled(path);
    default:
      throw new Error('its name ends in none of .json, .js, .mjs, .ts, .mts');
  }
}

const importer = `
const { default: described } = await import(process.argv[1]);
process.send(described ?? null, undefined, undefined, () => process.disconnect());
`;

/** In a process of its own, since the code of this one can't import modules by a path that is known only now. */
async function imported(path: string): Promise<unknown> {
  const child = spawn(
    process.execPath,
    ['--input-type=module', '--eval', importer, pathToFileURL(path).href],
    {
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
      serialization: 'advanced',
    },
  );
  let described: unknown;
  let complaint = '';
  child.on('message', (message) => {
    described = message;
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (status !== 0) throw new Error(complaint.trim());
  return described;
}

/** Who writes TypeScript has its compiler; Node.js 20 strips no types. The result lies beside the file, for its imports. */
async function transpiled(path: string): Promise<unknown> {
  let compiler: TypeScript;
  try {
    // Safe because that is the package's stable interface.
    compiler = createRequire(path)('typescript') as TypeScript;
  } catch {
    throw new Error('the package typescript, which reads it, is not installed there');
  }
  const { outputText } = compiler.transpileModule(readFileSync(path, 'utf8'), {
    compilerOptions: { module: 'ESNext', target: 'ES2022', verbatimModuleSyntax: true },
  });
  const output = join(dirname(path), `.${basename(path)}.${String(process.pid)}.mjs`);
  writeFileSync(output, outputText);
  try {
    return await imported(output);
  } finally {
    rmSync(output);
  }
}
