/** Which symbols lead compiled code to functions that may run JS, but for those that this library makes itself. */
import { ArchiveResolver } from './archive-resolver.js';
import { ModuleResolver } from './module-resolver.js';
import { ProcessResolver } from './process-resolver.js';
import type { SymbolResolver } from './symbol-resolver.js';

/** Node's own interfaces, V8's and libuv's, in C and C++. */
const ofNode = /^(napi_|node_|uv_|_ZN?K?(2v8|4node))/;

/**
 * Whether a symbol of the process is one of Node's.
 *
 * @param symbol - Linker name.
 * @returns True for what may run JS.
 */
export function isOfNode(symbol: string): boolean {
  return ofNode.test(symbol);
}

/**
 * Whether what a resolver finds is known to run no JS: modules, and what the process has, without {@link isOfNode}.
 *
 * @param resolver - Of an engine.
 * @returns False for what finds functions of somebody else.
 */
export function findsNoJs(resolver: SymbolResolver): boolean {
  return [ModuleResolver, ArchiveResolver, ProcessResolver].some((known) => resolver instanceof known);
}
