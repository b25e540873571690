/** Which object cache a program is run with. */
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { type DirectoryCache, directory, TierlinkError } from '../index.js';

/**
 * Chooses the cache: what the command says, then `TIERLINK_CACHE` (a directory, or `off`), then `tierlink` in the user's
 * folder for caches.
 *
 * @param chosen - A directory (`--cache`), false (`--no-cache`), or true or undefined if nothing was said.
 * @param environment - The process's environment.
 * @param warn - Told why there is none, when the user's folder can't be used.
 * @returns The cache, or undefined for none.
 * @throws TierlinkError CACHE_DIRECTORY_REFUSED for a directory that somebody chose
 */
export function cacheFor(
  chosen: string | boolean | undefined,
  environment: NodeJS.ProcessEnv,
  warn: (message: string) => void,
): DirectoryCache | undefined {
  if (chosen === false) return undefined;
  const named = typeof chosen === 'string' ? chosen : environment['TIERLINK_CACHE'];
  if (named === 'off' && named !== chosen) return undefined;
  if (named !== undefined && named !== '') return directory(named);
  try {
    return directory(join(cachesOf(environment), 'tierlink'));
  } catch (error) {
    // Nobody asked for it, so the program runs without.
    if (!(error instanceof TierlinkError)) throw error;
    warn(error.message);
    return undefined;
  }
}

/** As the XDG Base Directory Specification has it: a path that is not absolute is as good as none. */
function cachesOf(environment: NodeJS.ProcessEnv): string {
  const named = environment['XDG_CACHE_HOME'] ?? '';
  return isAbsolute(named) ? named : join(homedir(), '.cache');
}
