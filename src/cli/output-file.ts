/** Where a file goes that is written when the program has ended. */
import { accessSync, constants, existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { TierlinkError } from '../index.js';

/**
 * Looks, before the program runs, whether the file can be written: later is too late to say so.
 *
 * @param option - The option that names it.
 * @param path - Its path, if there is to be one.
 * @returns The absolute path, since the program may change its directory.
 * @throws TierlinkError OPTION_INVALID
 */
export function outputFile(option: string, path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  const file = resolve(path);
  try {
    accessSync(existsSync(file) ? file : dirname(file), constants.W_OK);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const details = { option, value: `${path} (${reason})`, expected: 'a file that can be written' };
    throw new TierlinkError('OPTION_INVALID', details, { cause });
  }
  return file;
}
