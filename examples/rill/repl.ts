/** The REPL: each input is a module of its own, linked with those before it. */
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { checkModule, importedName } from './checker.js';
import { parseInput } from './parser.js';
import { messageOf, Program, type ProgramOptions } from './program.js';
import { RillError, Source } from './source.js';
import type { Symbol } from './symbols.js';
import type { ModuleSyntax } from './syntax.js';

/** A session: what inputs declare is there for later ones; a name that is declared again means the newer one from then on. */
export class Session {
  readonly #program: Program;
  readonly #folder: string;
  readonly #earlier = new Map<string, Symbol>();
  #count = 0;

  constructor(folder: string, options?: ProgramOptions) {
    this.#folder = folder;
    this.#program = new Program(folder, options);
  }

  /**
   * Compiles and runs one input; values of expressions are printed by the program.
   *
   * @throws RillError, ProgramError
   */
  async input(text: string): Promise<'done' | 'unfinished'> {
    const name = `input${String(this.#count + 1)}`;
    const source = new Source(name, text);
    const syntax = parsed(source);
    if (syntax === undefined) return 'unfinished';
    const imports = syntax.imports.map(({ path, at }) =>
      this.#program.loader.load(join(this.#folder, `${path}.rill`), { source, at }),
    );
    const module = checkModule(name, syntax, { imports, earlier: this.#earlier });
    this.#count += 1;
    await this.#program.link(module);
    for (const [member, symbol] of module.members) if (member !== 'input') this.#earlier.set(member, symbol);
    for (const [index, { path }] of syntax.imports.entries()) {
      const names = imports[index]?.members;
      if (names !== undefined) this.#earlier.set(importedName(path), { kind: 'module', names });
    }
    await this.#program.call(module, 'input');
    return 'done';
  }

  async dispose(): Promise<void> {
    await this.#program.dispose();
  }
}

/** The tree of an input, or undefined if it ends too early. */
function parsed(source: Source): ModuleSyntax | undefined {
  try {
    return parseInput(source);
  } catch (error) {
    if (error instanceof RillError && error.isUnfinished) return undefined;
    throw error;
  }
}

/** Reads inputs until the end; one that is unfinished goes on in the next line, until an empty one. */
export async function repl(input: Readable, output: Writable, options?: ProgramOptions): Promise<void> {
  const session = new Session('.', options);
  const lines = createInterface({ input, output, prompt: '> ' });
  let text = '';
  // Its last lines come after the input has ended, and then it takes no prompt.
  const state = { isOpen: true };
  lines.once('close', () => {
    state.isOpen = false;
  });
  lines.prompt();
  for await (const line of lines) {
    text += `${line}\n`;
    try {
      const outcome = await session.input(text);
      if (outcome === 'done') text = '';
      else if (line === '')
        throw new RillError(new Source('input', text), text.length - 1, 'this input has no end');
    } catch (error) {
      output.write(`${messageOf(error)}\n`);
      text = '';
    }
    lines.setPrompt(text === '' ? '> ' : '. ');
    if (state.isOpen) lines.prompt();
  }
  await session.dispose();
}
