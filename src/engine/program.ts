/** Runs a program's main function on a native thread, and samples where it spends its time. */
import type { SlotIndex } from '../core/ids.js';
import type { Handle, NativeAddon, RunOutcome } from '../native/contract.js';
import type { AddressMap } from '../registry/address-map.js';
import type { OffsetTable } from '../../stubs/offset-table.js';
import type { LinkedVersion } from './loaded-module.js';
import { samplesByUnit } from './sampled-units.js';
import type { SpeedWatch } from './speed-watch.js';
import { TierClock, type TimeByTier } from './time-by-tier.js';

/** Often enough that sampled addresses still belong to the version that ran. */
const drainMs = 20;

/** What a program works with. */
export interface ProgramParts {
  readonly addon: NativeAddon;
  readonly engine: Handle;
  readonly table: OffsetTable;
  readonly versions: AddressMap<LinkedVersion>;
  /** Wants samples, too. */
  readonly watch: SpeedWatch | undefined;
}

/** The program of an engine; it may run several times, one after the other. */
export class Program {
  readonly #parts: ProgramParts;
  readonly #clock: TierClock;

  /** @param parts - Addon, tables and versions. */
  constructor(parts: ProgramParts) {
    this.#parts = parts;
    this.#clock = new TierClock(parts.versions, (code) => parts.table.isStub(code));
  }

  /** Samples so far by tier. */
  timeByTier(): TimeByTier {
    return this.#clock.result();
  }

  /**
   * Runs main on a thread of its own.
   *
   * @param main - Its slot.
   * @param argv - Its arguments.
   * @param sampleUs - Microseconds of CPU time between samples for {@link timeByTier}; undefined: none are taken for it.
   * @returns How it ended.
   */
  async run(main: SlotIndex, argv: readonly string[], sampleUs: number | undefined): Promise<RunOutcome> {
    const { addon, engine, table } = this.#parts;
    const slot = BigInt(table.slotAddress(main));
    const { versions, watch } = this.#parts;
    const intervalUs = sampleUs ?? watch?.sampleUs;
    if (intervalUs === undefined) return addon.run(engine, slot, [...argv]);
    addon.engineStartSampling(engine, intervalUs);
    let cpuNs = addon.engineCpuTimeNs(engine);
    const drain = (): void => {
      const samples = addon.engineTakeSamples(engine);
      if (sampleUs !== undefined) this.#clock.add(samples);
      const now = addon.engineCpuTimeNs(engine);
      watch?.tick(samplesByUnit(versions, samples), samples.length, (now - cpuNs) / 1e6);
      cpuNs = now;
    };
    const timer = setInterval(drain, drainMs);
    try {
      return await addon.run(engine, slot, [...argv]);
    } finally {
      clearInterval(timer);
      addon.engineStopSampling(engine);
      drain();
      watch?.stop();
    }
  }
}
