/** A program in an engine: its modules, calls into it, and edits while it runs. */
import { resolve, dirname } from 'node:path';
import { createEngine, type Engine, type EngineOptions, TierlinkError } from 'tierlink';
import type { CheckedModule } from './checker.js';
import { defineHost, type HostFunction, packArguments, type Plain, unpackResult } from './host.js';
import { Loader } from './loader.js';
import { emitModule } from './module-emitter.js';
import { Runtime, runtimeBitcode } from './runtime.js';
import { RillError } from './source.js';
import type { FunctionSymbol, ModuleMember } from './symbols.js';
import { show } from './types.js';

/** An error while the program ran; its message shows the place, as those of the checker do. */
export class ProgramError extends Error {
  override readonly name: string = 'ProgramError';
}

/** How a program is started. */
export interface ProgramOptions {
  readonly host?: Readonly<Record<string, HostFunction>>;
  readonly engine?: EngineOptions;
}

/**
 * For programs that are edited while they run: optimised as far as it goes without inlining. A loop that never ends, and
 * has what it calls inlined, would never reach what that is replaced by.
 */
export const editableTiers: NonNullable<EngineOptions['tiers']> = [
  'baseline',
  {
    name: 'editable',
    passes:
      'function(sroa<modify-cfg>,early-cse<memssa>,simplifycfg,instcombine<no-verify-fixpoint>,loop-mssa(licm),gvn,simplifycfg)',
    codegenLevel: 2,
    hostCpu: true,
    counters: false,
    bindLocalCalls: false,
  },
];

/** A program, from its main file, or with none, to which modules are added (the REPL). */
export class Program {
  readonly engine: Engine;
  readonly loader: Loader;
  readonly #host: Readonly<Record<string, HostFunction>>;
  readonly #defined = new Set<string>();
  readonly #added = new Set<CheckedModule>();
  #runtime: Runtime | undefined;
  #isRunning = false;

  constructor(folder: string, { host = {}, engine = {} }: ProgramOptions = {}) {
    this.loader = new Loader(resolve(folder));
    this.#host = host;
    this.engine = createEngine(engine);
    this.engine.addModule('rill', runtimeBitcode());
  }

  /**
   * Reads a file with all that it imports, and links it.
   *
   * @throws RillError for what is wrong in the sources, TierlinkError SYMBOL_UNRESOLVED for an extern function without code
   */
  static async open(path: string, options?: ProgramOptions): Promise<Program> {
    const file = resolve(path);
    const program = new Program(dirname(file), options);
    try {
      program.loader.load(file);
      await program.link();
      return program;
    } catch (error) {
      await program.engine.dispose();
      throw error;
    }
  }

  get #strings(): Runtime {
    if (this.#runtime === undefined) throw new Error('the program is not linked yet');
    return this.#runtime;
  }

  /** Adds what was loaded since the last time, and other modules; all or none. */
  async link(...more: readonly CheckedModule[]): Promise<void> {
    const fresh = [...this.loader.modules.values(), ...more].filter((module) => !this.#added.has(module));
    try {
      for (const module of fresh) {
        this.#defineHosts(module);
        this.engine.addModule(module.name, emitModule(module));
        this.#added.add(module);
      }
      await this.engine.link();
    } catch (error) {
      for (const module of fresh.toReversed()) {
        if (this.#added.delete(module)) await this.engine.removeModule(module.name, { force: true });
        this.loader.forget(module);
      }
      throw error;
    }
    this.#runtime ??= new Runtime(this.engine);
  }

  #defineHosts({ members }: CheckedModule): void {
    for (const [name, member] of members) {
      const host = this.#host[name];
      if (member.kind !== 'function' || !member.isExtern || host === undefined || this.#defined.has(name))
        continue;
      defineHost(this.engine, name, member.type, host, () => this.#strings);
      this.#defined.add(name);
    }
  }

  /**
   * Calls a function of the program on a thread of its own. One call runs at a time, as the collector knows one stack.
   *
   * @throws ProgramError where the program ends with an error; what a host function threw comes out as it is
   */
  async call(module: CheckedModule, name: string, ...given: readonly Plain[]): Promise<Plain> {
    const symbol = module.members.get(name);
    if (symbol?.kind !== 'function' || symbol.isExtern)
      throw new TypeError(`${module.name} has no function ${name}`);
    if (this.#isRunning) throw new ProgramError('the program is running');
    this.#isRunning = true;
    try {
      return await this.#enter(symbol, given);
    } finally {
      this.#isRunning = false;
    }
  }

  async #enter({ symbol, type }: FunctionSymbol, given: readonly Plain[]): Promise<Plain> {
    const cells = packArguments(type, given, this.#strings);
    const { address } = this.engine.fn(`${symbol}.entry`);
    const failed = await this.#strings.call.async(address, cells);
    if (failed === true) throw new ProgramError(this.#strings.failure());
    return unpackResult(type, cells, this.#strings);
  }

  /** Runs `main` of a file that was opened. */
  async run(path: string): Promise<void> {
    const module = this.loader.load(resolve(path));
    const { source } = module.syntax;
    if (module.members.get('main')?.kind !== 'function')
      throw new RillError(source, 0, 'there is no fn main()');
    await this.call(module, 'main');
  }

  /**
   * Puts a new text in the place of a file's, while the program runs. Variables keep their values, and what is called
   * from now on is the new code.
   *
   * @throws RillError, TierlinkError REPLACE_MISMATCH; the old code then runs on
   */
  async update(path: string, text: string): Promise<void> {
    const file = resolve(path);
    const before = this.loader.load(file);
    const after = this.loader.check(file, text);
    checkShapes(before, after);
    await this.link();
    this.#defineHosts(after);
    await this.engine.replaceModule(after.name, emitModule(after), { state: 'keep' });
    this.loader.keep(file, after);
    this.#added.add(after);
  }

  async dispose(): Promise<void> {
    await this.engine.dispose();
  }
}

/** What is on the heap and on stacks was made by the old code: so what has the same name must mean the same. */
function checkShapes(before: CheckedModule, after: CheckedModule): void {
  const declarations = [
    after.syntax.structs,
    after.syntax.functions,
    after.syntax.externs,
    after.syntax.variables,
  ].flat();
  for (const { name, at } of declarations) {
    const [old, now] = [before.members.get(name), after.members.get(name)].map(
      (member) => member && shapeOf(member),
    );
    if (old === undefined || old === now) continue;
    throw new RillError(after.syntax.source, at, `${name} can't change while the program runs: it is ${old}`);
  }
}

function shapeOf(member: ModuleMember): string {
  if (member.kind === 'struct') {
    return `struct { ${member.type.fields.map(({ name, type }) => `${name}: ${show(type)}`).join(', ')} }`;
  }
  if (member.kind === 'function') return show(member.type);
  const value = member.isLazy ? 'computed when it is first used' : 'a constant at the start';
  return `${member.isMutable ? 'var' : 'let'} of type ${show(member.type)}, ${value}`;
}

/** What is to be told of an error: of the program's or its author's, only the message. */
export function messageOf(error: unknown): string {
  if (error instanceof RillError || error instanceof ProgramError || error instanceof TierlinkError)
    return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
