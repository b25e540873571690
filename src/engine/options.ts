/** What an engine can be told, and the values it takes when it is told nothing. */
import { availableParallelism } from 'node:os';
import { checkApiVersion } from '../core/api-version.js';
import { type Clock, monotonicClock } from '../core/clock.js';
import type { Compiler } from '../core/compiler.js';
import { TierlinkError } from '../core/errors.js';
import type { TierRecipe } from '../core/tier.js';
import type { NativeAddon } from '../native/contract.js';
import { LlvmCompiler } from '../native/llvm-compiler.js';
import { loadAddon } from '../native/loader.js';
import { ModuleResolver } from '../resolve/module-resolver.js';
import { type SymbolResolver, symbolResolverVersion } from '../resolve/symbol-resolver.js';
import { type FrameRegistrar, frameRegistrarVersion } from '../unwind/frame-registrar.js';
import { NativeFrameRegistrar } from '../unwind/native-registrar.js';
import { defaultPenalty, type PenaltyRule } from '../../tiers/penalty.js';
import { countersPolicy, type Thresholds } from '../../tiers/policies/counters.js';
import { eagerPolicy } from '../../tiers/policies/eager.js';
import { neverPolicy } from '../../tiers/policies/never.js';
import type { Policy } from '../../tiers/policy.js';
import { ladder, shippedTiers } from '../../tiers/recipes.js';
import { libraryResolver, moduleResolver, processResolver } from './resolvers.js';

/**
 * How a call reaches a function of another version: `call stub`, `call *[slot]`, or `call version`, which is patched
 * at each publish.
 */
export type Linkage = 'stub' | 'offset-table' | 'direct';

const linkages: readonly string[] = ['stub', 'offset-table', 'direct'] satisfies readonly Linkage[];

/** What is compiled at once. One function a unit comes with a later release and is refused by name until then. */
export type UnitKind = 'module';

/** Names of the shipped policies. */
export const policyNames = ['counters', 'never', 'eager'] as const;

/** Options of {@link createEngine}; all may be left out. */
export interface EngineOptions {
  /** @defaultValue `'stub'` */
  readonly linkage?: Linkage;
  /** @defaultValue `'module'` */
  readonly unit?: UnitKind;
  /**
   * The ladder, lowest first: names of shipped tiers or recipes.
   * @defaultValue `['baseline', 'quick', 'optimized', 'peak']`
   */
  readonly tiers?: readonly (string | TierRecipe)[];
  /** A shipped policy by name, or one of your own. @defaultValue `'counters'` */
  readonly policy?: string | Policy;
  /** Calls of one function that move its unit into a tier, for the policy `counters`. */
  readonly thresholds?: Thresholds;
  /** Shared libraries to resolve symbols from, after the modules and archives, before the process. */
  readonly libraries?: readonly string[];
  /** Threads that compile. @defaultValue one for each processor, at most 4 */
  readonly compileThreads?: number;
  /** Address space in bytes for each region; at most 1 GiB together. */
  readonly memory?: {
    /** @defaultValue 128 MiB */
    readonly codeBytes?: number;
    /** @defaultValue 128 MiB */
    readonly readonlyBytes?: number;
    /** @defaultValue 512 MiB */
    readonly dataBytes?: number;
  };
  /** A limit on code: when it is reached, old code is reclaimed, then code is compacted, then a compile fails. */
  readonly codeCache?: {
    /** Bytes of code, stubs and retired versions included. @defaultValue `memory.codeBytes` */
    readonly maxBytes?: number;
  };
  /** What repeated failure of a tier costs. */
  readonly penalty?: PenaltyRule;
  /** Replaces parts that the engine would make itself. */
  readonly parts?: {
    /** Where times come from. */
    readonly clock?: Clock;
    /** Makes the compiler, given the number of threads. */
    readonly compiler?: (threads: number) => Compiler;
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
  readonly linkage: Linkage;
  readonly tiers: readonly TierRecipe[];
  readonly policy: Policy;
  readonly resolvers: readonly SymbolResolver[];
  readonly compileThreads: number;
  readonly codeBytes: number;
  readonly readonlyBytes: number;
  readonly dataBytes: number;
  readonly codeCacheBytes: number;
  readonly penalty: PenaltyRule;
  readonly clock: Clock;
  readonly addon: NativeAddon;
  readonly compiler: (threads: number) => Compiler;
  readonly frames: FrameRegistrar;
}

const mebibyte = 2 ** 20;

/**
 * Settles the options.
 *
 * @param options - As the user gave them.
 * @returns Every setting.
 * @throws TierlinkError OPTION_INVALID, TIER_UNKNOWN, PLATFORM_UNSUPPORTED, ADDON_MISSING, LLVM_MISSING,
 *   API_VERSION_MISMATCH, LIBRARY_UNLOADABLE
 */
export function settle(options: EngineOptions): Settings {
  const linkage = checkLinkage(options.linkage ?? 'stub');
  const unit: string = options.unit ?? 'module';
  if (unit !== 'module') {
    throw invalid('unit', unit, '"module"; units of one function come with a later release');
  }
  const tiers = ladder(options.tiers ?? shippedTiers);
  const memory = options.memory ?? {};
  const codeBytes = whole('memory.codeBytes', memory.codeBytes ?? 128 * mebibyte, 65_536, 2 ** 30);
  const addon = loadAddon();
  return {
    linkage,
    tiers,
    policy: policyOf(options, tiers),
    resolvers: resolversOf(options),
    compileThreads: whole(
      'compileThreads',
      options.compileThreads ?? Math.min(availableParallelism(), 4),
      1,
      64,
    ),
    codeBytes,
    readonlyBytes: whole('memory.readonlyBytes', memory.readonlyBytes ?? 128 * mebibyte, 65_536, 2 ** 30),
    codeCacheBytes: whole('codeCache.maxBytes', options.codeCache?.maxBytes ?? codeBytes, 4096, 2 ** 30),
    dataBytes: whole('memory.dataBytes', memory.dataBytes ?? 512 * mebibyte, 65_536, 2 ** 30),
    penalty: penaltyOf(options.penalty ?? defaultPenalty),
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
 * @returns The same, as a linkage.
 * @throws TierlinkError OPTION_INVALID
 */
export function checkLinkage(linkage: string): Linkage {
  if (!linkages.includes(linkage)) throw invalid('linkage', linkage, linkages.join(', '));
  // Safe because it was just found in the list.
  return linkage as Linkage;
}

function policyOf({ policy = 'counters', thresholds }: EngineOptions, tiers: readonly TierRecipe[]): Policy {
  if (thresholds !== undefined && policy !== 'counters') {
    const name = typeof policy === 'string' ? policy : policy.name;
    throw invalid('thresholds', `given to policy ${name}`, 'thresholds to the policy counters only');
  }
  if (typeof policy !== 'string') return policy;
  switch (policy) {
    case 'counters': {
      const names = tiers.slice(1).map((tier) => tier.name);
      const stray = Object.keys(thresholds ?? {}).find((name) => !names.includes(name));
      if (stray !== undefined)
        throw invalid('thresholds', `for ${stray}`, `tiers above the lowest: ${names.join(', ')}`);
      return countersPolicy(thresholds === undefined ? {} : { thresholds });
    }
    case 'never':
      return neverPolicy;
    case 'eager':
      return eagerPolicy;
    default:
      throw invalid('policy', policy, policyNames.join(', '));
  }
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

function penaltyOf(rule: PenaltyRule): PenaltyRule {
  if (!(rule.baseMs >= 0 && rule.baseMs <= 2 ** 20)) {
    throw invalid('penalty.baseMs', String(rule.baseMs), 'milliseconds from 0 to 2^20');
  }
  whole('penalty.limit', rule.limit, 1, 10);
  return rule;
}

function whole(option: string, value: number, least: number, most: number): number {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw invalid(option, String(value), `a whole number from ${String(least)} to ${String(most)}`);
  }
  return value;
}

function invalid(option: string, value: string, expected: string): TierlinkError {
  return new TierlinkError('OPTION_INVALID', { option, value, expected });
}
