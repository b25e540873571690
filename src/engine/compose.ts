/** The composition root: makes every part of an engine and joins them. */
import type { CallHost } from '../call/callable.js';
import type { Compiler } from '../core/compiler.js';
import { TierlinkError } from '../core/errors.js';
import type { Emit } from '../core/events.js';
import { address, type Address, type UnitId } from '../core/ids.js';
import { DualMappedMemory } from '../memory/dual-mapped.js';
import type { MemoryManager } from '../memory/memory-manager.js';
import { Retirement } from '../memory/retirement.js';
import type { Handle, NativeAddon, NativeRegion } from '../native/contract.js';
import { AddressMap } from '../registry/address-map.js';
import type { Version } from '../registry/records.js';
import { Registry } from '../registry/registry.js';
import { SymbolTable } from '../registry/symbol-table.js';
import { trapByte } from '../../stubs/encoder-x86-64.js';
import { OffsetTable } from '../../stubs/offset-table.js';
import type { Settings } from './options.js';
import { CodeCache } from './code-cache.js';
import { Mover } from './mover.js';
import { DirectCalls } from './direct-calls.js';
import { Program } from './program.js';
import { Publisher } from './publisher.js';
import { Quiescence } from './quiescence.js';
import { Reclaimer } from './reclaimer.js';
import { LatencyRecorder } from './statistics.js';
import { SymbolChain } from './symbol-chain.js';
import { Targets } from './targets.js';
import { TierController } from './tier-controller.js';
import { UnitBuilder } from './unit-builder.js';
import { UnitCompiler } from './unit-compiler.js';
import { UnitLinker } from './unit-linker.js';
import { settled, type Unit } from './unit.js';

/** Everything an engine is made of. */
export interface Composition {
  readonly settings: Settings;
  readonly addon: NativeAddon;
  readonly engine: Handle;
  readonly emit: Emit;
  readonly memory: MemoryManager;
  readonly table: OffsetTable;
  readonly symbols: SymbolTable;
  readonly chain: SymbolChain;
  readonly registry: Registry;
  readonly units: Map<UnitId, Unit>;
  readonly retirement: Retirement;
  readonly reclaimer: Reclaimer;
  /** For how long scans of stacks kept a thread from running. */
  readonly pauses: LatencyRecorder;
  readonly compiler: Compiler;
  readonly targets: Targets;
  readonly linker: UnitLinker;
  readonly unitCompiler: UnitCompiler;
  readonly builder: UnitBuilder;
  readonly publisher: Publisher;
  readonly directCalls: DirectCalls;
  readonly mover: Mover;
  readonly quiescence: Quiescence;
  readonly codeCache: CodeCache;
  readonly controller: TierController;
  readonly program: Program;
  readonly host: CallHost;
  /** Milliseconds since the engine was created. */
  readonly atMs: () => number;
  /** The unit of a module. @throws TierlinkError MODULE_UNKNOWN */
  readonly unitOf: (module: string) => Unit;
  /** Stops everything, waits for a link that is under way, runs destructors, frees all memory. */
  readonly end: (linking: Promise<void>) => Promise<void>;
}

/**
 * Makes an engine's parts.
 *
 * @param settings - The settled options.
 * @param emit - Gives events to observers.
 * @returns The parts, joined.
 * @throws TierlinkError MEMORY_EXHAUSTED
 */
export function compose(settings: Settings, emit: Emit): Composition {
  const { addon, clock, frames } = settings;
  const engine = createNative(settings);
  const began = clock.now();
  const atMs = (): number => (clock.now() - began) / 1e6;
  const regions = addon.engineRegions(engine);
  const memory = new DualMappedMemory(
    { code: mapped(regions.code), readonly: mapped(regions.readonly), data: mapped(regions.data) },
    trapByte,
  );
  const table = new OffsetTable({
    tableBlock: (region, size, alignment) => memory.allocate(region, size, alignment, 'offset table'),
  });
  const symbols = new SymbolTable();
  const registry = new Registry();
  const units = new Map<UnitId, Unit>();
  const runtime = (symbol: string): bigint => addon.engineRuntimeSymbol(engine, symbol);
  const chain = new SymbolChain({ symbols, registry, runtime, resolvers: settings.resolvers });
  const pauses = new LatencyRecorder();
  const retirement = new Retirement((ranges) => {
    const scan = addon.engineScanStacks(engine, ranges);
    if (scan.longestPauseNs > 0) pauses.add(scan.longestPauseNs / 1e3);
    return scan.held;
  });
  const mutatorsInside = (): number => addon.engineMutatorsInside(engine);
  const reclaimer = new Reclaimer({ retirement, mutatorsInside, emit });
  const versions = new AddressMap<Version>();
  const compiler = settings.compiler(settings.compileThreads);
  const targets = new Targets({ memory, table, symbols, chain, runtime });
  const linker = new UnitLinker({ addon, engine, frames, symbols, chain, targets, registry, atMs });
  const directCalls = new DirectCalls({
    chain,
    table,
    patch: (patches) => {
      addon.enginePatchCalls(engine, patches);
    },
  });
  const publisher = new Publisher({
    table,
    directCalls,
    memory,
    retirement,
    versions,
    clock,
    emit,
    deregisterFrames: (version) => {
      if (version.frames !== undefined) frames.deregister(version.frames);
    },
  });
  const reclaim = (): void => {
    reclaimer.soon();
  };
  const unitCompiler = new UnitCompiler(compiler, linker, chain);
  const mover = new Mover({ linker, memory, publisher, reclaimer, clock, emit });
  const codeCache = new CodeCache({ memory, reclaimer, mover, units, maxBytes: settings.codeCacheBytes });
  const builder = new UnitBuilder({
    compiler: unitCompiler,
    linker,
    chain,
    memory,
    codeCache,
    publisher,
    clock,
    reclaim,
  });
  const controller = new TierController({
    tiers: settings.tiers,
    policy: settings.policy,
    compiler,
    registry,
    table,
    units,
    emit,
    atMs,
    build: (unit, tier, reason) => builder.build(unit, tier, reason),
  });
  const program = new Program({ addon, engine, table, versions });
  let ended = false;
  addon.engineOnRequests(engine, () => {
    // A wake may be under way while the engine ends.
    if (ended) return;
    for (const offset of addon.engineTakeRequests(engine)) {
      controller.request(address(Number(regions.data.base) + offset));
    }
  });

  const host: CallHost = {
    addon,
    handle: (operation) => {
      if (ended) throw new TierlinkError('ENGINE_DISPOSED', { operation });
      return engine;
    },
    settled: reclaim,
  };
  const unitOf = (module: string): Unit => {
    const unit = units.get(registry.module(module).unit);
    if (unit === undefined) throw new TierlinkError('MODULE_UNKNOWN', { module });
    return unit;
  };
  const end = async (linking: Promise<void>): Promise<void> => {
    controller.stop();
    reclaimer.stop();
    compiler.destroy();
    // A link that was just asked for fails now, and gives back what it took while there is something to give it to.
    await linking;
    await Promise.all([...units.values()].map(settled));
    addon.engineRunExitHandlers(engine);
    ended = true;
    frames.destroy();
    addon.engineDestroy(engine);
  };
  return {
    settings,
    addon,
    engine,
    emit,
    memory,
    table,
    symbols,
    chain,
    registry,
    units,
    retirement,
    reclaimer,
    pauses,
    compiler,
    targets,
    linker,
    unitCompiler,
    builder,
    publisher,
    directCalls,
    mover,
    quiescence: new Quiescence(addon, engine),
    codeCache,
    controller,
    program,
    host,
    atMs,
    unitOf,
    end,
  };
}

function createNative(settings: Settings): Handle {
  const { codeBytes, readonlyBytes, dataBytes } = settings;
  try {
    return settings.addon.engineCreate(codeBytes, readonlyBytes, dataBytes);
  } catch (cause) {
    const needed = codeBytes + readonlyBytes + dataBytes;
    throw new TierlinkError(
      'MEMORY_EXHAUSTED',
      { module: 'a new engine', region: 'code', needed, limit: 2 ** 30 },
      { cause },
    );
  }
}

function mapped(region: NativeRegion): { address: Address; bytes: Uint8Array } {
  return { address: address(Number(region.base)), bytes: new Uint8Array(region.bytes) };
}
