/** What controls an engine: registers, links, publishes, reclaims, on the thread that made it. Plain data in and out. */
import type { CallHost, CallTarget, CodePlace } from '../call/callable.js';
import { TierlinkError } from '../core/errors.js';
import type { Emit, PublishedEvent, ReplacedEvent } from '../core/events.js';
import { address } from '../core/ids.js';
import type { RunOutcome } from '../native/contract.js';
import { encodeProfile } from '../profile/encoding.js';
import type { AuditReport } from './audit.js';
import { codePlace } from './code-place.js';
import { type Composition, compose } from './compose.js';
import { type Disassembly, Disassembler } from './disassembler.js';
import {
  type AddModuleOptions,
  type GroupMember,
  type GroupOptions,
  ModuleLoader,
  type NamedSource,
} from './module-loader.js';
import { definedByJs, type HostSymbol } from './host-functions.js';
import type { Compaction } from './mover.js';
import { type EngineOptions, settle } from './options.js';
import type { ReplaceOptions } from './replacer.js';
import type { EngineSnapshot } from './snapshot.js';
import type { ModuleSource } from './source.js';
import { takeAudit } from './take-audit.js';
import { takeSnapshot } from './take-snapshot.js';
import type { TimeByTier } from './time-by-tier.js';

/** Options of `Engine.run`. */
export interface RunOptions {
  /** Samples the program's position each so many microseconds of its CPU time, for `Engine.timeByTier`. */
  readonly sampleUs?: number;
  /**
   * The program owns the process: stdout is buffered as libc does it, SIGINT, SIGTERM, SIGUSR1, SIGPIPE and SIGXFSZ have
   * their defaults unless its constructors have said otherwise, signals that are sent to the process come to its threads,
   * and its children inherit the standard streams. Node's own output must not be used then. @defaultValue false
   */
  readonly ownsProcess?: boolean;
}

/** The controlling half of an engine. Its methods are those of `Engine` of the same name, unless they say otherwise. */
export class EngineCore {
  readonly #parts: Composition;
  readonly #loader: ModuleLoader;
  #running = false;
  #linking: Promise<void> = Promise.resolve();

  /**
   * @param options - The user's.
   * @param emit - Gives events to observers.
   * @throws TierlinkError as `createEngine`
   */
  constructor(options: EngineOptions, emit: Emit) {
    this.#parts = compose(settle(options), emit);
    this.#loader = new ModuleLoader(this.#parts);
  }

  /** What callables need that are bound on this thread. */
  get host(): CallHost {
    return this.#parts.host;
  }

  /** The number by which other threads attach. */
  share(): bigint {
    return this.#parts.addon.engineShare(this.#parts.engine);
  }

  addModule(name: string, source: ModuleSource, options: AddModuleOptions): void {
    this.#loader.add([{ ...options, name, source }]);
  }

  addModules(modules: readonly NamedSource[]): void {
    this.#loader.add(modules);
  }

  async link(): Promise<void> {
    await this.#alone(() => this.#loader.link());
  }

  /**
   * Where a function is called.
   *
   * @param name - Its linker name.
   * @returns What a callable is bound to.
   * @throws TierlinkError SYMBOL_UNKNOWN, NOT_LINKED
   */
  target(name: string): CallTarget {
    const { definition, slot } = this.#function(name, `fn(${name})`);
    const { table, callbackReach } = this.#parts;
    callbackReach.watch(definition);
    return {
      symbol: name,
      letters: definition.signature,
      type: definition.type,
      slot: table.slotAddress(slot),
      stub: table.stubAddress(slot),
    };
  }

  /**
   * Where in compiled code an address lies.
   *
   * @param at - The address.
   * @returns Undefined if no version lies there.
   */
  placeOf(at: bigint): CodePlace | undefined {
    return codePlace(this.#parts.versions, this.#parts.sourceLines, address(Number(at)));
  }

  /**
   * Gives a JS function a name.
   *
   * @param host - The function.
   * @throws TierlinkError SYMBOL_DUPLICATE
   */
  define(host: HostSymbol): void {
    const { symbols, hostFunctions } = this.#parts;
    const definition = symbols.lookup(host.name);
    if (definition !== undefined && definition.binding !== 'fallback') {
      const { module, name: symbol } = definition;
      throw new TierlinkError('SYMBOL_DUPLICATE', { module: definedByJs, symbol, other: module });
    }
    hostFunctions.define(host);
  }

  /** There are callbacks from now on: which functions may come to them is found out. */
  expectCallbacks(): void {
    this.#parts.callbackReach.begin();
  }

  async run(main: string, argv: readonly string[], options: RunOptions): Promise<RunOutcome> {
    if (this.#running) {
      throw new TierlinkError('ENGINE_BUSY', { operation: 'run', reason: 'a program is running already' });
    }
    const { addon, program } = this.#parts;
    this.#running = true;
    try {
      await this.link();
      const { slot } = this.#function(main, 'run');
      if (options.ownsProcess !== true) return await program.run(slot, argv, options.sampleUs);
      addon.adoptProcess();
      try {
        return await program.run(slot, argv, options.sampleUs);
      } finally {
        addon.releaseProcess();
      }
    } finally {
      this.#running = false;
      this.#parts.reclaimer.soon();
    }
  }

  recompile(module: string, tier: string): Promise<PublishedEvent> {
    return this.#loader.recompile(module, tier);
  }

  disassemble(name: string, tier: string): Promise<Disassembly> {
    const { addon, symbols, homeOf, unitCompiler, settings } = this.#parts;
    return new Disassembler({ addon, symbols, homeOf, unitCompiler, tiers: settings.tiers }).disassemble(
      name,
      tier,
    );
  }

  recompileGroup(group: readonly GroupMember[], options: GroupOptions): Promise<readonly PublishedEvent[]> {
    return this.#loader.recompileGroup(group, options);
  }

  async flushCache(timeoutMs: number): Promise<boolean> {
    this.#parts.rememberedCalls.note();
    return (await this.#parts.cache?.flush(timeoutMs)) ?? true;
  }

  async removeModule(module: string, force: boolean): Promise<void> {
    await this.#alone(() => this.#loader.remove(module, force));
  }

  async replaceModule(module: string, source: ModuleSource, options: ReplaceOptions): Promise<ReplacedEvent> {
    const state: string = options.state ?? 'keep';
    if (state !== 'keep' && state !== 'reset') {
      throw new TierlinkError('OPTION_INVALID', {
        option: 'state',
        value: state,
        expected: '"keep" or "reset"',
      });
    }
    return this.#alone(() => this.#loader.replace(module, source, state));
  }

  move(module: string, at: bigint | undefined): void {
    const { mover, homeOf } = this.#parts;
    mover.move(homeOf(module), at === undefined ? undefined : address(Number(at)));
  }

  compact(): Compaction {
    return this.#parts.mover.compact([...this.#parts.modules.values()]);
  }

  relayout(order: readonly string[]): { readonly start: bigint; readonly bytes: number } {
    const { mover, homeOf } = this.#parts;
    const { start, bytes } = mover.relayout([...new Set(order)].map(homeOf));
    return { start: BigInt(start), bytes };
  }

  reclaim(): number {
    return this.#parts.reclaimer.now();
  }

  /** A call on a thread of its own has ended: old code may be free. */
  settled(): void {
    this.#parts.host.settled();
  }

  snapshot(): EngineSnapshot {
    return takeSnapshot(this.#parts);
  }

  audit(): AuditReport {
    return takeAudit(this.#parts);
  }

  /** What was counted until now, as encodeProfile has it. */
  profile(): Uint8Array {
    return encodeProfile(this.#parts.profiles.collect());
  }

  timeByTier(): TimeByTier {
    return this.#parts.program.timeByTier();
  }

  /**
   * The first half of `Engine.dispose`: from here on no call comes in.
   *
   * @returns What `timeByTier` answers from now on.
   * @throws TierlinkError ENGINE_BUSY; nothing is changed then
   */
  seal(): TimeByTier {
    const { addon, engine } = this.#parts;
    const inside = addon.engineMutatorsInside(engine);
    if (this.#running || inside > 0 || !addon.engineSeal(engine)) {
      const reason = `${String(Math.max(inside, 1))} thread(s) run in it`;
      throw new TierlinkError('ENGINE_BUSY', { operation: 'dispose', reason });
    }
    return this.timeByTier();
  }

  /** The second half: waits for what is under way, runs destructors, frees all memory. */
  end(): Promise<void> {
    return this.#parts.end(this.#linking);
  }

  #function(name: string, operation: string) {
    const found = this.#parts.symbols.resolve(name);
    if (found?.definition.kind !== 'function' || found.offset !== 0) {
      throw new TierlinkError('SYMBOL_UNKNOWN', { symbol: name });
    }
    const { definition } = found;
    if (definition.slot === undefined || !this.#parts.homeOf(definition.module).isLinked) {
      throw new TierlinkError('NOT_LINKED', { operation, module: definition.module });
    }
    return { definition, slot: definition.slot };
  }

  /** Does what changes the set of modules after what was begun before: never two at a time. */
  async #alone<Result>(change: () => Promise<Result>): Promise<Result> {
    const changed = this.#linking.then(() => this.#parts.callbackReach.during(change));
    this.#linking = changed.then(
      () => undefined,
      () => undefined,
    );
    return changed;
  }
}
