/** Which version an address of code belongs to, told to whoever observes code. */
import { present } from '../core/assert.js';
import type { Emit } from '../core/events.js';
import type { Address } from '../core/ids.js';
import type { CodeObserver, PlacedCode } from '../observe/placed-code.js';
import { AddressMap } from '../registry/address-map.js';
import { partsOf } from '../registry/code-parts.js';
import type { Version } from '../registry/records.js';
import type { SourceLines } from './source-lines.js';

/** The address map of an engine with observers. */
export class ObservedVersions<Value extends Version> extends AddressMap<Value> {
  readonly #observers: readonly CodeObserver[];
  readonly #lines: SourceLines;
  readonly #emit: Emit;

  /**
   * @param observers - Told of each version as it comes and goes.
   * @param lines - Reads debug info for them.
   * @param emit - Takes warnings: what an observer throws.
   */
  constructor(observers: readonly CodeObserver[], lines: SourceLines, emit: Emit) {
    super();
    this.#observers = observers;
    this.#lines = lines;
    this.#emit = emit;
  }

  override add(start: Address, bytes: number, version: Value): void {
    super.add(start, bytes, version);
    // Publishing pays for names only where somebody wants them.
    if (this.#observers.length === 0) return;
    const code = placedCode(version, start, bytes, this.#lines);
    this.#tell((observer) => {
      observer.placed(code);
    });
  }

  override remove(start: Address): void {
    super.remove(start);
    this.#tell((observer) => {
      observer.freed(start);
    });
  }

  /** Tells the observers that nothing follows. */
  close(): void {
    this.#tell((observer) => {
      observer.close();
    });
  }

  #tell(say: (observer: CodeObserver) => void): void {
    for (const observer of this.#observers) {
      try {
        say(observer);
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        this.#emit('warning', { module: '', message: `an observer of code failed: ${message}` });
      }
    }
  }
}

function placedCode(version: Version, start: Address, bytes: number, lines: SourceLines): PlacedCode {
  const end = start + bytes;
  const block = present(
    version.blocks.find(({ address }) => address === start),
    'the code of a version is one of its blocks',
  );
  const parts = partsOf(version).filter((part) => part.start >= start && part.start < end);
  // Two names may be one place, so where a function ends is where the next place begins.
  const places = [...new Set(parts.map((part) => part.start)), end];
  const endOf = new Map(places.map((at, index) => [at, places[index + 1] ?? end]));
  const functions = parts.map(({ name, start: address }) => ({
    name,
    address,
    bytes: (endOf.get(address) ?? end) - address,
  }));
  return {
    module: version.module,
    tier: version.tier.name,
    version: version.id,
    address: start,
    functions,
    read: ({ address, bytes: size }) => block.bytes.subarray(address - start, address - start + size),
    lines: ({ name }) => lines.of(version, name),
    frames: framesOf(version),
  };
}

function framesOf({ frames, blocks }: Version): PlacedCode['frames'] {
  if (frames === undefined) return undefined;
  const block = present(
    blocks.find(({ address, bytes }) => address <= frames && frames < address + bytes.length),
    'the unwind table of a version lies in one of its blocks',
  );
  return { address: frames, bytes: block.bytes.subarray(frames - block.address) };
}
