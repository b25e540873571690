/** The version of this package, from its package.json. */
import { createRequire } from 'node:module';

const read = createRequire(import.meta.url);

/** Such as `0.1.0`. */
export const version: string = (read('tierlink/package.json') as { readonly version: string }).version;
