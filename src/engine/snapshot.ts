/** What an engine looks like at one moment, as plain data. */
import type { CacheStatistics } from '../cache/object-cache.js';
import type { Hold } from '../memory/retirement.js';
import type { Ledger } from './ledger.js';
import type { ControlKind } from './options.js';
import type { Latencies } from './statistics.js';

/** One module. */
export interface ModuleSnapshot {
  readonly name: string;
  /** Stage of its unit's lifecycle; in units of one function `declared` or `executable`. */
  readonly stage: string;
  /** The highest tier that any of its functions runs at, or null. */
  readonly tier: string | null;
  /** Number of its newest version in use, or null. */
  readonly version: number | null;
  /** Functions that are compiled, by the tier that they run at. */
  readonly compiled: Readonly<Record<string, number>>;
  readonly functions: number;
  readonly variables: number;
  /** Bytes of code in use. */
  readonly codeBytes: number;
  /** The lowest address of its code now, or null. */
  readonly codeAddress: bigint | null;
  /** Bytes of its variables and constants. */
  readonly dataBytes: number;
  /** Of how many sources it has the last; 1 before it was ever replaced. */
  readonly generation: number;
  /**
   * Other modules whose functions may have been inlined into its code in use, and of which source they were. Such code is
   * out of use before one of these is replaced or removed.
   */
  readonly reliesOn: readonly { readonly module: string; readonly generation: number }[];
  /** Why it can't be recompiled, or ''. */
  readonly pinned: string;
}

/** The whole engine. */
export interface EngineSnapshot {
  /** Where the engine is controlled from. */
  readonly control: ControlKind;
  readonly modules: readonly ModuleSnapshot[];
  /** Versions in use by tier name. */
  readonly versionsByTier: Readonly<Record<string, number>>;
  /** Functions of linked modules, each with a slot. */
  readonly slots: number;
  /** Preserved relocations of all versions and data objects in use. */
  readonly relocations: { readonly count: number; readonly bytes: number };
  readonly publishes: Latencies;
  readonly memory: {
    /** Bytes of code in use, stubs included. */
    readonly code: number;
    /** Bytes of constants. */
    readonly readonly: number;
    /** Bytes of variables and tables. */
    readonly data: number;
    /** Bytes of versions that no new call can reach. */
    readonly retired: number;
    /** Bytes given back since the engine began. */
    readonly reclaimed: number;
  };
  /** All of it by module, tier and purpose. */
  readonly ledger: Ledger;
  /** What no new call can reach but still has its memory, and why. */
  readonly retired: readonly { readonly name: string; readonly bytes: number; readonly hold: Hold }[];
  /** For how long looking for a grace kept a thread from running, in microseconds; threads that wait are not kept. */
  readonly pauses: Latencies;
  /** Moves of code and how long they took. */
  readonly moves: Latencies;
  /** Where code may lie, and up to where it does. */
  readonly codeCache: { readonly start: bigint; readonly capacity: number; readonly span: number };
  /** What the object cache was good for, or null if there is none. */
  readonly cache: CacheStatistics | null;
  /** Compile jobs queued or running. */
  readonly compiling: number;
  /** Threads inside compiled code. */
  readonly mutatorsInside: number;
  /** Milliseconds since the engine was created. */
  readonly wallMs: number;
}
