/** `tierlink disasm`: what a tier makes of a function. */
import { readFileSync, writeSync } from 'node:fs';
import { basename } from 'node:path';
import { createEngine, type Disassembly, type Linkage } from '../index.js';

/** Options of the command, as commander gives them. */
export interface DisasmCommandOptions {
  readonly tier: string;
  readonly linkage: string;
}

/**
 * Prints a function's instructions, between the source lines that they come from.
 *
 * @param name - Its linker name, or its own if it is static.
 * @param modules - Paths of modules.
 * @param options - The command's options.
 * @throws TierlinkError if it can't be compiled
 */
export async function disasmCommand(
  name: string,
  modules: readonly string[],
  options: DisasmCommandOptions,
): Promise<void> {
  const engine = createEngine({
    control: 'inline',
    bodies: 'lazy',
    // Safe because the engine refuses, by name, a linkage that it does not know.
    linkage: options.linkage as Linkage,
  });
  engine.addModules(modules.map((path) => ({ name: path, source: { path } })));
  writeSync(1, `${show(await engine.disassemble(name, options.tier))}\n`);
  await engine.dispose();
}

/** Bytes of most instructions fit. */
const shownBytes = 8;

function show({ module, function: name, tier, instructions }: Disassembly): string {
  const last = instructions.at(-1);
  const bytes = last === undefined ? 0 : last.offset + last.bytes.length;
  const lines = [
    `${name} at ${tier}, module ${module}: ${String(instructions.length)} instructions, ${String(bytes)} bytes`,
  ];
  const sources = new Map<string, readonly string[]>();
  let place = '';
  let wasCold = false;
  for (const { offset, bytes: code, text, symbol, file, line, isCold } of instructions) {
    if (isCold && !wasCold) lines.push('; the cold part, which lies apart');
    wasCold = isCold;
    const here = line === 0 ? place : `${file}:${String(line)}`;
    if (here !== place) {
      const source = sourceOf(sources, file)[line - 1]?.trim() ?? '';
      lines.push(`; ${basename(file)}:${String(line)}${source === '' ? '' : `  ${source}`}`);
    }
    place = here;
    const hex =
      Buffer.from(code.subarray(0, shownBytes)).toString('hex') + (code.length > shownBytes ? '+' : '');
    const words = text.replace('\t', ' ').padEnd(symbol === '' ? 0 : 36);
    lines.push(
      `${offset.toString(16).padStart(6)}  ${hex.padEnd(2 * shownBytes + 1)}  ${words}${symbol === '' ? '' : `; ${symbol}`}`,
    );
  }
  return lines.join('\n');
}

/** Lines of a source file; none if it can't be read. */
function sourceOf(sources: Map<string, readonly string[]>, file: string): readonly string[] {
  const known = sources.get(file);
  if (known !== undefined) return known;
  let lines: readonly string[] = [];
  try {
    lines = readFileSync(file, 'utf8').split('\n');
  } catch {
    // It is shown by name then.
  }
  sources.set(file, lines);
  return lines;
}
