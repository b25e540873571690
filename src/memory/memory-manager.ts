/**
 * What a memory manager is: where sections of code and data lie, and who may write to them when. It knows nothing of
 * symbols and of unwind tables, which have interfaces of their own.
 */
import type { Address } from '../core/ids.js';

/** Version of {@link MemoryManager} that this library calls. */
export const memoryManagerVersion = 1;

/** Memory of one section. */
export interface MemorySection {
  /** Where the program sees it. */
  readonly address: Address;
  /**
   * Its bytes, writable until `finalize`: at `address` itself, or another mapping of the same memory. At least as many
   * as were asked for. Of variables they stay writable. Their offset in the ArrayBuffer is aligned, too, up to 8.
   */
  readonly bytes: Uint8Array;
}

/**
 * Hands out memory. Complete when it is made, and used by one engine, which destroys it. All methods are called on the
 * engine's JS thread. `undefined` says that there is no room, and nothing was taken; the engine then reclaims and
 * compacts, or fails with MEMORY_EXHAUSTED. Whatever a method throws makes the operation fail, and all that it took is
 * given back.
 */
export interface MemoryManager {
  /** Version of this interface that it was written for: 1. */
  readonly apiVersion: number;
  /** `small`: all sections of an engine lie within 2 GiB, so that 32-bit displacements reach each from each. */
  readonly codeModel: 'small';
  /**
   * Bytes, a power of two. Every code section begins at a multiple of it: 1, or the page size where sections can't
   * share a page because each page has permissions of its own.
   */
  readonly granularity: number;
  /**
   * True: the bytes of a code section can be written while it is executed, as in a second mapping. Without it there
   * is no linkage `direct`, which patches calls in place (I7).
   */
  readonly patchable: boolean;
  /**
   * Where sections of a kind lie and how many bytes there is room for, if the manager knows. For snapshots and
   * messages.
   */
  readonly ranges?:
    | Readonly<Record<'code' | 'readonly' | 'data', { readonly start: Address; readonly bytes: number }>>
    | undefined;

  /**
   * Reserves memory for code.
   *
   * @param size - Bytes, above 0.
   * @param alignment - Bytes, a power of two.
   * @param sectionId - Number of the section, unique in the engine.
   * @param sectionName - Such as `.text`.
   * @param module - Name of the module that it is allocated for; `offset table` for the engine's own stubs.
   * @param at - Where it must begin, when code is moved; by default at the lowest address that is free, so that
   *   moving code there compacts it.
   * @returns The section, which overlaps no other one and reads as zero; undefined when there is no room, or not there.
   */
  allocateCodeSection(
    size: number,
    alignment: number,
    sectionId: number,
    sectionName: string,
    module: string,
    at?: Address,
  ): MemorySection | undefined;

  /**
   * Reserves memory for constants or variables. Parameters are those of {@link allocateCodeSection}.
   *
   * @param isReadOnly - True: the program only reads it, the engine writes it until `finalize`.
   * @returns The section, which overlaps no other one and reads as zero; undefined when there is no room.
   */
  allocateDataSection(
    size: number,
    alignment: number,
    sectionId: number,
    sectionName: string,
    module: string,
    isReadOnly: boolean,
  ): MemorySection | undefined;

  /**
   * Gives all sections that a module was allocated since the last time their permissions: code can be executed and
   * not written (except through another mapping, if `patchable`), constants can be read. Their bytes are complete.
   * No page may ever be writable and executable at once (I3), and what was finalized before must stay executable:
   * threads may be in it.
   *
   * @param module - The module.
   */
  finalize(module: string): void;

  /**
   * Takes memory back, finalized or not. No thread is in it and nothing refers to it any more.
   *
   * @param module - The module that it was allocated for.
   * @param section - One of its sections, as it was handed out; by default all that the module holds.
   */
  release(module: string, section?: MemorySection): void;

  /** Takes everything back: the engine ends, and no thread is inside. Idempotent. */
  destroy(): void;

  /**
   * Where {@link allocateCodeSection} would put a section now; undefined if it does not fit. May be left out: the
   * engine then takes a section and gives it back.
   *
   * @param size - Bytes, above 0.
   * @param alignment - Bytes, a power of two.
   */
  findCode?(size: number, alignment: number): Address | undefined;
}
