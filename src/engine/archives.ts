/** Static archives: a member joins the program when something needs a symbol that it defines. */
import { type Archive, readArchive } from '../elf/archive.js';
import type { ModuleRecord } from '../registry/records.js';
import type { SymbolSearch } from './symbol-search.js';

interface Named {
  readonly name: string;
  readonly archive: Archive;
  /** Names of members that joined. */
  readonly taken: Set<string>;
}

type Join = (name: string, bytes: Uint8Array) => ModuleRecord;

/** The archives of an engine. */
export class Archives {
  readonly #search: SymbolSearch;
  readonly #archives: Named[] = [];

  /** @param search - Tells what is already found elsewhere. */
  constructor(search: SymbolSearch) {
    this.#search = search;
  }

  /** True if an archive of this name was added. */
  has(name: string): boolean {
    return this.#archives.some((item) => item.name === name);
  }

  /**
   * Adds an archive; none of its members joins yet.
   *
   * @param name - Its name, which those of its members start with.
   * @param bytes - The file.
   * @throws TierlinkError ARCHIVE_INVALID
   */
  add(name: string, bytes: Uint8Array): void {
    this.#archives.push({ name, archive: readArchive(bytes, name), taken: new Set() });
  }

  /**
   * Lets members join until nothing that they define is missing.
   *
   * @param modules - Modules that are not linked yet; what the others need was found when they were.
   * @param join - Registers a member under a name, and returns it.
   */
  pull(modules: readonly ModuleRecord[], join: Join): void {
    let fresh = this.#archives.length > 0 ? modules : [];
    while (fresh.length > 0) {
      const joined: ModuleRecord[] = [];
      for (const symbol of this.#missing(fresh)) {
        // As a static linker does, an archive is asked before shared libraries: a process symbol does not count.
        if (this.#search.find(symbol)?.kind === 'definition') continue;
        joined.push(...this.#take(symbol, join));
      }
      fresh = joined;
    }
  }

  /** Takes back that a member joined, so that it may join another time. */
  putBack(module: string): void {
    for (const { name, taken } of this.#archives) {
      for (const member of taken) if (memberModule(name, member) === module) taken.delete(member);
    }
  }

  *#missing(modules: readonly ModuleRecord[]): Iterable<string> {
    for (const module of modules) {
      for (const use of module.uses) if (!use.weak) yield use.name;
    }
  }

  /** The member that joined for a symbol, if one has it. */
  #take(symbol: string, join: Join): ModuleRecord[] {
    for (const { name, archive, taken } of this.#archives) {
      const member = archive.symbols.get(symbol);
      if (member === undefined || taken.has(member.name)) continue;
      const joined = join(memberModule(name, member.name), member.bytes);
      taken.add(member.name);
      return [joined];
    }
    return [];
  }
}

/** The module name of an archive's member. */
function memberModule(archive: string, member: string): string {
  return `${archive}(${member})`;
}
