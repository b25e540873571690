/** The engine: what a user holds. What it is asked is done by what controls it, on this thread or on a worker. */
import { EventEmitter } from 'eventemitter3';
import { bind, type Callable, type FnOptions } from '../call/callable.js';
import type { Callback, HostFunction } from '../call/callback.js';
import { controlOf } from '../control/choice.js';
import type { Control } from '../control/control.js';
import type { EngineHandle } from '../control/engine-handle.js';
import { watchExit } from '../control/exit.js';
import { InlineControl } from '../control/inline.js';
import { isLost, RemoteControl } from '../control/remote.js';
import { TierlinkError } from '../core/errors.js';
import type { Emit, EngineEvents, PublishedEvent, ReplacedEvent } from '../core/events.js';
import type { RunOutcome } from '../native/contract.js';
import { decodeProfile } from '../profile/encoding.js';
import type { AuditReport } from './audit.js';
import type { RunOptions } from './core.js';
import type { Disassembly } from './disassembler.js';
import type { Compaction } from './mover.js';
import type { AddModuleOptions, GroupMember, GroupOptions, NamedSource } from './module-loader.js';
import type { EngineOptions } from './options.js';
import { Profile } from './profile.js';
import type { ReplaceOptions } from './replacer.js';
import type { EngineSnapshot } from './snapshot.js';
import type { ModuleSource } from './source.js';
import type { TimeByTier } from './time-by-tier.js';

/** A tiered JIT for many modules. Made by {@link createEngine}. */
export class Engine implements AsyncDisposable {
  readonly #events = new EventEmitter<EngineEvents>();
  readonly #control: Control;
  #disposed = false;
  #samples: TimeByTier | undefined;

  /** @internal Use {@link createEngine}. */
  constructor(options: EngineOptions) {
    const emit: Emit = (name, event) => {
      this.#emit(name, event);
    };
    const control = controlOf(options);
    const settled = { ...options, control };
    this.#control =
      control === 'worker' ? new RemoteControl(settled, emit) : new InlineControl(settled, emit);
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
   *   ARCHIVE_INVALID, SYMBOL_DUPLICATE, SYMBOL_TYPE_MISMATCH, OPTION_INVALID; the engine is as it was before.
   */
  addModule(name: string, source: ModuleSource, options: AddModuleOptions = {}): void {
    this.#alive('addModule');
    this.#control.call('addModule', name, this.#control.source(name, source), options);
  }

  /**
   * Registers several modules: as {@link addModule} for one after the other, but all or none, and read on as many threads
   * as there are processors. With control on a worker it is one message.
   *
   * @param modules - Names, sources, and what differs from the engine's own options; in the order in which they are
   *   registered. They may be of different formats, archives among them.
   * @throws TierlinkError those of {@link addModule}, of the first module for which there is one; the engine is as it was
   *   before.
   *
   * @example
   * ```ts
   * engine.addModules(['lib.bc', 'main.bc'].map((path) => ({ name: path, source: { path } })));
   * ```
   */
  addModules(modules: Iterable<NamedSource>): void {
    this.#alive('addModules');
    const named = Array.from(modules, (module) => {
      const { name, linkage } = module;
      const source = this.#control.source(name, module.source);
      return { name, source, ...(linkage === undefined ? {} : { linkage }) };
    });
    this.#control.call('addModules', named);
  }

  /**
   * Compiles all modules that are not linked yet at the lowest tier, links them together, and runs their
   * constructors. All or nothing: if one fails, none is linked.
   *
   * @throws TierlinkError ENGINE_DISPOSED, SYMBOL_UNRESOLVED, RESOLVER_FAILED, SYMBOL_TYPE_MISMATCH, COMPILE_FAILED,
   *   COMPILE_CRASHED, RELOCATION_UNSUPPORTED, RELOCATION_OVERFLOW, MEMORY_EXHAUSTED,
   *   CODE_CACHE_FULL, MEMORY_MANAGER_INVALID (as rejections)
   */
  async link(): Promise<void> {
    this.#alive('link');
    await this.#control.ask('link');
  }

  /**
   * Binds a function for calls from JS. It always runs the newest version.
   *
   * @param name - Linker name of a function that a linked module defines.
   * @param options - The signature, where the module does not tell; how i64 and pointers are seen; which road calls take.
   * @returns The callable.
   * @throws TierlinkError ENGINE_DISPOSED, SYMBOL_UNKNOWN, NOT_LINKED, SIGNATURE_UNSUPPORTED, OPTION_INVALID
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
    return bind(this.#control.host, this.#control.call('target', name), options);
  }

  /**
   * A function pointer to a JS function, for compiled code to call from any thread: on this thread at once; from another
   * one, which waits, when this thread turns its event loop or waits for the engine. What the function throws passes
   * through compiled frames as a C++ exception, and comes out at the JS that called them.
   *
   * @param signature - Its type, such as `i32 (ptr, ptr)`.
   * @param call - The function.
   * @returns The callback. It is there until it is freed, the engine is disposed, or this thread ends.
   * @throws TierlinkError ENGINE_DISPOSED, SIGNATURE_UNSUPPORTED
   *
   * @example
   * ```ts
   * const compare = engine.callback('i32 (ptr, ptr)', (a: bigint, b: bigint) => (a < b ? -1 : 1));
   * engine.fn('sort')(numbers, numbers.length, compare.address);
   * ```
   */
  callback(signature: string, call: HostFunction): Callback {
    this.#alive('callback');
    return this.#control.callbacks.make(call.name || 'callback', signature, call);
  }

  /**
   * Gives compiled code a JS function under a name: modules that are linked from now on and need the name find it, unless a
   * module defines it. How it is called is said at {@link callback}.
   *
   * @param name - The symbol.
   * @param signature - Its type, such as `void (i32)`.
   * @param call - The function.
   * @returns The callback behind the name.
   * @throws TierlinkError ENGINE_DISPOSED, SIGNATURE_UNSUPPORTED, SYMBOL_DUPLICATE
   *
   * @example
   * ```ts
   * engine.define('print', 'void (i32)', (value: number) => console.log(value));
   * engine.addModule('hello', 'declare void @print(i32)\ndefine void @hello() {\n  call void @print(i32 42)\n  ret void\n}');
   * await engine.link();
   * engine.fn('hello')();
   * ```
   */
  define(name: string, signature: string, call: HostFunction): Callback {
    this.#alive(`define(${name})`);
    const callback = this.#control.callbacks.make(name, signature, call);
    const { letters, signature: type, address } = callback;
    try {
      this.#control.call('define', { name, letters, type, address });
    } catch (error) {
      callback.free();
      throw error;
    }
    return callback;
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
    return this.#control.ask('run', main, argv, options);
  }

  /**
   * Compiles a module again at a tier, whatever the policy thinks, and publishes the new version.
   *
   * @param module - Name of a linked module.
   * @param tier - Name of a tier of the engine's ladder.
   * @returns What was published.
   * @throws TierlinkError ENGINE_DISPOSED, MODULE_UNKNOWN, TIER_UNKNOWN, NOT_LINKED, UNIT_PINNED, COMPILE_FAILED,
   *   COMPILE_CRASHED, RESOLVER_FAILED, MEMORY_EXHAUSTED, CODE_CACHE_FULL, MEMORY_MANAGER_INVALID (as rejections); the version before
   *   it goes on running.
   */
  async recompile(module: string, tier: string): Promise<PublishedEvent> {
    this.#alive('recompile');
    return this.#control.ask('recompile', module, tier);
  }

  /**
   * Compiles a function at a tier to be looked at. Nothing is linked, and nothing that runs is touched: calls are what
   * they are before the linker.
   *
   * @param name - The function's linker name; a static function's own name if no other is called so.
   * @param tier - Name of a tier of the engine's ladder.
   * @returns Its instructions, with symbols, and with source lines where its module has debug info.
   * @throws TierlinkError ENGINE_DISPOSED, SYMBOL_UNKNOWN, TIER_UNKNOWN, UNIT_PINNED (an object file), COMPILE_FAILED,
   *   COMPILE_CRASHED (as rejections)
   */
  async disassemble(name: string, tier: string): Promise<Disassembly> {
    this.#alive('disassemble');
    return this.#control.ask('disassemble', name, tier);
  }

  /**
   * Takes a module out while the program runs: its exit handlers run, calls no longer reach it, and its memory is
   * reclaimed when no thread refers to it any more. As after `dlclose`, pointers to its variables are dangling then;
   * pointers to its functions lead to an error, FUNCTION_REMOVED, or to a function of the same name and type that is
   * added later.
   *
   * @param module - Its name.
   * @param options - `force`: also when other modules refer to it. What they call then throws, and variables that they
   *   refer to stay.
   * @throws TierlinkError ENGINE_DISPOSED, MODULE_UNKNOWN, MODULE_IN_USE, MEMORY_EXHAUSTED, EXCEPTION_UNCAUGHT (of an
   *   exit handler) (as rejections); it is not taken out then.
   */
  async removeModule(module: string, options: { readonly force?: boolean } = {}): Promise<void> {
    this.#alive('removeModule');
    await this.#control.ask('removeModule', module, options.force === true);
  }

  /**
   * Gives a module new source while the program runs. Functions of the same name and type are replaced where they are;
   * threads that are in old code stay in it until they leave. Others may come, and go if no other module uses them.
   *
   * @param module - Name of a linked module that came as bitcode or IR.
   * @param source - Its new source: bitcode, IR text, a path, or an `llvm-bindings` module.
   * @param options - What becomes of its variables.
   * @returns What was matched, added, removed, kept and reset.
   * @throws TierlinkError ENGINE_DISPOSED, MODULE_UNKNOWN, NOT_LINKED, UNIT_PINNED, REPLACE_MISMATCH (with all that can't
   *   be matched), and those of {@link addModule} and {@link link} (as rejections); the module is as it was then.
   */
  async replaceModule(
    module: string,
    source: ModuleSource,
    options: ReplaceOptions = {},
  ): Promise<ReplacedEvent> {
    this.#alive('replaceModule');
    return this.#control.ask('replaceModule', module, this.#control.source(module, source), options);
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
    this.#control.listen(event, true);
    return this;
  }

  /** Stops listening to an event. */
  off<Name extends keyof EngineEvents>(event: Name, listener: EngineEvents[Name]): this {
    this.#events.off(event, listener as never);
    this.#control.listen(event, this.#events.listenerCount(event) > 0);
    return this;
  }

  /**
   * Compiles several modules again and publishes them together, or, if one fails, none of them.
   *
   * @param group - Linked modules, each once, with the tiers they are to get.
   * @param options - Whether a thread may see code from before and after at once.
   * @returns What was published, in the order of the group.
   * @throws TierlinkError ENGINE_DISPOSED, MODULE_UNKNOWN, TIER_UNKNOWN, OPTION_INVALID, NOT_LINKED, UNIT_PINNED,
   *   COMPILE_FAILED, COMPILE_CRASHED, MEMORY_EXHAUSTED, CODE_CACHE_FULL, MEMORY_MANAGER_INVALID, GROUP_NOT_QUIESCENT
   *   (as rejections)
   */
  async recompileGroup(
    group: readonly GroupMember[],
    options: GroupOptions = {},
  ): Promise<readonly PublishedEvent[]> {
    this.#alive('recompileGroup');
    return this.#control.ask('recompileGroup', group, options);
  }

  /**
   * Moves a module's code, and the constants that belong to it, while the program runs. Functions and variables keep
   * their addresses (I1); threads that are in the old copy stay in it until they leave.
   *
   * @param module - Name of a linked module.
   * @param at - Address at which its code is to begin, aligned to 64; by default the lowest place that is free.
   * @throws TierlinkError ENGINE_DISPOSED, MODULE_UNKNOWN, NOT_LINKED, UNIT_IMMOVABLE, RELOCATIONS_DISCARDED,
   *   MEMORY_EXHAUSTED (the place is taken), MEMORY_MANAGER_INVALID; then nothing has moved.
   */
  move(module: string, at?: bigint): void {
    this.#alive('move');
    this.#control.call('move', module, at);
  }

  /**
   * Defragments the code while the program runs: moves versions from its far end into holes, and reclaims.
   *
   * @returns How many versions moved, and the bytes from the first to the last byte of code, before and after.
   * @throws TierlinkError ENGINE_DISPOSED, RELOCATIONS_DISCARDED, MEMORY_MANAGER_INVALID
   */
  compact(): Compaction {
    this.#alive('compact');
    return this.#control.call('compact');
  }

  /**
   * Puts the code of some modules side by side, from a page boundary on: of the hot ones, say, so that they share
   * pages and cache.
   *
   * @param order - Names of linked modules, each once.
   * @returns Address of the first, and the bytes from there to the end of the last.
   * @throws TierlinkError ENGINE_DISPOSED, MODULE_UNKNOWN, NOT_LINKED, UNIT_IMMOVABLE, RELOCATIONS_DISCARDED,
   *   MEMORY_EXHAUSTED, MEMORY_MANAGER_INVALID; then nothing has moved.
   */
  relayout(order: readonly string[]): { readonly start: bigint; readonly bytes: number } {
    this.#alive('relayout');
    return this.#control.call('relayout', order);
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
    return this.#control.call('reclaim');
  }

  /**
   * What the engine looks like now.
   *
   * @returns Plain data.
   * @throws TierlinkError ENGINE_DISPOSED, PLATFORM_UNSUPPORTED (there is no `/proc`)
   */
  snapshot(): EngineSnapshot {
    this.#alive('snapshot');
    return this.#control.call('snapshot');
  }

  /**
   * Proves from the process's own map that no page is writable and executable, and that the engine's memory has the
   * permissions it should have. The map is read from `/proc/self/smaps`; nothing is stopped meanwhile.
   *
   * @returns Every mapping with its role, and what is wrong.
   * @throws TierlinkError ENGINE_DISPOSED, PLATFORM_UNSUPPORTED (there is no `/proc`)
   *
   * @example
   * ```ts
   * const { ok, violations } = engine.audit();
   * if (!ok) throw new Error(violations.map(({ message }) => message).join('\n'));
   * ```
   */
  audit(): AuditReport {
    this.#alive('audit');
    return this.#control.call('audit');
  }

  /**
   * What was counted until now: what the engine was given with the option `profile`, and what code of tiers that collect
   * profiles has counted since. Threads go on counting meanwhile.
   *
   * @returns The profile; later counts do not change it.
   * @throws TierlinkError ENGINE_DISPOSED
   */
  profile(): Profile {
    this.#alive('profile');
    return new Profile(this.#control.host.addon, decodeProfile(this.#control.call('profile')));
  }

  /** Samples of the program's position by tier; empty unless {@link run} was asked to sample. */
  timeByTier(): TimeByTier {
    return this.#samples ?? this.#control.call('timeByTier');
  }

  /**
   * A handle by which one other thread, a worker or the main thread, attaches to the engine and calls its functions:
   * see {@link attachEngine}. Post it with its port in the transfer list. Each thread needs one of its own.
   *
   * With control in line, requests of that thread are answered when this one turns its event loop.
   *
   * @returns The handle.
   * @throws TierlinkError ENGINE_DISPOSED
   */
  handle(): EngineHandle {
    this.#alive('handle');
    watchExit(this.#control.host.addon);
    return this.#control.handle();
  }

  /** Writes what the program left in its stdio buffers. */
  flush(): void {
    this.#control.host.addon.flushStdio();
  }

  /**
   * Waits until what was compiled is stored in the object cache. Storing goes on in the background by itself; this is for
   * who is about to end the process. {@link dispose} does it, too.
   *
   * @param timeoutMs - For how long at most, in milliseconds.
   * @returns Whether all of it is stored; true if there is no cache.
   */
  async flushCache(timeoutMs = 1000): Promise<boolean> {
    return this.#control.ask('flushCache', timeoutMs);
  }

  /**
   * Ends the process at once, as the end of a native program does: stdio is flushed, and nothing of Node runs any more.
   *
   * @param status - Exit status, 0 to 255.
   */
  exitProcess(status: number): void {
    this.#control.host.addon.exitProcess(status);
  }

  /**
   * Ends the engine: runs destructors that have not run yet, waits for compiles that are running, stores what the object cache
   * is to have, frees all memory. Callables are dead afterwards. Calling it again does nothing.
   *
   * @throws TierlinkError ENGINE_BUSY while a program or a call is inside (as a rejection); nothing is changed then.
   */
  async dispose(): Promise<void> {
    if (this.#disposed) return;
    try {
      this.#samples = this.#control.call('seal');
    } catch (error) {
      if (!isLost(error)) throw error;
    }
    this.#disposed = true;
    await this.#control.end();
    this.#control.callbacks.freeAll();
    this.#events.removeAllListeners();
  }

  /** @internal */
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
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
 *   API_VERSION_MISMATCH, MEMORY_EXHAUSTED, MEMORY_MANAGER_INVALID, PROFILE_INVALID, LLVM_MISSING (to read a profile),
 *   CACHE_DIRECTORY_REFUSED, CONTROL_ENDED
 */
export function createEngine(options: EngineOptions = {}): Engine {
  return new Engine(options);
}
