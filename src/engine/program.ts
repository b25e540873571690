/** Runs a program's main function on a native thread, and samples where it spends its time. */
import type { SlotIndex } from '../core/ids.js';
import type { Handle, NativeAddon, RunOutcome } from '../native/contract.js';
import type { AddressMap } from '../registry/address-map.js';
import type { Version } from '../registry/records.js';
import type { OffsetTable } from '../../stubs/offset-table.js';
import { TierClock, type TimeByTier } from './time-by-tier.js';

/** Often enough that sampled addresses still belong to the version that ran. */
const drainMs = 20;

/** What a program works with. */
export interface ProgramParts {
  readonly addon: NativeAddon;
  readonly engine: Handle;
  readonly table: OffsetTable;
  readonly versions: AddressMap<Version>;
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
   * @param sampleUs - Microseconds of CPU time between samples; undefined: none are taken.
   * @returns How it ended.
   */
  async run(main: SlotIndex, argv: readonly string[], sampleUs: number | undefined): Promise<RunOutcome> {
    const { addon, engine, table } = this.#parts;
    const slot = BigInt(table.slotAddress(main));
    if (sampleUs === undefined) return addon.run(engine, slot, [...argv]);
    addon.engineStartSampling(engine, sampleUs);
    const drain = (): void => {
      this.#clock.add(addon.engineTakeSamples(engine));
    };
    const timer = setInterval(drain, drainMs);
    try {
      return await addon.run(engine, slot, [...argv]);
    } finally {
      clearInterval(timer);
      addon.engineStopSampling(engine);
      drain();
    }
  }
}
