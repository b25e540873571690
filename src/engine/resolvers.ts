/** Makes the shipped resolvers for the chain that an engine is given. */
import { TierlinkError } from '../core/errors.js';
import { loadAddon } from '../native/loader.js';
import { AbsoluteResolver } from '../resolve/absolute-resolver.js';
import { ArchiveResolver } from '../resolve/archive-resolver.js';
import { LibraryResolver } from '../resolve/library-resolver.js';
import { ModuleResolver } from '../resolve/module-resolver.js';
import { ProcessResolver } from '../resolve/process-resolver.js';
import type { SymbolResolver } from '../resolve/symbol-resolver.js';
import { readSource } from './source.js';

/**
 * The place in a chain at which the engine's modules are searched, and archives that `addModule` was given. Every chain
 * has one; who stands before it takes the place of what modules define.
 *
 * @returns The resolver; one serves any number of engines.
 */
export function moduleResolver(): SymbolResolver {
  return new ModuleResolver();
}

/**
 * Finds what the process has: libc, libm, libstdc++ and Node. Of `exit`, `pthread_create` and their like it gives what the
 * engine's runtime puts in their place.
 *
 * @returns The resolver; one serves any number of engines.
 * @throws TierlinkError PLATFORM_UNSUPPORTED, ADDON_MISSING
 */
export function processResolver(): SymbolResolver {
  return new ProcessResolver(loadAddon());
}

/**
 * Loads a shared library and finds what it exports. What only the libraries have that it needs is found, too; what the
 * process has as well is left to {@link processResolver}.
 *
 * @param library - A path, or a name that the dynamic linker finds.
 * @returns The resolver; one serves any number of engines.
 * @throws TierlinkError LIBRARY_UNLOADABLE, PLATFORM_UNSUPPORTED, ADDON_MISSING
 *
 * @example
 * ```ts
 * const zlib = libraryResolver('libz.so.1');
 * createEngine({ parts: { resolvers: [moduleResolver(), zlib, processResolver()] } });
 * ```
 */
export function libraryResolver(library: string): SymbolResolver {
  return new LibraryResolver(loadAddon(), library);
}

/**
 * Finds members of a static archive. One joins as the module `archive(member)` when a module that is being linked needs
 * a symbol that it defines, and no resolver before has it.
 *
 * @param path - Its path.
 * @returns The resolver; one serves any number of engines.
 * @throws TierlinkError INPUT_UNREADABLE, FORMAT_UNKNOWN, ARCHIVE_INVALID
 */
export function archiveResolver(path: string): SymbolResolver;
/**
 * The same, of an archive that is in memory.
 *
 * @param bytes - The archive; kept, not copied.
 * @param name - What it is called in names of modules and in messages.
 * @returns The resolver; one serves any number of engines.
 * @throws TierlinkError FORMAT_UNKNOWN, ARCHIVE_INVALID
 */
export function archiveResolver(bytes: Uint8Array, name: string): SymbolResolver;
export function archiveResolver(
  archive: string | Uint8Array,
  name = typeof archive === 'string' ? archive : 'archive',
): SymbolResolver {
  const source = typeof archive === 'string' ? { path: archive } : archive;
  const { format, bytes } = readSource(name, source);
  if (format !== 'archive') {
    throw new TierlinkError('ARCHIVE_INVALID', { module: name, reason: `it is of format ${format}` });
  }
  return new ArchiveResolver(name, bytes);
}

/**
 * Finds names in a table of absolute addresses: functions and variables of the embedder, for example.
 *
 * @param addresses - Address of each name, from 1 to 2^47 - 1. They must stay good for as long as compiled code runs.
 * @returns The resolver; one serves any number of engines.
 * @throws TierlinkError OPTION_INVALID naming the symbol whose address is none
 */
export function absoluteResolver(addresses: Readonly<Record<string, bigint>>): SymbolResolver {
  return new AbsoluteResolver(addresses);
}
