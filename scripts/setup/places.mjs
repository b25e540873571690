/** Where things are: folders of the checkout, and the tools of LLVM 22. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Top folder of the checkout, or of the installed package. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** An installed package has its JavaScript built and its dependencies beside it; only the addon is left to build. */
export const isCheckout = existsSync(join(root, 'package-lock.json')) && existsSync(join(root, 'src'));

/** Logs of every command that the set-up runs. */
export const logFolder = join(root, 'build', 'logs');

/** What is fetched or made from what is fetched. */
export const cacheFolder = join(root, '.cache');

/** clang of LLVM 22, under Debian's name. */
export const clang = 'clang-22';
