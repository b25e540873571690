/**
 * Trusts no memory manager of the user's: looks at every section before it is used, and refuses one that would let the
 * engine write where something else lies (I8). The shipped default is not wrapped, so it pays nothing for this.
 */
import { checkApiVersion } from '../core/api-version.js';
import { TierlinkError } from '../core/errors.js';
import type { Address } from '../core/ids.js';
import { type MemoryManager, memoryManagerVersion, type MemorySection } from './memory-manager.js';
import { RangeSet } from './range-set.js';

/** Reach of a 32-bit displacement in bytes. */
const smallModelBytes = 2 ** 31;

/** What can be found out of views only natively. */
export interface ViewProbe {
  /** Where the bytes of a view lie. */
  readonly addressOf: (bytes: Uint8Array) => number;
  /**
   * Writes a pattern over the first and the last bytes of a view and looks whether it appears at an address.
   *
   * @returns What is wrong, or undefined.
   */
  readonly mirrors: (bytes: Uint8Array, address: Address) => string | undefined;
}

/** Whose a range is. */
interface Owner {
  readonly module: string;
  readonly section: string;
}

interface Asked extends Owner {
  readonly size: number;
  readonly alignment: number;
  readonly at: Address | undefined;
}

/** Why a section is refused. */
interface Refusal {
  readonly reason: string;
  /** False: others' memory may be among it, so it must not even be given back. */
  readonly returnable: boolean;
}

/**
 * Name of a manager for messages.
 *
 * @param manager - The manager.
 * @returns Its class's name.
 */
export function nameOfManager(manager: MemoryManager): string {
  const { name } = manager.constructor;
  return name === '' || name === 'Object' ? 'of options.parts' : name;
}

/**
 * Checks that a manager is complete and speaks this version, before any of its methods is called.
 *
 * @param manager - As the user gave it.
 * @throws TierlinkError API_VERSION_MISMATCH, MEMORY_MANAGER_INVALID
 */
export function checkMemoryManager(manager: MemoryManager): void {
  checkApiVersion(manager, 'MemoryManager', memoryManagerVersion);
  const reason = incompleteness(manager);
  if (reason === undefined) return;
  const details = { manager: nameOfManager(manager), module: '', section: '', reason };
  throw new TierlinkError('MEMORY_MANAGER_INVALID', details);
}

function incompleteness(manager: MemoryManager): string | undefined {
  // What comes from JavaScript may lack anything.
  const given = manager as Partial<Record<keyof MemoryManager, unknown>>;
  for (const method of [
    'allocateCodeSection',
    'allocateDataSection',
    'finalize',
    'release',
    'destroy',
  ] as const) {
    if (typeof given[method] !== 'function') return `it has no method ${method}`;
  }
  if (given.codeModel !== 'small') return `its codeModel is ${String(given.codeModel)}; only small is served`;
  const { granularity } = given;
  const isPower =
    typeof granularity === 'number' && granularity > 0 && Number.isInteger(Math.log2(granularity));
  if (!isPower) return `its granularity is ${String(granularity)}; it must be a power of two`;
  if (typeof given.patchable !== 'boolean') return 'it does not say whether it is patchable';
  return undefined;
}

/** Passes everything on to a manager, and looks at what it hands out. */
export class CheckedMemory implements MemoryManager {
  readonly apiVersion: number = memoryManagerVersion;
  readonly codeModel = 'small';
  readonly granularity: number;
  readonly patchable: boolean;
  readonly ranges: MemoryManager['ranges'];
  readonly findCode?: NonNullable<MemoryManager['findCode']>;
  readonly #manager: MemoryManager;
  readonly #probe: ViewProbe;
  /** Sections as the program sees them. */
  readonly #seen = new RangeSet<Owner>();
  /** The same where the linker writes, unless that is the same place. */
  readonly #written = new RangeSet<Owner>();
  readonly #live = new Map<string, Map<MemorySection, number>>();

  /**
   * @param manager - The user's.
   * @param probe - Looks at views.
   * @throws TierlinkError API_VERSION_MISMATCH, MEMORY_MANAGER_INVALID
   */
  constructor(manager: MemoryManager, probe: ViewProbe) {
    checkMemoryManager(manager);
    this.#manager = manager;
    this.#probe = probe;
    this.granularity = manager.granularity;
    this.patchable = manager.patchable;
    this.ranges = manager.ranges;
    const find = manager.findCode?.bind(manager);
    if (find !== undefined) this.findCode = find;
  }

  allocateCodeSection(
    size: number,
    alignment: number,
    sectionId: number,
    sectionName: string,
    module: string,
    at?: Address,
  ): MemorySection | undefined {
    const section = this.#manager.allocateCodeSection(size, alignment, sectionId, sectionName, module, at);
    const least = Math.max(alignment, this.granularity);
    return this.#checked(section, { size, alignment: least, module, section: sectionName, at });
  }

  allocateDataSection(
    size: number,
    alignment: number,
    sectionId: number,
    sectionName: string,
    module: string,
    isReadOnly: boolean,
  ): MemorySection | undefined {
    const section = this.#manager.allocateDataSection(
      size,
      alignment,
      sectionId,
      sectionName,
      module,
      isReadOnly,
    );
    return this.#checked(section, { size, alignment, module, section: sectionName, at: undefined });
  }

  finalize(module: string): void {
    this.#manager.finalize(module);
  }

  release(module: string, section?: MemorySection): void {
    const live = this.#live.get(module);
    for (const one of section === undefined ? [...(live?.keys() ?? [])] : [section]) {
      const writable = live?.get(one);
      if (writable === undefined) continue;
      live?.delete(one);
      this.#seen.remove(one.address);
      if (writable !== one.address) this.#written.remove(writable);
    }
    if (live?.size === 0) this.#live.delete(module);
    this.#manager.release(module, section);
  }

  destroy(): void {
    this.#manager.destroy();
  }

  #checked(section: MemorySection | undefined, asked: Asked): MemorySection | undefined {
    if (section === undefined) return undefined;
    const refusal = this.#refuse(section, asked);
    if (refusal === undefined) return section;
    let cause: unknown;
    try {
      if (refusal.returnable) this.#manager.release(asked.module, section);
    } catch (error) {
      cause = error;
    }
    const { module, section: name } = asked;
    const details = { manager: nameOfManager(this.#manager), module, section: name, reason: refusal.reason };
    throw new TierlinkError('MEMORY_MANAGER_INVALID', details, cause === undefined ? {} : { cause });
  }

  /** Why a section can't be used; undefined, and it is live, if it can. */
  #refuse(section: MemorySection, asked: Asked): Refusal | undefined {
    if (!isSection(section)) {
      return { reason: 'what it handed out is no section with address and bytes', returnable: false };
    }
    const reason = misfit(section, asked);
    if (reason !== undefined) return { reason, returnable: true };
    const { address, bytes } = section;
    const end = address + asked.size;
    const writable = this.#probe.addressOf(bytes);
    const other = this.#overlapping(address, end) ?? this.#overlapping(writable, writable + asked.size);
    if (other !== undefined) {
      return {
        reason: `it overlaps ${other.section} of module ${other.module}, which is in use`,
        returnable: false,
      };
    }
    const distance = this.#span(address, end);
    if (distance > smallModelBytes) {
      const far = `with it, sections lie ${String(distance)} bytes apart; code model small has 2 GiB`;
      return { reason: far, returnable: true };
    }
    // Only now may it be written to.
    const exact = bytes.subarray(0, asked.size);
    const blind = this.#probe.mirrors(exact, address);
    if (blind !== undefined) return { reason: blind, returnable: true };
    exact.fill(0);
    this.#adopt(section, asked, end, writable);
    return undefined;
  }

  #overlapping(start: number, end: number): Owner | undefined {
    return (this.#seen.overlapping(start, end) ?? this.#written.overlapping(start, end))?.owner;
  }

  /** Bytes from the lowest to the highest byte of all sections, with one more. */
  #span(start: number, end: number): number {
    const { first, last } = this.#seen;
    return Math.max(end, last?.end ?? end) - Math.min(start, first?.start ?? start);
  }

  #adopt(section: MemorySection, asked: Asked, end: number, writable: number): void {
    const owner: Owner = { module: asked.module, section: asked.section };
    this.#seen.add(section.address, end, owner);
    if (writable !== section.address) this.#written.add(writable, writable + asked.size, owner);
    const live = this.#live.get(asked.module);
    if (live === undefined) this.#live.set(asked.module, new Map([[section, writable]]));
    else live.set(section, writable);
  }
}

/** What comes from JavaScript may be anything. */
function isSection(given: unknown): boolean {
  if (typeof given !== 'object' || given === null) return false;
  const { address, bytes } = given as Partial<Record<keyof MemorySection, unknown>>;
  return Number.isSafeInteger(address) && (address as number) > 0 && bytes instanceof Uint8Array;
}

function misfit({ address, bytes }: MemorySection, asked: Asked): string | undefined {
  const { size, alignment, at } = asked;
  if (bytes.length < size) return `it has ${String(bytes.length)} bytes; ${String(size)} were asked for`;
  if (address % alignment !== 0) {
    return `its address 0x${address.toString(16)} is not aligned to ${String(alignment)} bytes`;
  }
  if (bytes.byteOffset % Math.min(alignment, 8) !== 0) {
    return 'its bytes begin within a word of their ArrayBuffer';
  }
  if (at !== undefined && address !== at) {
    return `it lies at 0x${address.toString(16)}, and was asked for at 0x${at.toString(16)}`;
  }
  return undefined;
}
