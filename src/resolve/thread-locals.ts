/** Thread-locals of the process and of shared libraries, as an answer. */
import type { NativeAddon } from '../native/contract.js';
import type { SymbolAnswer } from './symbol-resolver.js';

/** What of the addon knows thread-locals. */
export type ThreadLocals = Pick<NativeAddon, 'tlsIndexOf' | 'tlsStaticOffsetOf'>;

/**
 * Finds a thread-local.
 *
 * @param addon - The addon.
 * @param library - Handle of the library; 0n is the process.
 * @param name - Its name.
 * @returns The answer, or undefined if there is none of this name.
 */
export function threadLocalOf(addon: ThreadLocals, library: bigint, name: string): SymbolAnswer | undefined {
  const index = addon.tlsIndexOf(library, name);
  if (index === null) return undefined;
  const staticOffset = addon.tlsStaticOffsetOf(library, name);
  const answer = { kind: 'thread-local', ...index } as const;
  return staticOffset === null ? answer : { ...answer, staticOffset };
}
