/** Whether a directory can be trusted with code: nobody but its owner may be able to put something into it. */
import { lstatSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { TierlinkError } from '../core/errors.js';

const writableByGroup = 0o020;
const writableByAll = 0o002;
const sticky = 0o1000;

/**
 * Checks a directory, and that nobody else can put another one in its place.
 *
 * @param path - Its absolute path.
 * @param user - Number of the user that this process runs as.
 * @returns False if it isn't there.
 * @throws TierlinkError CACHE_DIRECTORY_REFUSED
 */
export function isTrusted(path: string, user: number): boolean {
  const real = resolved(path);
  if (real === undefined) return false;
  const status = statSync(real);
  const { mode, uid } = status;
  const refuse = (reason: string): never => {
    throw new TierlinkError('CACHE_DIRECTORY_REFUSED', { path, reason });
  };
  if (!status.isDirectory()) refuse('it is no directory');
  if (uid !== user && uid !== 0) refuse(`it belongs to user ${String(uid)}`);
  if ((mode & (writableByGroup | writableByAll)) !== 0)
    refuse(`others can write to it (its mode is ${(mode & 0o7777).toString(8)})`);
  for (let above = dirname(real); ; above = dirname(above)) {
    const { mode: modeAbove } = lstatSync(above);
    // In a sticky directory such as /tmp, only who owns something can replace it.
    if ((modeAbove & writableByAll) !== 0 && (modeAbove & sticky) === 0)
      refuse(`anybody can replace it: ${above} is writable by all`);
    if (above === dirname(above)) return true;
  }
}

function resolved(path: string): string | undefined {
  try {
    return realpathSync.native(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    const reason = error instanceof Error ? error.message : String(error);
    throw new TierlinkError('CACHE_DIRECTORY_REFUSED', { path, reason }, { cause: error });
  }
}

/** True for the error of something that isn't there. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
