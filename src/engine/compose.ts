/** The composition root: makes every part of an engine and joins them. */
import { findsNoJs, isOfNode } from '../resolve/ways-to-js.js';
import type { CallHost } from '../call/callable.js';
import type { ObjectCache } from '../cache/object-cache.js';
import type { Compiler } from '../core/compiler.js';
import { TierlinkError } from '../core/errors.js';
import type { Emit } from '../core/events.js';
import { address, type SlotIndex } from '../core/ids.js';
import { loopTag } from '../core/tier.js';
import type { SectionMemory } from '../memory/section-memory.js';
import { RememberedCalls } from './remembered-calls.js';
import { Retirement } from '../memory/retirement.js';
import type { Handle, NativeAddon } from '../native/contract.js';
import type { Ingest } from '../native/ingest.js';
import { Registry } from '../registry/registry.js';
import { SymbolTable } from '../registry/symbol-table.js';
import { UseIndex } from '../registry/use-index.js';
import { OffsetTable } from '../../stubs/offset-table.js';
import { LoopCells } from '../../stubs/loop-cells.js';
import { LazyEntries } from '../../stubs/lazy-entries.js';
import { RemovedFunctions } from '../../stubs/removed-functions.js';
import type { Settings } from './options.js';
import { createNative, sectionMemory, tableMemory } from './engine-memory.js';
import { cachedParts } from './cached-parts.js';
import { codeObservers } from './code-observers.js';
import { CodeCache } from './code-cache.js';
import { codePlace } from './code-place.js';
import { CallbackReach } from './callback-reach.js';
import { LazyCalls } from './lazy-calls.js';
import { type LinkedVersion, type LoadedModule, type RetiredVersion, settled } from './loaded-module.js';
import type { Lifecycles } from './lifecycles.js';
import { LoopController } from './loop-controller.js';
import { LoopTable } from './loops.js';
import { LookAhead } from './look-ahead.js';
import { Mover } from './mover.js';
import { NearNames } from './near-names.js';
import { Neighbours } from './neighbours.js';
import { ObservedVersions } from './observed-versions.js';
import { ExportedSymbols } from './exported-symbols.js';
import { HostFunctions } from './host-functions.js';
import { ImportSources } from './import-sources.js';
import { Dependents } from './dependents.js';
import { DirectCalls } from './direct-calls.js';
import { ProfileCells } from './profile-cells.js';
import { Profiles } from './profiles.js';
import { Program } from './program.js';
import { Publisher } from './publisher.js';
import { Quiescence } from './quiescence.js';
import { Reclaimer } from './reclaimer.js';
import { SourceLines } from './source-lines.js';
import { LatencyRecorder } from './statistics.js';
import { SymbolChain } from './symbol-chain.js';
import { Targets } from './targets.js';
import { TierController } from './tier-controller.js';
import { UnitBuilder } from './unit-builder.js';
import { UnitCompiler } from './unit-compiler.js';
import { UnitLinker } from './unit-linker.js';
import { Withdrawal } from './withdrawal.js';

/** How long the end of an engine waits for what is to be stored in the object cache, in milliseconds. */
const cacheEndMs = 1000;

/** Everything an engine is made of. */
export interface Composition {
  readonly settings: Settings;
  readonly addon: NativeAddon;
  readonly engine: Handle;
  readonly emit: Emit;
  readonly memory: SectionMemory;
  /** Bytes of code, stubs included, at most. */
  readonly codeCacheBytes: number;
  readonly table: OffsetTable;
  readonly symbols: SymbolTable;
  readonly chain: SymbolChain;
  /** Names that stand for functions of JS. */
  readonly hostFunctions: HostFunctions;
  /** Names for libraries that the program opens. */
  readonly exportedSymbols: ExportedSymbols;
  readonly registry: Registry;
  /** Who uses each name. */
  readonly uses: UseIndex;
  readonly withdrawal: Withdrawal;
  readonly lazyEntries: LazyEntries;
  /** What loops poll. */
  readonly loopCells: LoopCells;
  readonly lazyCalls: LazyCalls;
  /** By name, in the order they were added. */
  readonly modules: Map<string, LoadedModule>;
  readonly retirement: Retirement<RetiredVersion>;
  readonly reclaimer: Reclaimer;
  /** For how long scans of stacks kept a thread from running. */
  readonly pauses: LatencyRecorder;
  readonly compiler: Compiler;
  /** Reads modules of IR. */
  readonly ingest: Ingest;
  /** The object cache, if there is one. */
  readonly cache: ObjectCache | undefined;
  readonly targets: Targets;
  /** Where instrumented code counts, and what it has counted. */
  readonly cells: ProfileCells;
  readonly profiles: Profiles;
  readonly linker: UnitLinker;
  readonly unitCompiler: UnitCompiler;
  /** Which modules compiles may take bodies from. */
  readonly sources: ImportSources;
  /** Versions that rely on other modules. */
  readonly dependents: Dependents;
  readonly builder: UnitBuilder;
  readonly publisher: Publisher;
  readonly directCalls: DirectCalls;
  readonly mover: Mover;
  readonly quiescence: Quiescence;
  readonly codeCache: CodeCache;
  readonly lifecycles: Lifecycles;
  readonly lookAhead: LookAhead;
  readonly rememberedCalls: RememberedCalls;
  readonly program: Program;
  readonly host: CallHost;
  /** Which functions may come to callbacks. */
  readonly callbackReach: CallbackReach;
  /** Which version an address of code belongs to. */
  readonly versions: ObservedVersions<LinkedVersion>;
  readonly sourceLines: SourceLines;
  /** Milliseconds since the engine was created. */
  readonly atMs: () => number;
  /** The module of a name. @throws TierlinkError MODULE_UNKNOWN */
  readonly homeOf: (module: string) => LoadedModule;
  /** Stops everything, waits for a link that is under way, runs destructors, frees all memory. */
  readonly end: (linking: Promise<void>) => Promise<void>;
}

/**
 * Makes an engine's parts.
 *
 * @param settings - The settled options.
 * @param emit - Gives events to observers.
 * @returns The parts, joined.
 * @throws TierlinkError OPTION_INVALID, MEMORY_EXHAUSTED
 */
export function compose(settings: Settings, emit: Emit): Composition {
  const { addon, clock, frames } = settings;
  const { manager, engine } = createNative(settings);
  const began = clock.now();
  const atMs = (): number => (clock.now() - began) / 1e6;
  const memory = sectionMemory(manager, addon, engine, emit);
  const codeCacheBytes = settings.codeCacheBytes ?? memory.limit('code') ?? 2 ** 30;
  const tables = tableMemory(memory);
  const table = new OffsetTable(tables);
  const symbols = new SymbolTable();
  const registry = new Registry();
  const uses = new UseIndex();
  const modules = new Map<string, LoadedModule>();
  const runtime = (symbol: string): bigint => {
    if (isOfNode(symbol)) addon.engineMayRunJs(engine);
    exportedSymbols.used(symbol);
    return addon.engineRuntimeSymbol(engine, symbol);
  };
  // What others resolve may come to JS in ways that nobody knows of.
  if (!settings.resolvers.every(findsNoJs)) addon.engineMayRunJs(engine);
  const exportedSymbols = new ExportedSymbols({ addon, table, symbols, modules, emit });
  const hostFunctions = new HostFunctions();
  const resolvers = hostFunctions.among(settings.resolvers);
  const chain = new SymbolChain({ symbols, registry, runtime, resolvers });
  const callbackReach = new CallbackReach({
    addon,
    engine,
    chain,
    symbols,
    hostFunctions,
    modules,
    slotAddress: (slot) => table.slotAddress(slot),
  });
  const pauses = new LatencyRecorder();
  const retirement = new Retirement<RetiredVersion>((ranges) => {
    const scan = addon.engineScanStacks(engine, ranges);
    if (scan.longestPauseNs > 0) pauses.add(scan.longestPauseNs / 1e3);
    return scan.held;
  });
  const mutatorsInside = (): number => addon.engineMutatorsInside(engine);
  const reclaimer = new Reclaimer({ retirement, mutatorsInside, emit });
  const sourceLines = new SourceLines(addon);
  const observers = codeObservers(settings.observe, addon);
  const versions = new ObservedVersions<LinkedVersion>(observers, sourceLines, emit);
  const { compiler, ingest, cache, keys } = cachedParts(settings, emit);
  const loopCells = new LoopCells(tables);
  const loops = new LoopTable({ cells: loopCells, modules });
  const cells = new ProfileCells(memory);
  const profiles = new Profiles({
    cells,
    modules,
    functionAt: (stub) => {
      const slot = table.indexOfStub(stub);
      return slot === undefined ? undefined : registry.functionAt(slot);
    },
    clock,
    emit,
    given: settings.profile,
  });
  const targets = new Targets({
    memory,
    table,
    loops,
    symbols,
    chain,
    registry,
    cells,
    runtime,
    removed: (symbol) => withdrawal.lookup(symbol),
  });
  const linker = new UnitLinker({
    addon,
    engine,
    memory,
    frames,
    symbols,
    chain,
    targets,
    registry,
    loops,
    atMs,
    relocations: settings.relocations,
    cells,
  });
  const directCalls = new DirectCalls({
    chain,
    table,
    patch: (patches) => {
      addon.enginePatchCalls(engine, patches);
    },
  });
  const thrower = address(Number(addon.engineRuntimeSymbol(engine, '__tierlink_removed')));
  const lazyEntries = new LazyEntries(tables, {
    handler: address(Number(addon.engineRuntimeSymbol(engine, '__tierlink_lazy'))),
    engine: address(Number(addon.engineRuntimeSymbol(engine, '__tierlink_engine'))),
    slotAddress: (slot) => table.slotAddress(slot),
  });
  const withdrawal = new Withdrawal({
    memory,
    table,
    thunks: new RemovedFunctions(tables, thrower),
    symbols,
    registry,
    uses,
    modules,
    lazyEntries,
    directCalls,
  });
  const publisher = new Publisher({
    table,
    lazyEntries,
    directCalls,
    memory,
    retirement,
    versions,
    loops,
    loopCells,
    onLoops: {
      coming: (polled) => {
        loopController.coming(polled);
      },
      arrivals: () => settings.osr.forcedAt ?? 1,
      inUse: (version) => {
        loopController.inUse(version);
      },
    },
    cells,
    clock,
    emit,
    deregisterFrames: (version) => {
      if (version.frames !== undefined) frames.deregister(version.frames);
    },
  });
  const reclaim = (): void => {
    reclaimer.soon();
  };
  const near = new NearNames(chain, symbols);
  const sources = new ImportSources({ chain, symbols, modules, near });
  const unitCompiler = new UnitCompiler(compiler, linker, near, sources, profiles);
  const mover = new Mover({ linker, memory, publisher, reclaimer, clock, emit });
  const codeCache = new CodeCache({
    memory,
    reclaimer,
    compact: () => {
      if (settings.relocations === 'preserve') mover.compact([...modules.values()]);
    },
    maxBytes: codeCacheBytes,
  });
  const builder = new UnitBuilder({
    compiler: unitCompiler,
    sources,
    linker,
    chain,
    memory,
    codeCache,
    publisher,
    clock,
    reclaim,
    lookAhead: (calls, likelihood) => {
      lookAhead.compile(calls, likelihood);
    },
  });
  const codeFill = (): { bytes: number; maxBytes: number } => ({
    bytes: memory.used('code'),
    maxBytes: codeCacheBytes,
  });
  const controller = new TierController({
    tiers: settings.tiers,
    policy: settings.policy,
    compiler,
    registry,
    table,
    modules,
    emit,
    atMs,
    builder,
    codeCache: codeFill,
    rollback: settings.rollback,
    mostSeen: (record, name) => profiles.mostSeen(record, name),
  });
  const { lifecycles } = controller;
  const ladder = settings.tiers.map(({ name }) => name);
  const runsAt = (slot: SlotIndex, tag: string): boolean =>
    loopTag(controller.tierAt(slot)?.name ?? '') === tag;
  const loopController = new LoopController({
    tiers: settings.tiers,
    loops,
    cells: loopCells,
    builder,
    emit,
    atMs,
    calls: ({ home, function: name, tier }) => {
      const slot = home.slots.get(name);
      if (slot === undefined) return undefined;
      // Calls of a newer version don't reach the loop.
      return runsAt(slot, tier) ? controller.callsAt(slot) : { calls: 0, sinceMs: Infinity };
    },
    instructions: ({ home, function: name }) => {
      const slot = home.slots.get(name);
      return (slot === undefined ? undefined : registry.functionAt(slot)?.instructions) ?? 0;
    },
    turns: ({ home, function: name, tier }, turns) => {
      const slot = home.slots.get(name);
      if (slot !== undefined && runsAt(slot, tier)) controller.turning(slot, turns);
    },
    // Who never recompiles what is called does not recompile what loops either.
    isWatched: (tier) => settings.policy.firstRequest(settings.tiers.indexOf(tier), ladder) < Infinity,
    forcedAt: settings.osr.forcedAt,
  });
  const lookAhead = new LookAhead({ symbols, lifecycles, compiler, codeCache: codeFill });
  const dependents = new Dependents({ publisher, controller, lookAhead, loopController });
  const rememberedCalls = new RememberedCalls({ cache, keys, controller });
  const program = new Program({ addon, engine, table, versions, watch: controller.watch });
  let ended = false;
  const lazyCalls = new LazyCalls({
    addon,
    engine,
    table,
    lazyEntries,
    lifecycles,
    publisher,
    lookAhead,
    neighbours: new Neighbours({ lookAhead, controller }),
    modules,
  });
  addon.engineOnRequests(engine, () => {
    // A wake may be under way while the engine ends.
    if (ended) return;
    for (const word of addon.engineTakeRequests(engine)) {
      const place = address(Number(word));
      if (!loopController.request(place)) controller.request(place);
    }
    lazyCalls.take();
  });
  addon.engineOnLazyCall(engine, (cell) => {
    lazyCalls.now(cell);
  });

  const host: CallHost = {
    addon,
    handle: (operation) => {
      if (ended) throw new TierlinkError('ENGINE_DISPOSED', { operation });
      return engine;
    },
    settled: reclaim,
    expectCallbacks: () => {
      callbackReach.begin();
    },
    trappedAt: (at) => {
      const place = codePlace(versions, sourceLines, address(Number(at)));
      addon.engineForgetTrap(engine, at);
      return place;
    },
  };
  if (settings.onTrap === 'error') addon.engineCatchTraps(engine);
  const homeOf = (module: string): LoadedModule => {
    const home = modules.get(module);
    if (home === undefined) throw new TierlinkError('MODULE_UNKNOWN', { module });
    return home;
  };
  const end = async (linking: Promise<void>): Promise<void> => {
    lookAhead.stop();
    controller.stop();
    loopController.stop();
    reclaimer.stop();
    let stopped: Promise<void>;
    try {
      // While there is a compiler: what is called at the end may never have been called before.
      addon.engineRunExitHandlers(engine);
    } finally {
      stopped = compiler.destroy();
    }
    // A link that was just asked for fails now, and gives back what it took while there is something to give it to.
    await linking;
    await Promise.all([stopped, ...[...modules.values()].map(settled)]);
    rememberedCalls.note();
    await cache?.end(cacheEndMs);
    // Those of a link that came to its end meanwhile.
    addon.engineRunExitHandlers(engine);
    ended = true;
    exportedSymbols.close();
    addon.callsEnd(engine);
    versions.close();
    frames.destroy();
    addon.engineDestroy(engine);
    try {
      manager.destroy();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      emit('warning', { module: '', message: `the memory manager could not be destroyed: ${message}` });
    }
  };
  return {
    settings,
    addon,
    engine,
    emit,
    memory,
    codeCacheBytes,
    table,
    symbols,
    chain,
    hostFunctions,
    exportedSymbols,
    callbackReach,
    registry,
    uses,
    withdrawal,
    modules,
    lazyEntries,
    loopCells,
    retirement,
    reclaimer,
    pauses,
    compiler,
    ingest,
    cache,
    targets,
    cells,
    profiles,
    linker,
    unitCompiler,
    sources,
    dependents,
    builder,
    publisher,
    directCalls,
    mover,
    quiescence: new Quiescence(addon, engine),
    codeCache,
    lifecycles,
    lookAhead,
    rememberedCalls,
    lazyCalls,
    program,
    host,
    versions,
    sourceLines,
    atMs,
    homeOf,
    end,
  };
}
