/** What an engine tells its observers, typed; an observer can't alter a result. */
import type { Candidates, Choice, Decision, Observation } from './decision.js';

/** A version came into use. */
export interface PublishedEvent {
  readonly module: string;
  readonly unit: string;
  readonly tier: string;
  readonly version: number;
  /** Why it was compiled. */
  readonly reason: string;
  /** Milliseconds in LLVM. */
  readonly compileMs: number;
  /** Microseconds from object to linked: placing, fixups, unwind registration. */
  readonly linkUs: number;
  /** Microseconds for storing the slots of all that was published together. */
  readonly publishUs: number;
  /** Bytes of code. */
  readonly codeBytes: number;
  /** Relocations preserved for relinking. */
  readonly relocations: number;
  /** Functions whose slots were stored. */
  readonly functions: number;
  /** Milliseconds since the engine was created. */
  readonly atMs: number;
}

/** A loop of code that runs is left for a better version of its function from now on, in the middle of a call. */
export interface ContinuedEvent {
  readonly module: string;
  /** Linker name of the function. */
  readonly function: string;
  /** Which of its loops. */
  readonly loop: number;
  /** Tier of the code that is left. */
  readonly from: string;
  /** Tier of the continuation. */
  readonly tier: string;
  /** Number of the continuation, which is a version. */
  readonly version: number;
  /** Why it was compiled. */
  readonly reason: string;
  /** Milliseconds in LLVM. */
  readonly compileMs: number;
  /** Microseconds from object to linked. */
  readonly linkUs: number;
  /** Bytes of code. */
  readonly codeBytes: number;
  /** Milliseconds since the engine was created. */
  readonly atMs: number;
}

/** Something happened to a unit: it took a step in its lifecycle, the state machine of tiers/lifecycle.ts. */
export interface LifecycleStep {
  readonly module: string;
  readonly unit: string;
  /** What happened, as the machine was told. It may mean nothing where the unit stands. */
  readonly event: { readonly type: string };
  /** The state that the unit was in. */
  readonly from: string;
  /** The state that it is in. */
  readonly to: string;
  /** What the machine knows of it now; tiers are positions in the ladder. */
  readonly context: object;
  readonly atMs: number;
}

/** A unit asked for a tier. */
export interface RequestedEvent {
  readonly module: string;
  readonly unit: string;
  /** The tier that it will be compiled at. */
  readonly tier: string;
  readonly reason: string;
  readonly atMs: number;
}

/** A policy decided about a unit. */
export interface DecidedEvent {
  readonly module: string;
  readonly unit: string;
  /** What it was told. */
  readonly observation: Observation;
  readonly decision: Decision;
}

/** A policy chose among candidates. */
export interface ChoseEvent {
  /** The candidates' names, in their order. */
  readonly names: readonly { readonly module: string; readonly unit: string }[];
  /** What it was told. */
  readonly asked: Candidates;
  readonly choice: Choice;
}

/** A version was slower than that of a lower tier, which runs again. */
export interface RolledBackEvent {
  readonly module: string;
  readonly unit: string;
  /** The tier that was slower. */
  readonly tier: string;
  /** The tier that the unit runs at now. */
  readonly to: string;
  /** CPU time of the program for each call of the unit, with the slower version by that with the other one. */
  readonly ratio: number;
  /** Ends of the ratio's confidence interval of 95%. */
  readonly low: number;
  readonly high: number;
  /** Milliseconds until the tier may be tried again; `barred`: never. */
  readonly retry: number | 'barred';
  /** Milliseconds since the engine was created. */
  readonly atMs: number;
}

/** A compile or link failed; the version before it goes on running. */
export interface FailedEvent {
  readonly module: string;
  readonly unit: string;
  readonly tier: string;
  readonly error: Error;
  /** Milliseconds until the next try; `barred`: none; `none`: nothing will try by itself. */
  readonly retry: number | 'barred' | 'none';
}

/** A version's code came to lie elsewhere. */
export interface MovedEvent {
  readonly module: string;
  readonly unit: string;
  readonly version: number;
  /** Address of its code before. */
  readonly from: bigint;
  /** Address of its code now. */
  readonly to: bigint;
  /** Bytes of code. */
  readonly bytes: number;
}

/** A module got new source. */
export interface ReplacedEvent {
  readonly module: string;
  /** Names of functions that took the place of others of the same name and type. */
  readonly matched: readonly string[];
  readonly added: readonly string[];
  /** Functions that are gone, or of another type now: what still calls them gets an error. */
  readonly removed: readonly string[];
  /** Variables that stayed as they were. */
  readonly kept: readonly string[];
  /** Variables and constants that got the values that the new source gives them, where they were. */
  readonly reset: readonly string[];
}

/**
 * What an entry of the object cache holds: what reading a module gave, the object of its code or its variables, or which
 * functions of modules were called.
 */
export type CachedContent = 'module' | 'code' | 'data' | 'calls';

/** The object cache was asked, or changed. */
export interface CacheEvent {
  /**
   * `hit` and `miss`: of each look-up. `rejected`: what was found is damaged or another's; a miss follows. `stored` and
   * `evicted`: later, in the background. `failed`: the store failed; of a look-up, a miss follows.
   */
  readonly outcome: 'hit' | 'miss' | 'rejected' | 'stored' | 'evicted' | 'failed';
  /** For which module; '' for an entry that was evicted. */
  readonly module: string;
  /** What the entry holds; null for one that was evicted. */
  readonly content: CachedContent | null;
  /** The entry's key. */
  readonly key: string;
  /** Bytes of the entry; 0 where there is none. */
  readonly bytes: number;
  /** Why it was rejected or failed, or ''. */
  readonly reason: string;
}

/** What was counted of functions is of no use for the code that they have now. */
export interface ProfileDroppedEvent {
  readonly module: string;
  readonly functions: readonly string[];
  readonly reason: string;
}

/** Something the user should know that is no failure. */
export interface WarningEvent {
  /** The module that it is about, or ''. */
  readonly module: string;
  readonly message: string;
  /**
   * What many modules may have in common: `'optnone'`, functions that no tier optimises; `'pinned'`, a module that is never
   * recompiled. Undefined for all else.
   */
  readonly kind?: 'optnone' | 'pinned';
}

/** The event map of an engine. */
export interface EngineEvents {
  /** A module was registered. */
  module: (event: {
    readonly module: string;
    readonly functions: number;
    readonly variables: number;
  }) => void;
  /** A unit asked for a tier, and is being compiled. */
  requested: (event: RequestedEvent) => void;
  /** Something happened to a unit; of each unit the first time that it is wanted, and then each step. */
  lifecycle: (event: LifecycleStep) => void;
  /** A policy decided about a unit. */
  decided: (event: DecidedEvent) => void;
  /** A policy chose among candidates. */
  chose: (event: ChoseEvent) => void;
  /** A version came into use. */
  published: (event: PublishedEvent) => void;
  /** A version was slower than that of a lower tier, which runs again. */
  rolledBack: (event: RolledBackEvent) => void;
  /** A loop that runs has a continuation. */
  continued: (event: ContinuedEvent) => void;
  /** A version's code came to lie elsewhere. */
  moved: (event: MovedEvent) => void;
  /** A version that no new call can reach. */
  retired: (event: { readonly module: string; readonly tier: string; readonly version: number }) => void;
  /** A module was taken out. */
  removed: (event: { readonly module: string }) => void;
  /** A module got new source, which is in use. */
  replaced: (event: ReplacedEvent) => void;
  /** Memory of retired versions is free again. */
  reclaimed: (event: { readonly versions: number }) => void;
  /** A compile or link failed; the version before it goes on running. */
  failed: (event: FailedEvent) => void;
  /** The object cache was asked, or changed. */
  cache: (event: CacheEvent) => void;
  /** What was counted of functions is of no use for the code that they have now; they are compiled without. */
  profileDropped: (event: ProfileDroppedEvent) => void;
  /** Something the user should know that is no failure. */
  warning: (event: WarningEvent) => void;
}

/** Gives an event to all listeners. */
export type Emit = <Name extends keyof EngineEvents>(
  name: Name,
  event: Parameters<EngineEvents[Name]>[0],
) => void;
