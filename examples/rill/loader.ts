/** Reads a file and all that it imports, each once, and refuses imports in a circle. */
import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { type CheckedModule, checkModule } from './checker.js';
import { parseModule } from './parser.js';
import { RillError, Source } from './source.js';

/** Modules of one program by the path of their file. */
export class Loader {
  readonly #folder: string;
  readonly #modules = new Map<string, CheckedModule>();
  readonly #under = new Set<string>();

  /** @param folder - What names of modules and paths in messages are relative to. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** All modules, imported ones before those that import them. */
  get modules(): ReadonlyMap<string, CheckedModule> {
    return this.#modules;
  }

  /**
   * Reads a file, unless it was read before.
   *
   * @throws RillError for what is wrong in it or in an import
   */
  load(path: string, importedAt?: { readonly source: Source; readonly at: number }): CheckedModule {
    const file = resolve(path);
    const known = this.#modules.get(file);
    if (known !== undefined) return known;
    if (importedAt !== undefined && this.#under.has(file)) {
      const { source, at } = importedAt;
      throw new RillError(
        source,
        at,
        `${this.#name(file)} imports itself: ${[...this.#under].map((one) => this.#name(one)).join(' > ')}`,
      );
    }
    this.#under.add(file);
    try {
      const module = this.check(file, this.#read(file, importedAt));
      this.#modules.set(file, module);
      return module;
    } finally {
      this.#under.delete(file);
    }
  }

  /** Checks a text that is to be in a file; the module that was there stays until `keep`. */
  check(path: string, text: string): CheckedModule {
    const file = resolve(path);
    const source = new Source(relative(this.#folder, file), text);
    const syntax = parseModule(source);
    const imports = syntax.imports.map(({ path: wanted, at }) => {
      return this.load(join(dirname(file), `${wanted}.rill`), { source, at });
    });
    return checkModule(this.#name(file), syntax, { imports });
  }

  /** Makes a checked text what is in the file. */
  keep(path: string, module: CheckedModule): void {
    this.#modules.set(resolve(path), module);
  }

  /** Takes a module out, so that it is read again when it is wanted. */
  forget(module: CheckedModule): void {
    for (const [file, known] of this.#modules) if (known === module) this.#modules.delete(file);
  }

  #name(file: string): string {
    return relative(this.#folder, file).replace(/\.rill$/, '');
  }

  #read(file: string, importedAt: { readonly source: Source; readonly at: number } | undefined): string {
    try {
      return readFileSync(file, 'utf8');
    } catch (error) {
      if (importedAt === undefined) throw error;
      throw new RillError(
        importedAt.source,
        importedAt.at,
        `there is no file ${relative(this.#folder, file)}`,
      );
    }
  }
}
