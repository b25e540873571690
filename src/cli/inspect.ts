/** `tierlink inspect`: what a module consists of, and what would be promoted or split. */
import { writeSync } from 'node:fs';
import Table from 'cli-table3';
import { type Inspection, inspectModule } from '../index.js';

/**
 * Prints what a module consists of.
 *
 * @param path - The module or archive.
 * @param options - `json`: as JSON.
 * @throws TierlinkError if it can't be read
 */
export function inspectCommand(path: string, options: { readonly json?: boolean }): void {
  const seen = inspectModule(path, { path });
  const text = options.json === true ? JSON.stringify(seen, null, 2) : show(seen);
  writeSync(1, `${text}\n`);
}

function show(seen: Inspection): string {
  const lines = [`${seen.module}: ${seen.format}`];
  if (seen.members.length > 0) return [...lines, ...seen.members.map((member) => `  ${member}`)].join('\n');
  const table = new Table({
    head: ['symbol', 'kind', 'binding', 'size', 'type', 'what happens to it'],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', 'left', 'left', 'right', 'left', 'left'],
  });
  for (const { name, kind, binding, size, type, fate } of seen.symbols) {
    table.push([name, kind, binding, size, type.slice(0, 48), fate]);
  }
  const defined = seen.symbols.filter((symbol) => symbol.defined);
  const count = (kind: string): number => defined.filter((symbol) => symbol.kind === kind).length;
  lines.push(
    table.toString(),
    `${String(count('function'))} functions, ${String(count('variable') + count('thread-local'))} variables defined; ` +
      `${String(defined.filter((symbol) => symbol.fate.startsWith('promoted')).length)} promoted; ` +
      `${String(seen.symbols.length - defined.length)} symbols needed from elsewhere`,
  );
  if (seen.constructors.length > 0) lines.push(`constructors: ${seen.constructors.join(', ')}`);
  if (seen.destructors.length > 0) lines.push(`destructors: ${seen.destructors.join(', ')}`);
  if (seen.optnone.length > 0) lines.push(`never optimised (optnone): ${seen.optnone.join(', ')}`);
  if (seen.pinned !== '') lines.push(`can't be recompiled: ${seen.pinned}`);
  return lines.join('\n');
}
