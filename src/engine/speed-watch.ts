/**
 * Watches how fast units run while a program does, and has versions rolled back that are slower than those before them.
 * What is slower says `tiers/slowdown.ts`; here windows are collected, and one version at a time is tried.
 *
 * A version that takes a share of the time, and that was slower by what was seen before it came, or of which nothing is
 * known, is doubted: the version of the lower tier is compiled again and runs for a while. The program does not change at a
 * moment that we choose, so the two can be compared. Then the better version returns, or stays away for a while.
 */
import type { Speed } from '../core/decision.js';
import {
  type Comparison,
  compare,
  judge,
  type RollbackRule,
  shareOf,
  suspect,
  type Window,
} from '../../tiers/slowdown.js';
import type { LinkedVersion, Unit } from './loaded-module.js';

/** Ticks without a sample after which a unit is not followed any more. */
const forgottenTicks = 100;

/** Trials that came to no end, most because the program was changed under them, after which a version is cleared. */
const mostBrokenOff = 3;

/** What the watch works with. */
export interface SpeedWatchParts {
  readonly rule: RollbackRule;
  /** Tiers of the ladder. */
  readonly rungs: number;
  /** Position in the ladder of the version in use. */
  readonly tierOf: (unit: Unit) => number;
  /** Calls of a unit's functions in its present version. */
  readonly callsOf: (unit: Unit) => number;
  /** Has the unit run at the lower tier; false if that can't be begun. */
  readonly doubt: (unit: Unit, below: number) => boolean;
  /** The unit's version of that tier was slower. */
  readonly blame: (unit: Unit, tier: number, below: number, comparison: Comparison) => void;
  /** It was not, or nothing was found out: it may come back. */
  readonly clear: (unit: Unit, tier: number) => void;
}

/** What is known of a unit's present version. */
interface Track {
  version: LinkedVersion | undefined;
  seenCalls: number;
  /** What was seen since its calls last grew. */
  cpuMs: number;
  samples: number;
  own: number;
  windows: Window[];
  idleTicks: number;
  /** Threads may still be in the version before: the first window is not counted. */
  isFresh: boolean;
}

/** What is known of a unit over its versions. */
interface History {
  /** Tier of its version, or -1. */
  tier: number;
  /** Tier of the version before, or -1, and what was seen of it. */
  below: number;
  before: readonly Window[];
  /** Tiers that nothing speaks against. */
  readonly cleared: Set<number>;
  /** Tiers that were found slower. */
  readonly blamed: Set<number>;
  /** Trials that came to no end. */
  brokenOff: number;
  /** Those of them that had all their windows. */
  undecided: number;
  readonly speeds: (Speed | null)[];
}

/** A comparison that is being made. */
interface Trial {
  readonly unit: Unit;
  readonly doubted: number;
  readonly below: number;
  readonly windows: readonly Window[];
  isRunning: boolean;
  ticks: number;
}

/** Watches the units of one engine. */
export class SpeedWatch {
  readonly #parts: SpeedWatchParts;
  readonly #tracks = new Map<Unit, Track>();
  readonly #histories = new WeakMap<Unit, History>();
  #trial: Trial | undefined;
  #allMs = 0;
  #triedMs = 0;

  /** @param parts - The rule, and who carries out what follows from it. */
  constructor(parts: SpeedWatchParts) {
    this.#parts = parts;
  }

  /** Microseconds of CPU time between samples. */
  get sampleUs(): number {
    return this.#parts.rule.sampleUs;
  }

  /** How fast a unit ran, by position in the ladder. */
  speeds(unit: Unit): readonly (Speed | null)[] {
    return this.#histories.get(unit)?.speeds.slice() ?? this.#noSpeeds();
  }

  /**
   * Takes what happened since the last time.
   *
   * @param samples - Samples by unit.
   * @param taken - All samples.
   * @param cpuMs - Milliseconds of CPU time of the program.
   */
  tick(samples: ReadonlyMap<Unit, number>, taken: number, cpuMs: number): void {
    this.#allMs += cpuMs;
    for (const unit of samples.keys()) if (!this.#tracks.has(unit)) this.#tracks.set(unit, this.#fresh(unit));
    for (const [unit, track] of this.#tracks) {
      const own = samples.get(unit) ?? 0;
      track.idleTicks = own > 0 ? 0 : track.idleTicks + 1;
      this.#extend(unit, track, { cpuMs, samples: taken, own });
      if (track.idleTicks > forgottenTicks && this.#trial?.unit !== unit) this.#tracks.delete(unit);
    }
    if (this.#trial === undefined) this.#begin();
    else this.#judge(this.#trial, cpuMs);
  }

  /**
   * A unit came to a version.
   *
   * @param unit - The unit.
   * @param tier - Its tier now.
   */
  published(unit: Unit, tier: number): void {
    const history = this.#history(unit);
    const from = history.tier;
    history.tier = tier;
    // First versions are of what was cold until now.
    if (from < 0) return;
    const { windows = [] } = this.#tracks.get(unit) ?? {};
    // The program is another one now: what is measured from here on does not compare with what was.
    for (const track of this.#tracks.values()) track.windows = [];
    this.#tracks.set(unit, this.#fresh(unit));
    const trial = this.#trial;
    if (trial?.unit === unit && tier === trial.below && !trial.isRunning) {
      trial.isRunning = true;
      return;
    }
    history.below = from;
    history.before = windows;
    if (trial !== undefined) this.#breakOff(trial);
  }

  /** A unit has no version any more. */
  fellBack(unit: Unit): void {
    // What comes next is a first version again: what was before the fall-back is nothing to compare it with.
    Object.assign(this.#history(unit), { tier: -1, below: -1, before: [] });
    if (this.#trial?.unit === unit) this.#breakOff(this.#trial);
  }

  /** A compile of a unit came to nothing. */
  failed(unit: Unit): void {
    if (this.#trial?.unit === unit && !this.#trial.isRunning) this.#breakOff(this.#trial);
  }

  /** The program has ended: what was begun is not finished. */
  stop(): void {
    if (this.#trial !== undefined) this.#end(this.#trial);
    this.#tracks.clear();
  }

  #extend(unit: Unit, track: Track, seen: Omit<Window, 'calls'>): void {
    if (unit.version !== track.version) {
      // Moved, or published with others by name.
      this.#tracks.set(unit, this.#fresh(unit));
      return;
    }
    track.cpuMs += seen.cpuMs;
    track.samples += seen.samples;
    track.own += seen.own;
    const now = this.#parts.callsOf(unit);
    const calls = now - track.seenCalls;
    if (calls <= 0) return;
    const { cpuMs, samples, own } = track;
    Object.assign(track, { seenCalls: now, cpuMs: 0, samples: 0, own: 0 });
    if (track.isFresh) {
      track.isFresh = false;
      return;
    }
    if (cpuMs <= 0) return;
    track.windows.push({ calls, cpuMs, samples, own });
    if (track.windows.length > this.#parts.rule.mostWindows) track.windows.shift();
    const tier = this.#parts.tierOf(unit);
    const { speeds } = this.#history(unit);
    const known = speeds[tier] ?? { calls: 0, cpuMs: 0 };
    speeds[tier] = {
      calls: known.calls + calls,
      cpuMs: known.cpuMs + (samples === 0 ? 0 : (own / samples) * cpuMs),
    };
  }

  /** Doubts the version that takes the most time of those that may be doubted. */
  #begin(): void {
    const { rule, tierOf } = this.#parts;
    let best: { readonly unit: Unit; readonly share: number } | undefined;
    for (const [unit, { windows, version }] of this.#tracks) {
      const tier = tierOf(unit);
      const { below, before, cleared, blamed, undecided } = this.#history(unit);
      // What was too little once may be again.
      const needed = Math.min(rule.mostWindows, rule.leastWindows * 2 ** undecided);
      if (windows.length < needed || below < 0 || below >= tier || cleared.has(tier)) continue;
      const share = shareOf(windows);
      if (version?.tier.counters !== true || share < rule.leastShare) continue;
      const suspicion = blamed.has(tier) ? 'suspected' : suspect(rule, windows, before);
      if (suspicion === 'cleared') cleared.add(tier);
      if (suspicion === 'cleared' || (suspicion === 'unknown' && !this.#mayExplore(windows))) continue;
      if (share > (best?.share ?? 0)) best = { unit, share };
    }
    if (best === undefined) return;
    const { unit } = best;
    const { below } = this.#history(unit);
    const windows = this.#tracks.get(unit)?.windows ?? [];
    const doubted = tierOf(unit);
    this.#trial = { unit, doubted, below, windows, isRunning: false, ticks: 0 };
    if (!this.#parts.doubt(unit, below)) this.#trial = undefined;
  }

  /** Whether the older version may run for as long as is needed only to be compared. */
  #mayExplore(windows: readonly Window[]): boolean {
    const { rule } = this.#parts;
    const perWindow = windows.reduce((sum, { cpuMs }) => sum + cpuMs, 0) / windows.length;
    return this.#triedMs + perWindow * rule.leastWindows <= rule.explore * this.#allMs;
  }

  #judge(trial: Trial, cpuMs: number): void {
    if (!trial.isRunning) return;
    const { rule, blame } = this.#parts;
    this.#triedMs += cpuMs;
    trial.ticks += 1;
    const below = this.#tracks.get(trial.unit)?.windows ?? [];
    // What is not called any more is not worth waiting for.
    const verdict = trial.ticks > 2 * rule.mostWindows ? 'cleared' : judge(rule, trial.windows, below);
    if (verdict === 'unknown') return;
    const history = this.#history(trial.unit);
    if (verdict === 'undecided') {
      history.undecided += 1;
      this.#breakOff(trial);
      return;
    }
    if (verdict === 'cleared') {
      history.cleared.add(trial.doubted);
      this.#end(trial);
      return;
    }
    history.blamed.add(trial.doubted);
    this.#trial = undefined;
    blame(trial.unit, trial.doubted, trial.below, compare(trial.windows, below));
  }

  #breakOff(trial: Trial): void {
    const history = this.#history(trial.unit);
    history.brokenOff += 1;
    if (history.brokenOff >= mostBrokenOff) history.cleared.add(trial.doubted);
    this.#end(trial);
  }

  /** Lets the doubted version come back. */
  #end({ unit, doubted }: Trial): void {
    this.#trial = undefined;
    this.#parts.clear(unit, doubted);
  }

  #fresh(unit: Unit): Track {
    const { version } = unit;
    const seenCalls = this.#parts.callsOf(unit);
    return { version, seenCalls, cpuMs: 0, samples: 0, own: 0, windows: [], idleTicks: 0, isFresh: true };
  }

  #history(unit: Unit): History {
    let history = this.#histories.get(unit);
    if (history === undefined) {
      const speeds = this.#noSpeeds();
      const cleared = new Set<number>();
      const blamed = new Set<number>();
      history = { tier: -1, below: -1, before: [], cleared, blamed, brokenOff: 0, undecided: 0, speeds };
      this.#histories.set(unit, history);
    }
    return history;
  }

  #noSpeeds(): (Speed | null)[] {
    return Array.from({ length: this.#parts.rungs }, () => null);
  }
}
