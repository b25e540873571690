import { beforeEach, describe, expect, it } from 'vitest';
import type { LinkedVersion, Unit } from '../../../src/engine/loaded-module.js';
import { SpeedWatch } from '../../../src/engine/speed-watch.js';
import { type Comparison, defaultRollback, type RollbackRule } from '../../../tiers/slowdown.js';

const rule: RollbackRule = { ...defaultRollback, leastWindows: 5, mostWindows: 20, explore: 1 };
/** Milliseconds of processor time of a tick, and its samples. */
const tickMs = 20;
const tickSamples = 200;
const rungs = 3;

interface Blamed {
  readonly unit: Unit;
  readonly tier: number;
  readonly below: number;
  readonly comparison: Comparison;
}

/** A program whose units take so many milliseconds a call by their tier, and a clock that only it moves. */
class FakeProgram {
  readonly watch: SpeedWatch;
  readonly doubted: (readonly [Unit, number])[] = [];
  readonly blamed: Blamed[] = [];
  readonly cleared: (readonly [Unit, number])[] = [];
  /** Whether a doubt can be followed. */
  canDoubt = true;
  readonly #units = new Map<Unit, { tier: number; calls: number; readonly costs: readonly number[] }>();

  constructor(changed: Partial<RollbackRule> = {}) {
    this.watch = new SpeedWatch({
      rule: { ...rule, ...changed },
      rungs,
      tierOf: (unit) => this.#units.get(unit)?.tier ?? -1,
      callsOf: (unit) => Math.floor(this.#units.get(unit)?.calls ?? 0),
      doubt: (unit, below) => {
        if (this.canDoubt) this.doubted.push([unit, below]);
        return this.canDoubt;
      },
      blame: (unit, tier, below, comparison) => void this.blamed.push({ unit, tier, below, comparison }),
      clear: (unit, tier) => void this.cleared.push([unit, tier]),
    });
  }

  /** A unit that takes the given milliseconds a call at each tier, at its lowest one now. */
  unit(costs: readonly number[]): Unit {
    // Safe because the watch knows of a unit no more than its version.
    const unit = {} as Unit;
    this.#units.set(unit, { tier: -1, calls: 0, costs });
    this.publish(unit, 0);
    return unit;
  }

  /** A version of a unit comes into use. */
  publish(unit: Unit, tier: number, counters = tier < rungs - 1): void {
    this.replaceVersion(unit, counters);
    const state = this.#units.get(unit);
    if (state === undefined) throw new Error('it is a unit of this program');
    Object.assign(state, { tier, calls: 0 });
    this.watch.published(unit, tier);
  }

  /** Its version is another one, and nobody says so. */
  replaceVersion(unit: Unit, counters = true): void {
    // Safe for the same reason.
    unit.version = { tier: { counters } } as LinkedVersion;
  }

  /**
   * The program runs. It calls each unit that runs equally often, and does something else beside.
   *
   * @param ticks - For how long.
   * @param running - The units that take its time.
   * @param otherMs - What it does beside, in milliseconds for a call of each.
   */
  run(ticks: number, running: readonly Unit[] = [...this.#units.keys()], otherMs = 0.1): void {
    for (let tick = 0; tick < ticks; tick += 1) {
      const costs = running.map((unit) => this.#costOf(unit));
      const roundMs = costs.reduce((sum, cost) => sum + cost, otherMs);
      const samples = new Map<Unit, number>();
      for (const [index, unit] of running.entries()) {
        const state = this.#units.get(unit);
        if (state !== undefined) state.calls += tickMs / roundMs;
        samples.set(unit, Math.round((tickSamples * (costs[index] ?? 0)) / roundMs));
      }
      this.watch.tick(samples, tickSamples, tickMs);
    }
  }

  #costOf(unit: Unit): number {
    const { costs, tier } = this.#units.get(unit) ?? { costs: [], tier: 0 };
    return costs[tier] ?? 1;
  }
}

let program: FakeProgram;
beforeEach(() => {
  program = new FakeProgram();
});

describe('a version that is slower than the one before it', () => {
  it('is doubted, compared with that one, and blamed', () => {
    const unit = program.unit([1, 2, 2]);
    program.run(10);
    program.publish(unit, 1);
    program.run(10);
    expect(program.doubted).toEqual([[unit, 0]]);
    program.publish(unit, 0);
    program.run(10);
    expect(program.blamed).toMatchObject([{ unit, tier: 1, below: 0 }]);
    expect(program.blamed[0]?.comparison.ratio).toBeCloseTo(2.1 / 1.1, 1);
    expect(program.cleared).toEqual([]);
  });

  it('is suspected at once when it is tried again', () => {
    program = new FakeProgram({ explore: 0 });
    const unit = program.unit([1, 2, 2]);
    program.run(10);
    program.publish(unit, 1);
    program.run(10);
    program.publish(unit, 0);
    program.run(10);
    expect(program.blamed).toHaveLength(1);
    program.publish(unit, 1);
    program.run(rule.leastWindows + 1);
    expect(program.doubted).toEqual([
      [unit, 0],
      [unit, 0],
    ]);
  });

  it('is not doubted before there are enough windows of it', () => {
    const unit = program.unit([1, 2, 2]);
    program.run(10);
    program.publish(unit, 1);
    // The first is not counted: threads may still be in the version before.
    program.run(rule.leastWindows);
    expect(program.doubted).toEqual([]);
    program.run(1);
    expect(program.doubted).toEqual([[unit, 0]]);
  });

  it('is not doubted when it takes a small share of the time', () => {
    const unit = program.unit([1, 2, 2]);
    program.run(10, [unit], 100);
    program.publish(unit, 1);
    program.run(30, [unit], 100);
    expect(program.doubted).toEqual([]);
  });

  it('is not doubted when it does not count its calls', () => {
    const unit = program.unit([1, 1, 4]);
    program.run(10);
    program.publish(unit, 2);
    program.run(30);
    expect(program.doubted).toEqual([]);
  });

  it('goes before others when it takes the most time', () => {
    const small = program.unit([1, 2, 2]);
    const large = program.unit([4, 8, 8]);
    program.run(10);
    program.publish(small, 1);
    program.publish(large, 1);
    program.run(20);
    // One trial at a time.
    expect(program.doubted).toEqual([[large, 0]]);
  });
});

describe('a version that is no slower', () => {
  it('is cleared without a trial when it is faster beyond doubt', () => {
    const unit = program.unit([4, 1, 1]);
    program.run(10);
    program.publish(unit, 1);
    program.run(50);
    expect([program.doubted, program.cleared]).toEqual([[], []]);
  });

  it('comes back after a trial, and is not tried again', () => {
    const unit = program.unit([1, 1, 1]);
    program.run(10);
    program.publish(unit, 1);
    program.run(10);
    expect(program.doubted).toEqual([[unit, 0]]);
    program.publish(unit, 0);
    program.run(rule.mostWindows + 1);
    expect(program.cleared).toEqual([[unit, 1]]);
    program.publish(unit, 1);
    program.run(100);
    expect([program.doubted.length, program.blamed]).toEqual([1, []]);
  });

  it('is not tried when no time may be spent on that', () => {
    program = new FakeProgram({ explore: 0 });
    const unit = program.unit([1, 1, 1]);
    program.run(10);
    program.publish(unit, 1);
    program.run(100);
    expect(program.doubted).toEqual([]);
  });

  it('is compared with nothing when it is the first', () => {
    program.unit([1, 1, 1]);
    program.run(100);
    expect(program.doubted).toEqual([]);
  });
});

/** A version that is doubted, and whose trial runs. */
function onTrial(costs: readonly number[] = [1, 1, 1]): Unit {
  const unit = program.unit(costs);
  program.run(10);
  program.publish(unit, 1);
  program.run(10);
  program.publish(unit, 0);
  expect(program.doubted).toHaveLength(1);
  return unit;
}

describe('a trial', () => {
  it('ends when the unit is not called any more: the doubted version comes back', () => {
    const unit = onTrial();
    program.run(2 * rule.mostWindows, []);
    expect(program.cleared).toEqual([]);
    program.run(1, []);
    expect(program.cleared).toEqual([[unit, 1]]);
  });

  it('is broken off when another version of any unit comes into use', () => {
    const unit = onTrial();
    const other = program.unit([1, 1, 1]);
    program.run(2);
    expect(program.cleared).toEqual([]);
    program.publish(other, 1);
    expect(program.cleared).toEqual([[unit, 1]]);
  });

  it('is not begun a fourth time when three were broken off', () => {
    const unit = onTrial();
    const other = program.unit([1, 1, 1]);
    for (let time = 1; time <= 3; time += 1) {
      expect(program.doubted.filter(([doubted]) => doubted === unit)).toHaveLength(time);
      program.publish(other, time % 2, false);
      program.publish(unit, 1);
      program.run(10);
      program.publish(unit, 0);
    }
    program.publish(unit, 1);
    program.run(100);
    expect(program.doubted.filter(([doubted]) => doubted === unit)).toHaveLength(3);
  });

  it('that can not be begun is begun when it can', () => {
    program.canDoubt = false;
    const unit = program.unit([1, 2, 2]);
    program.run(10);
    program.publish(unit, 1);
    program.run(10);
    expect(program.doubted).toEqual([]);
    program.canDoubt = true;
    program.run(1);
    expect(program.doubted).toEqual([[unit, 0]]);
  });

  it('ends when the lower version can not be compiled', () => {
    const unit = program.unit([1, 2, 2]);
    program.run(10);
    program.publish(unit, 1);
    program.run(10);
    program.watch.failed(unit);
    expect(program.cleared).toEqual([[unit, 1]]);
  });

  it('goes on when something else fails once the lower version runs', () => {
    const unit = onTrial([1, 2, 2]);
    program.watch.failed(unit);
    expect(program.cleared).toEqual([]);
    program.run(10);
    expect(program.blamed).toMatchObject([{ unit, tier: 1 }]);
  });

  it('ends when the unit has no version any more, and the next one is a first one', () => {
    const unit = onTrial();
    program.watch.fellBack(unit);
    expect(program.cleared).toEqual([[unit, 1]]);
    program.publish(unit, 1);
    program.run(100);
    expect(program.doubted).toHaveLength(1);
  });

  it('ends with the program', () => {
    const unit = onTrial();
    program.watch.stop();
    expect(program.cleared).toEqual([[unit, 1]]);
  });
});

describe('what was seen of a version', () => {
  it('begins anew when it is another one without having been published', () => {
    const unit = program.unit([1, 2, 2]);
    program.run(10);
    program.publish(unit, 1);
    for (let time = 0; time < 10; time += 1) {
      program.run(rule.leastWindows);
      program.replaceVersion(unit);
    }
    expect(program.doubted).toEqual([]);
  });

  it('is forgotten after a hundred ticks without a sample', () => {
    const unit = program.unit([1, 2, 2]);
    program.run(10);
    program.publish(unit, 1);
    program.run(rule.leastWindows);
    program.run(101, []);
    // Its first window is one more time not counted.
    program.run(rule.leastWindows);
    expect(program.doubted).toEqual([]);
  });

  it('tells how fast the unit is at each tier', () => {
    const unit = program.unit([1, 2, 2]);
    expect(program.watch.speeds(unit)).toEqual([null, null, null]);
    program.run(20, [unit], 1);
    program.publish(unit, 1);
    program.run(3, [unit], 1);
    const [lowest, next, top] = program.watch.speeds(unit).map((speed) => speed && speed.cpuMs / speed.calls);
    expect(lowest).toBeCloseTo(1, 1);
    expect(next).toBeCloseTo(2, 0);
    expect(top).toBeNull();
  });
});
