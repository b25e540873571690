/** `watch`: runs a program, and puts each edit of its files into it while it runs. */
import { type FSWatcher, readFileSync, watch } from 'node:fs';
import { basename, dirname, relative } from 'node:path';
import { messageOf, type Program } from './program.js';

/** Watches the files of a program until it is closed. */
export class Watcher {
  readonly #program: Program;
  readonly #tell: (line: string) => void;
  readonly #texts = new Map<string, string>();
  readonly #folders = new Map<string, FSWatcher>();
  #edits: Promise<void> = Promise.resolve();

  /** @param tell - Is given what became of each edit. */
  constructor(program: Program, tell: (line: string) => void) {
    this.#program = program;
    this.#tell = tell;
    this.#follow();
  }

  /** Editors replace files rather than write them, so it is folders that are watched. */
  #follow(): void {
    for (const [file, { syntax }] of this.#program.loader.modules) {
      if (!this.#texts.has(file)) this.#texts.set(file, syntax.source.text);
      const folder = dirname(file);
      if (this.#folders.has(folder)) continue;
      const watcher = watch(folder, (_event, name) => {
        this.#edits = this.#edits.then(() => this.#changed(folder, name));
      });
      this.#folders.set(folder, watcher);
    }
  }

  async #changed(folder: string, name: string | null): Promise<void> {
    for (const file of this.#texts.keys()) {
      if (dirname(file) === folder && (name === null || basename(file) === name)) await this.#look(file);
    }
  }

  async #look(file: string): Promise<void> {
    const startedAt = performance.now();
    try {
      const text = readFileSync(file, 'utf8');
      // Empty is what a file is for a moment while it is written.
      if (text === '' || text === this.#texts.get(file)) return;
      this.#texts.set(file, text);
      await this.#program.update(file, text);
      this.#follow();
      const ms = (performance.now() - startedAt).toFixed(0);
      this.#tell(`${relative(process.cwd(), file)}: new code is in use after ${ms} ms`);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      this.#tell(`${messageOf(error)}\nThe old code runs on.`);
    }
  }

  /** Ends watching, when the edit under way is in. */
  async close(): Promise<void> {
    for (const watcher of this.#folders.values()) watcher.close();
    await this.#edits;
  }
}
