/** Finds the LLVM programs that tests make their inputs with. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * Finds a program of LLVM 22.
 *
 * @param name - Such as `clang`.
 * @returns Its path.
 * @throws Error when it is not installed.
 */
export function findTool(name: string): string {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const candidates = [
    join('/usr/lib/llvm-22/bin', name),
    ...folders.map((folder) => join(folder, `${name}-22`)),
  ];
  const found = candidates.find((candidate) => existsSync(candidate));
  if (found === undefined)
    throw new Error(`${name} of LLVM 22 is not installed; tried ${candidates.join(', ')}`);
  return found;
}
