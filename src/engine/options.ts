/** What an engine can be told, and the values it takes when it is told nothing. */
import { availableParallelism } from 'node:os';
import type { ObjectStore } from '../cache/object-store.js';
import { checkApiVersion } from '../core/api-version.js';
import { type Clock, monotonicClock } from '../core/clock.js';
import type { Compiler } from '../core/compiler.js';
import type { TierRecipe } from '../core/tier.js';
import { checkMemoryManager, nameOfManager } from '../memory/checked.js';
import type { MemoryManager } from '../memory/memory-manager.js';
import type { NativeAddon } from '../native/contract.js';
import { LlvmCompiler } from '../native/llvm-compiler.js';
import { loadAddon } from '../native/loader.js';
import type { FunctionProfile } from '../profile/record.js';
import { ModuleResolver } from '../resolve/module-resolver.js';
import { type SymbolResolver, symbolResolverVersion } from '../resolve/symbol-resolver.js';
import { type FrameRegistrar, frameRegistrarVersion } from '../unwind/frame-registrar.js';
import { NativeFrameRegistrar } from '../unwind/native-registrar.js';
import { defaultPenalty, type PenaltyRule } from '../../tiers/penalty.js';
import type { Thresholds } from '../../tiers/policies/counters.js';
import type { Policy } from '../../tiers/policy.js';
import { ladder, shippedTiers } from '../../tiers/recipes.js';
import { defaultRollback, type RollbackRule } from '../../tiers/slowdown.js';
import type { ObserveOptions } from './code-observers.js';
import { dualMappedMemory, type MemorySizes } from './memory-managers.js';
import { type DirectoryCache, openStore } from './object-stores.js';
import { invalid, whole } from './option-checks.js';
import { policyOf } from './policies.js';
import { readProfileWith } from './profile.js';
import { libraryResolver, moduleResolver, processResolver } from './resolvers.js';

/**
 * How a call reaches a function of another version: `call stub`, `call *[slot]`, or `call version`, which is patched
 * at each publish.
 */
export type Linkage = 'stub' | 'offset-table' | 'direct';

/** What is kept of the external relocations of linked code: all it takes to relink it, or nothing. */
export type RelocationKeeping = 'preserve' | 'discard';

const linkages: readonly string[] = ['stub', 'offset-table', 'direct'] satisfies readonly Linkage[];

/** What is compiled at once: all functions of a module, or one function, when it is called for the first time. */
export type UnitKind = 'module' | 'function';

/** When bodies of functions are read and verified: when their module is added, or when they are first compiled. */
export type BodyReading = 'eager' | 'lazy';

/** Where an engine is controlled from: a worker of its own, or the thread that created it. */
export type ControlKind = 'worker' | 'inline';

/** What a trap of compiled code does: the call throws, or the system decides. */
export type TrapReaction = 'error' | 'crash';

/** Options of {@link createEngine}; all may be left out. */
export interface EngineOptions {
  /**
   * `worker`: decisions, linking and publishing run on a thread of their own, so that they go on while this one is in
   * compiled code. `inline`: on this thread, when its event loop turns.
   * @defaultValue `'worker'`; `'inline'` if `policy`, `cache` or one of `parts` is an object with functions, which can't
   *   be given to another thread; `directory(path)` is none
   */
  readonly control?: ControlKind;
  /** @defaultValue `'stub'` */
  readonly linkage?: Linkage;
  /** What is compiled at once: a function, when it is first called, or a module, when it is linked. @defaultValue `'function'` */
  readonly unit?: UnitKind;
  /**
   * `lazy`: of a module of bitcode, bodies of functions are read and verified when they are first compiled. Adding a large
   * module then takes a quarter of the time or less; a body that LLVM can't read or verify is an error of the call that needs it,
   * where `eager` has `addModule` refuse the module. Modules with debug info or coroutines, and those that another version
   * of LLVM wrote, are always read at once.
   * @defaultValue `'eager'`
   */
  readonly bodies?: BodyReading;
  /**
   * `discard` saves the 4 to 8 bytes that each relocation takes. Then no code can be moved or compacted, and linkage
   * `direct` is refused: it re-patches calls. Code is still replaced: callers reach it through stubs or slots.
   * @defaultValue `'preserve'`
   */
  readonly relocations?: RelocationKeeping;
  /**
   * The ladder, lowest first: names of shipped tiers or recipes.
   * @defaultValue `['baseline', 'quick', 'optimized', 'peak']`
   */
  readonly tiers?: readonly (string | TierRecipe)[];
  /** A shipped policy by name, or one of your own. @defaultValue `'counters'` */
  readonly policy?: string | Policy;
  /** Calls of one function that move its unit into a tier, for the policy `counters`. */
  readonly thresholds?: Thresholds;
  /**
   * Whether loops of the lower tiers poll, so that code that stays in one can be left for a better version of it.
   * `{ forcedAt }` is for tests: every loop has its continuation before it runs, and is left at this arrival.
   * @defaultValue true
   */
  readonly osr?: boolean | { readonly forcedAt: number };
  /** Shared libraries to resolve symbols from, after the modules and archives, before the process. */
  readonly libraries?: readonly string[];
  /** Threads that compile. @defaultValue one for each processor, at most 4 */
  readonly compileThreads?: number;
  /** Sizes of the default memory manager. */
  readonly memory?: MemorySizes;
  /** A limit on code: when it is reached, old code is reclaimed, then code is compacted, then a compile fails. */
  readonly codeCache?: {
    /** Bytes of code, stubs and retired versions included. @defaultValue what the memory manager has for code */
    readonly maxBytes?: number;
  };
  /**
   * Where compiled objects are kept between runs: `directory(path)`, `memory()`, or a store of your own. Whoever can
   * write to it can run code in this process.
   * @defaultValue none: everything is compiled
   */
  readonly cache?: ObjectStore | DirectoryCache;
  /**
   * Measures how fast code runs that `Engine.run` runs, and rolls versions back that are slower than those before them,
   * with the waits of `penalty`. Costs a signal (SIGPROF) every few milliseconds of CPU time, and a counter in the functions
   * of the highest tier.
   * @defaultValue `false`; `true` is {@link defaultRollback}
   */
  readonly rollback?: boolean | Partial<RollbackRule>;
  /**
   * What a trap (a null dereference, a division by zero, an unreachable instruction, a stack that is used up) in a function
   * that JS called does: `error`: the call throws TRAPPED; `crash`: what the system or the program's own handler does. In
   * `run` it is always the latter.
   * @defaultValue `'error'`
   */
  readonly onTrap?: TrapReaction;
  /**
   * What was counted in other runs: an indexed profile of IR ({@link Profile.write}, `llvm-profdata merge`), or a path to
   * one. Tiers that use profiles begin with it.
   */
  readonly profile?: string | Uint8Array;
  /** What repeated failure of a tier costs. */
  readonly penalty?: PenaltyRule;
  /** Who else is to know functions by name; see docs/tools.md. @defaultValue nobody */
  readonly observe?: ObserveOptions;
  /** Replaces parts that the engine would make itself. */
  readonly parts?: {
    /** Where times come from. */
    readonly clock?: Clock;
    /** Makes the compiler, given the number of threads. */
    readonly compiler?: (threads: number) => Compiler;
    /**
     * Where code and data lie: {@link dualMappedMemory} (the default), {@link mprotectMemory}, or your own. For one
     * engine, which destroys it.
     */
    readonly memoryManager?: MemoryManager;
    /** Tells the unwinder of compiled code. The engine destroys it. */
    readonly frameRegistrar?: FrameRegistrar;
    /**
     * Where symbols are found: asked in order, until one answers. One of them is {@link moduleResolver}.
     * @defaultValue `[moduleResolver(), ...libraries.map(libraryResolver), processResolver()]`
     */
    readonly resolvers?: readonly SymbolResolver[];
  };
}

/** Options with every value settled. */
export interface Settings {
  readonly control: ControlKind;
  readonly linkage: Linkage;
  readonly unit: UnitKind;
  readonly bodies: BodyReading;
  readonly relocations: RelocationKeeping;
  readonly tiers: readonly TierRecipe[];
  readonly policy: Policy;
  readonly osr: {
    /** At which arrival every loop is left; undefined: when it is worth while. */
    readonly forcedAt: number | undefined;
  };
  readonly resolvers: readonly SymbolResolver[];
  readonly compileThreads: number;
  /** The user's memory manager, checked to be complete; undefined for the default one. */
  readonly memoryManager: MemoryManager | undefined;
  /** Makes the default one. @throws TierlinkError OPTION_INVALID, MEMORY_EXHAUSTED */
  readonly defaultMemory: () => MemoryManager;
  /** Bytes; undefined: as many as the memory manager has. */
  readonly codeCacheBytes: number | undefined;
  readonly cache: ObjectStore | undefined;
  /** When slower versions are rolled back; undefined: never. */
  readonly rollback: RollbackRule | undefined;
  readonly onTrap: TrapReaction;
  /** What was counted in other runs. */
  readonly profile: readonly FunctionProfile[];
  readonly penalty: PenaltyRule;
  readonly observe: ObserveOptions;
  readonly clock: Clock;
  readonly addon: NativeAddon;
  readonly compiler: (threads: number) => Compiler;
  readonly frames: FrameRegistrar;
}

/**
 * Settles the options.
 *
 * @param options - As the user gave them.
 * @returns Every setting.
 * @throws TierlinkError OPTION_INVALID, TIER_UNKNOWN, PLATFORM_UNSUPPORTED, ADDON_MISSING,
 *   API_VERSION_MISMATCH, MEMORY_MANAGER_INVALID, LIBRARY_UNLOADABLE, PROFILE_INVALID, LLVM_MISSING
 */
export function settle(options: EngineOptions): Settings {
  const relocations = keepingOf(options.relocations ?? 'preserve');
  const memoryManager = managerOf(options);
  const linkage = checkLinkage(options.linkage ?? 'stub', { relocations, memoryManager });
  const rollback = rollbackOf(options.rollback ?? false);
  const rungs = tiersOf(options);
  // What does not count can't be compared.
  const tiers = rollback === undefined ? rungs : rungs.map((rung) => ({ ...rung, counters: true }));
  const maxBytes = options.codeCache?.maxBytes;
  const addon = loadAddon();
  return {
    control: options.control ?? 'inline',
    linkage,
    unit: unitOf(options.unit ?? 'function'),
    bodies: bodiesOf(options.bodies ?? 'eager'),
    relocations,
    tiers,
    rollback,
    policy: policyOf(options, tiers),
    osr: { forcedAt: forcedAt(options.osr) },
    resolvers: resolversOf(options),
    compileThreads: whole(
      'compileThreads',
      options.compileThreads ?? Math.min(availableParallelism(), 4),
      1,
      64,
    ),
    memoryManager,
    defaultMemory: () => dualMappedMemory(options.memory),
    codeCacheBytes: maxBytes === undefined ? undefined : whole('codeCache.maxBytes', maxBytes, 4096, 2 ** 30),
    cache: options.cache && openStore(options.cache),
    onTrap: reactionOf(options.onTrap ?? 'error'),
    profile: options.profile === undefined ? [] : readProfileWith(addon, options.profile),
    penalty: penaltyOf(options.penalty ?? defaultPenalty),
    observe: options.observe ?? {},
    clock: options.parts?.clock ?? monotonicClock,
    addon,
    compiler: options.parts?.compiler ?? ((threads) => new LlvmCompiler(addon, threads)),
    frames: registrarOf(options, addon),
  };
}

/**
 * Checks a linkage that came from outside.
 *
 * @param linkage - What was given.
 * @param settings - What may not go with it.
 * @returns The same, as a linkage.
 * @throws TierlinkError OPTION_INVALID
 */
export function checkLinkage(
  linkage: string,
  { relocations, memoryManager }: Pick<Settings, 'relocations' | 'memoryManager'>,
): Linkage {
  if (!linkages.includes(linkage)) throw invalid('linkage', linkage, linkages.join(', '));
  if (linkage === 'direct' && relocations === 'discard') {
    throw invalid('linkage', linkage, '"stub" or "offset-table": relocations are discarded');
  }
  if (linkage === 'direct' && memoryManager?.patchable === false) {
    const value = `direct with memory manager ${nameOfManager(memoryManager)}, whose code can't be patched while it runs`;
    throw invalid('linkage', value, 'stub or offset-table, or a manager that is patchable');
  }
  // Safe because it was just found in the list.
  return linkage as Linkage;
}

function tiersOf({ tiers = shippedTiers, osr = true }: EngineOptions): readonly TierRecipe[] {
  const recipes = ladder(tiers);
  return osr === false ? recipes.map((tier) => ({ ...tier, osr: false })) : recipes;
}

function forcedAt(osr: EngineOptions['osr']): number | undefined {
  return typeof osr === 'object' ? whole('osr.forcedAt', osr.forcedAt, 1, 2 ** 30) : undefined;
}

function unitOf(unit: string): UnitKind {
  if (unit !== 'module' && unit !== 'function') throw invalid('unit', unit, '"module" or "function"');
  return unit;
}

function bodiesOf(bodies: string): BodyReading {
  if (bodies !== 'eager' && bodies !== 'lazy') throw invalid('bodies', bodies, '"eager" or "lazy"');
  return bodies;
}

function reactionOf(reaction: string): TrapReaction {
  if (reaction !== 'error' && reaction !== 'crash') throw invalid('onTrap', reaction, '"error" or "crash"');
  return reaction;
}

function keepingOf(keeping: string): RelocationKeeping {
  if (keeping !== 'preserve' && keeping !== 'discard')
    throw invalid('relocations', keeping, '"preserve" or "discard"');
  return keeping;
}

/** Managers that engines were given: each is destroyed with its engine. */
const used = new WeakSet<MemoryManager>();

/**
 * Notes that a manager belongs to an engine from now on.
 *
 * @param manager - The user's.
 */
export function useManager(manager: MemoryManager): void {
  used.add(manager);
}

function managerOf({ parts, memory }: EngineOptions): MemoryManager | undefined {
  const given = parts?.memoryManager;
  if (given === undefined) return undefined;
  checkMemoryManager(given);
  if (memory !== undefined) {
    throw invalid('memory', 'given together with parts.memoryManager', 'sizes to the manager itself');
  }
  if (used.has(given)) {
    throw invalid('parts.memoryManager', 'one that another engine was given', 'each engine its own');
  }
  return given;
}

function registrarOf({ parts }: EngineOptions, addon: NativeAddon): FrameRegistrar {
  const given = parts?.frameRegistrar;
  if (given === undefined) return new NativeFrameRegistrar(addon);
  checkApiVersion(given, 'FrameRegistrar', frameRegistrarVersion);
  return given;
}

function resolversOf({ parts, libraries = [] }: EngineOptions): readonly SymbolResolver[] {
  const given = parts?.resolvers;
  if (given === undefined) {
    return [moduleResolver(), ...libraries.map((library) => libraryResolver(library)), processResolver()];
  }
  if (libraries.length > 0) {
    throw invalid(
      'libraries',
      libraries.join(', '),
      'a libraryResolver among parts.resolvers for each instead',
    );
  }
  for (const resolver of given) checkApiVersion(resolver, 'SymbolResolver', symbolResolverVersion);
  const links = given.filter((resolver) => resolver instanceof ModuleResolver).length;
  if (links !== 1) {
    throw invalid(
      'parts.resolvers',
      `a chain with ${String(links)} of moduleResolver()`,
      'a chain with one of it',
    );
  }
  return [...given];
}

function rollbackOf(given: boolean | Partial<RollbackRule>): RollbackRule | undefined {
  if (given === false) return undefined;
  const rule = { ...defaultRollback, ...(given === true ? {} : given) };
  whole('rollback.sampleUs', rule.sampleUs, 50, 10_000_000);
  whole('rollback.leastWindows', rule.leastWindows, 2, 10_000);
  whole('rollback.mostWindows', rule.mostWindows, rule.leastWindows, 10_000);
  for (const [name, most] of [
    ['leastShare', 1],
    ['leastHarm', 100],
    ['certainty', 100],
    ['explore', 1],
  ] as const) {
    const value = rule[name];
    if (!(value >= 0 && value <= most))
      throw invalid(`rollback.${name}`, String(value), `a number from 0 to ${String(most)}`);
  }
  return rule;
}

function penaltyOf(rule: PenaltyRule): PenaltyRule {
  if (!(rule.baseMs >= 0 && rule.baseMs <= 2 ** 20)) {
    throw invalid('penalty.baseMs', String(rule.baseMs), 'milliseconds from 0 to 2^20');
  }
  whole('penalty.limit', rule.limit, 1, 10);
  return rule;
}
