/** The engine: what a user holds. It composes the parts and owns none of their mechanisms. */
import { EventEmitter } from 'eventemitter3';
import { bind, type Callable } from '../call/callable.js';
import { parseSignature } from '../call/signature.js';
import { TierlinkError } from '../core/errors.js';
import type { Emit, EngineEvents, PublishedEvent } from '../core/events.js';
import type { RunOutcome } from '../native/contract.js';
import { stageOf } from '../../tiers/lifecycle.js';
import { address } from '../core/ids.js';
import type { Compaction } from './mover.js';
import { type Composition, compose } from './compose.js';
import { type GroupMember, type GroupOptions, ModuleLoader } from './module-loader.js';
import { checkLinkage, type EngineOptions, type Linkage, settle } from './options.js';
import type { EngineSnapshot } from './snapshot.js';
import { takeSnapshot } from './take-snapshot.js';
import type { ModuleSource } from './source.js';
import type { TimeByTier } from './time-by-tier.js';
import type { Unit } from './unit.js';

/** Options of {@link Engine.fn}. */
export interface FnOptions {
  /** Needed for functions of ELF objects, which name no types: such as `i32 (ptr, double)`. */
  readonly signature?: string;
}

/** Options of {@link Engine.addModule}. */
export interface AddModuleOptions {
  /** How calls that leave this module's versions reach functions. @defaultValue the engine's */
  readonly linkage?: Linkage;
}

/** Options of {@link Engine.run}. */
export interface RunOptions {
  /** Samples the program's position each so many microseconds of its CPU time, for {@link Engine.timeByTier}. */
  readonly sampleUs?: number;
  /**
   * The program owns the process: stdout is buffered as libc does it, SIGPIPE ends it, and its children inherit the
   * standard streams. Node's own output must not be used then. @defaultValue false
   */
  readonly ownsProcess?: boolean;
}

/** A tiered JIT for many modules. Made by {@link createEngine}. */
export class Engine implements AsyncDisposable {
  readonly #events = new EventEmitter<EngineEvents>();
  readonly #parts: Composition;
  readonly #loader: ModuleLoader;
  #running = false;
  #disposed = false;
  #linking: Promise<void> = Promise.resolve();

  /** @internal Use {@link createEngine}. */
  constructor(options: EngineOptions) {
    const emit: Emit = (name, event) => {
      this.#emit(name, event);
    };
    this.#parts = compose(settle(options), emit);
    this.#loader = new ModuleLoader(this.#parts);
  }

  /**
   * Registers a module: reads, verifies and splits it, and checks its symbols against the others. Nothing is
   * compiled before {@link link}.
   *
   * @param name - Its name, unique in the engine.
   * @param source - Bitcode, IR text, an ELF object, a path to one, an archive, or an `llvm-bindings` module. Of an archive,
   *   members are registered as `name(member)` when something needs them.
   * @param options - What differs from the engine's own.
   * @throws TierlinkError ENGINE_DISPOSED, MODULE_DUPLICATE, INPUT_UNREADABLE, FORMAT_UNKNOWN, BITCODE_INVALID,
   *   IR_INVALID, IR_UNVERIFIED, IR_UNSUPPORTED, TARGET_MISMATCH, OBJECT_INVALID, OBJECT_UNSUPPORTED,
   *   ARCHIVE_INVALID, SYMBOL_DUPLICATE, SYMBOL_TYPE_MISMATCH; the engine is as it was before.
   */
  addModule(name: string, source: ModuleSource, options: AddModuleOptions = {}): void {
    this.#alive('addModule');
    const linkage = options.linkage ?? this.#parts.settings.linkage;
    this.#loader.add(name, source, checkLinkage(linkage));
  }

  /**
   * Compiles all modules that are not linked yet at the lowest tier, links them together, and runs their
   * constructors. All or nothing: if one fails, none is linked.
   *
   * @throws TierlinkError ENGINE_DISPOSED, SYMBOL_UNRESOLVED, RESOLVER_FAILED, SYMBOL_TYPE_MISMATCH, COMPILE_FAILED,
   *   COMPILE_CRASHED, RELOCATION_UNSUPPORTED, RELOCATION_OVERFLOW, MEMORY_EXHAUSTED (as rejections)
   */
  async link(): Promise<void> {
    this.#alive('link');
    const linked = this.#linking.then(() => this.#loader.link());
    this.#linking = linked.catch(() => undefined);
    await linked;
  }

  /**
   * Binds a function for calls from JS. It always runs the newest version.
   *
   * @param name - Linker name of a function that a linked module defines.
   * @param options - The signature, where the module does not tell.
   * @returns The callable.
   * @throws TierlinkError ENGINE_DISPOSED, SYMBOL_UNKNOWN, NOT_LINKED, SIGNATURE_UNSUPPORTED
   *
   * @example
   * ```ts
   * engine.addModule('math', 'define i32 @twice(i32 %x) {\n  %y = add i32 %x, %x\n  ret i32 %y\n}');
   * await engine.link();
   * engine.fn('twice')(21); // 42
   * ```
   */
  fn(name: string, options: FnOptions = {}): Callable {
    this.#alive(`fn(${name})`);
    const { definition, slot } = this.#function(name, `fn(${name})`);
    const { table, host } = this.#parts;
    const letters =
      options.signature === undefined ? definition.signature : parseSignature(name, options.signature);
    return bind(host, {
      symbol: name,
      letters,
      type: options.signature ?? definition.type,
      slot: table.slotAddress(slot),
      stub: table.stubAddress(slot),
    });
  }

  /**
   * Links what is not linked, then runs a program: `main(argc, argv, environ)` on a native thread of its own, while tier-up goes
   * on. The program's `exit` ends it as a return from `main` does; functions registered with `atexit` and destructors
   * run at its end.
   *
   * @param main - Name of its main function.
   * @param argv - Its arguments, the program's name first.
   * @param options - Sampling.
   * @returns How it ended, and its exit status.
   * @throws TierlinkError ENGINE_DISPOSED, ENGINE_BUSY, SYMBOL_UNKNOWN, and those of {@link link} (as rejections)
   */
  async run(main = 'main', argv: readonly string[] = [main], options: RunOptions = {}): Promise<RunOutcome> {
    this.#alive('run');
    if (this.#running) {
      throw new TierlinkError('ENGINE_BUSY', { operation: 'run', reason: 'a program is running already' });
    }
    this.#running = true;
    try {
      await this.link();
      const { slot } = this.#function(main, 'run');
      if (options.ownsProcess === true) this.#parts.addon.adoptProcess();
      return await this.#parts.program.run(slot, argv, options.sampleUs);
    } finally {
      this.#running = false;
      this.#parts.reclaimer.soon();
    }
  }

  /**
   * Compiles a module again at a tier, whatever the policy thinks, and publishes the new version.
   *
   * @param module - Name of a linked module.
   * @param tier - Name of a tier of the engine's ladder.
   * @returns What was published.
   * @throws TierlinkError ENGINE_DISPOSED, MODULE_UNKNOWN, TIER_UNKNOWN, NOT_LINKED, UNIT_PINNED, COMPILE_FAILED,
   *   COMPILE_CRASHED, RESOLVER_FAILED, MEMORY_EXHAUSTED (as rejections); the version before it goes on running.
   */
  async recompile(module: string, tier: string): Promise<PublishedEvent> {
    this.#alive('recompile');
    return this.#loader.recompile(module, tier);
  }

  /**
   * Listens to an event.
   *
   * @param event - Its name.
   * @param listener - Called with it; what it throws is reported as a process warning and changes nothing.
   * @returns The engine.
   */
  on<Name extends keyof EngineEvents>(event: Name, listener: EngineEvents[Name]): this {
    // Safe because the map's listeners all take one event; eventemitter3 loses that for a generic name.
    this.#events.on(event, listener as never);
    return this;
  }

  /** Stops listening to an event. */
  off<Name extends keyof EngineEvents>(event: Name, listener: EngineEvents[Name]): this {
    this.#events.off(event, listener as never);
    return this;
  }

  /**
   * Compiles several modules again and publishes them together, or, if one fails, none of them.
   *
   * @param group - Linked modules, each once, with the tiers they are to get.
   * @param options - Whether a thread may see code from before and after at once.
   * @returns What was published, in the order of the group.
   * @throws TierlinkError ENGINE_DISPOSED, MODULE_UNKNOWN, TIER_UNKNOWN, OPTION_INVALID, NOT_LINKED, UNIT_PINNED,
   *   COMPILE_FAILED, COMPILE_CRASHED, MEMORY_EXHAUSTED, CODE_CACHE_FULL, GROUP_NOT_QUIESCENT (as rejections)
   */
  async recompileGroup(
    group: readonly GroupMember[],
    options: GroupOptions = {},
  ): Promise<readonly PublishedEvent[]> {
    this.#alive('recompileGroup');
    return this.#loader.recompileGroup(group, options);
  }

  /**
   * Moves a module's code, and the constants that belong to it, while the program runs. Functions and variables keep
   * their addresses (I1); threads that are in the old copy stay in it until they leave.
   *
   * @param module - Name of a linked module.
   * @param at - Address at which its code is to begin, aligned to 64; by default the lowest place that is free.
   * @throws TierlinkError ENGINE_DISPOSED, MODULE_UNKNOWN, NOT_LINKED, UNIT_IMMOVABLE, MEMORY_EXHAUSTED (the place is
   *   taken); then nothing has moved.
   */
  move(module: string, at?: bigint): void {
    this.#alive('move');
    const { mover, unitOf } = this.#parts;
    mover.move(unitOf(module), at === undefined ? undefined : address(Number(at)));
  }

  /**
   * Defragments the code while the program runs: moves modules from its far end into holes, and reclaims.
   *
   * @returns How many modules moved, and the bytes from the first to the last byte of code, before and after.
   * @throws TierlinkError ENGINE_DISPOSED
   */
  compact(): Compaction {
    this.#alive('compact');
    return this.#parts.mover.compact([...this.#parts.units.values()]);
  }

  /**
   * Puts the code of some modules side by side, from a page boundary on: of the hot ones, say, so that they share
   * pages and cache.
   *
   * @param order - Names of linked modules, each once.
   * @returns Address of the first, and the bytes from there to the end of the last.
   * @throws TierlinkError ENGINE_DISPOSED, MODULE_UNKNOWN, NOT_LINKED, UNIT_IMMOVABLE, MEMORY_EXHAUSTED; then nothing
   *   has moved.
   */
  relayout(order: readonly string[]): { readonly start: bigint; readonly bytes: number } {
    this.#alive('relayout');
    const { mover, unitOf } = this.#parts;
    const { start, bytes } = mover.relayout([...new Set(order)].map(unitOf));
    return { start: BigInt(start), bytes };
  }

  /**
   * Gives back the memory of versions that no slot leads to and no thread refers to any more. The engine does so by
   * itself soon after each publish; this is for who wants it now. Threads inside are examined one after the other,
   * each for microseconds; system calls that they are in go on.
   *
   * @returns Versions reclaimed.
   * @throws TierlinkError ENGINE_DISPOSED
   */
  reclaim(): number {
    this.#alive('reclaim');
    return this.#parts.reclaimer.now();
  }

  /** What the engine looks like now. */
  snapshot(): EngineSnapshot {
    return takeSnapshot(this.#parts);
  }

  /** Samples of the program's position by tier; empty unless {@link run} was asked to sample. */
  timeByTier(): TimeByTier {
    return this.#parts.program.timeByTier();
  }

  /** Writes what the program left in its stdio buffers. */
  flush(): void {
    this.#parts.addon.flushStdio();
  }

  /**
   * Ends the process at once, as the end of a native program does: stdio is flushed, and nothing of Node runs any more.
   *
   * @param status - Exit status, 0 to 255.
   */
  exitProcess(status: number): void {
    this.#parts.addon.exitProcess(status);
  }

  /**
   * Ends the engine: waits for the compile that is running, runs destructors that have not run yet, frees all memory. Callables are
   * dead afterwards. Calling it again does nothing.
   *
   * @throws TierlinkError ENGINE_BUSY while a program or a call is inside (as a rejection); nothing is changed then.
   */
  async dispose(): Promise<void> {
    if (this.#disposed) return;
    const inside = this.#parts.addon.engineMutatorsInside(this.#parts.engine);
    if (this.#running || inside > 0) {
      throw new TierlinkError('ENGINE_BUSY', {
        operation: 'dispose',
        reason: `${String(Math.max(inside, 1))} thread(s) run in it`,
      });
    }
    this.#disposed = true;
    await this.#parts.end(this.#linking);
    this.#events.removeAllListeners();
  }

  /** @internal */
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  #function(name: string, operation: string) {
    const found = this.#parts.symbols.resolve(name);
    if (found?.definition.kind !== 'function' || found.offset !== 0) {
      throw new TierlinkError('SYMBOL_UNKNOWN', { symbol: name });
    }
    const { definition } = found;
    const unit = this.#unitOf(definition.module);
    if (definition.slot === undefined || stageOf(unit.state) === 'compiling' || unit.version === undefined) {
      throw new TierlinkError('NOT_LINKED', { operation, module: definition.module });
    }
    return { definition, slot: definition.slot };
  }

  #unitOf(module: string): Unit {
    return this.#parts.unitOf(module);
  }

  #alive(operation: string): void {
    if (this.#disposed) throw new TierlinkError('ENGINE_DISPOSED', { operation });
  }

  #emit<Name extends keyof EngineEvents>(name: Name, event: Parameters<EngineEvents[Name]>[0]): void {
    try {
      this.#events.emit(name, ...([event] as never));
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      process.emitWarning(`a listener of tierlink's event "${name}" threw: ${text}`);
    }
  }
}

/**
 * Creates an engine.
 *
 * @param options - Linkage, tiers, policy, memory; all may be left out.
 * @returns The engine; end it with `dispose`, or `await using`.
 * @throws TierlinkError OPTION_INVALID, TIER_UNKNOWN, LIBRARY_UNLOADABLE, PLATFORM_UNSUPPORTED, ADDON_MISSING,
 *   LLVM_MISSING, API_VERSION_MISMATCH
 */
export function createEngine(options: EngineOptions = {}): Engine {
  return new Engine(options);
}
