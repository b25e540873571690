/** Where an engine's memory went: to which module, which tier, for what. */
import type { Hold } from '../memory/retirement.js';

/** Memory in bytes, by what it is for. */
export interface LedgerAmounts {
  /** Blocks of the code region. */
  readonly code: number;
  /** Blocks of the read-only region: constants and unwind tables. */
  readonly readonly: number;
  /** Blocks of the data region. */
  readonly data: number;
  /** The share of `readonly` that is unwind tables. */
  readonly unwind: number;
  /** Preserved relocations, in JS memory: the length of the arrays that hold them. */
  readonly relocations: number;
  /** Names and records of symbols, in JS memory: an estimate. */
  readonly symbols: number;
  /** Bitcode that later tiers are compiled from, in JS memory. */
  readonly bitcode: number;
}

/** What one holder of memory has. */
export interface LedgerEntry extends LedgerAmounts {
  /** Name of the module; null: the engine's own. */
  readonly module: string | null;
  /**
   * `version`: the version that runs; `retired`: one that no new call can reach; `module`: what is there once, whatever
   * versions come (variables, symbols, bitcode); `removed`: what stays of a removed module, as code of others may refer
   * to it; `tables`: slots, stubs and counters of all functions, cells of loops and of profiles.
   */
  readonly holder: 'version' | 'retired' | 'module' | 'removed' | 'tables';
  /** Tier of a version; null for what has none. */
  readonly tier: string | null;
  /** Number of a version; null for what is none. */
  readonly version: number | null;
  /** Why a retired version is still there; null for everything else. */
  readonly hold: Hold | null;
}

/** All of an engine's memory. */
export interface Ledger {
  /** Every holder. The regions' bytes in use are the sums of `code`, `readonly` and `data`, exactly. */
  readonly entries: readonly LedgerEntry[];
  /** Sums over all entries. */
  readonly total: LedgerAmounts;
  /** Mappings that the kernel keeps for the engine; a process may have 65,530, and an audit lists all. */
  readonly mappings: number;
}

/** An entry without any memory, to start from. */
export const nothing: LedgerAmounts = {
  code: 0,
  readonly: 0,
  data: 0,
  unwind: 0,
  relocations: 0,
  symbols: 0,
  bitcode: 0,
};

/**
 * Adds up.
 *
 * @param entries - What is added.
 * @returns The sums.
 */
export function sum(entries: readonly LedgerAmounts[]): LedgerAmounts {
  const total: Record<keyof LedgerAmounts, number> = { ...nothing };
  for (const entry of entries) {
    for (const key of amounts) total[key] += entry[key];
  }
  return total;
}

// Safe because it lists the keys of an object literal of that type.
const amounts = Object.keys(nothing) as (keyof LedgerAmounts)[];
