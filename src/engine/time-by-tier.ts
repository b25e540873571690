/** Attributes sampled program counters to the tier of the version they lie in. */
import { address, type Address } from '../core/ids.js';
import type { AddressMap } from '../registry/address-map.js';
import type { Version } from '../registry/records.js';

/** Samples by where the program was: a tier's name, `stubs`, or `outside` (libc, the kernel's entry, Node). */
export type TimeByTier = Readonly<Record<string, number>>;

/** Adds up samples while versions come and go. */
export class TierClock {
  readonly #versions: AddressMap<Version>;
  readonly #isStub: (code: Address) => boolean;
  readonly #samples = new Map<string, number>();

  /**
   * @param versions - Which version an address belongs to.
   * @param isStub - True for an address inside a stub.
   */
  constructor(versions: AddressMap<Version>, isStub: (code: Address) => boolean) {
    this.#versions = versions;
    this.#isStub = isStub;
  }

  /** Adds program counters; they must be recent, since reclaimed code is known no more. */
  add(counters: BigUint64Array): void {
    for (const counter of counters) {
      const code = address(Number(counter));
      const place = this.#versions.find(code)?.tier.name ?? (this.#isStub(code) ? 'stubs' : 'outside');
      this.#samples.set(place, (this.#samples.get(place) ?? 0) + 1);
    }
  }

  /** Samples so far by place. */
  result(): TimeByTier {
    return Object.fromEntries(this.#samples);
  }
}
