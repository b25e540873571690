/** The limit on code memory, and what is done when it is reached: reclaim, then compact, then refuse. */
import { TierlinkError } from '../core/errors.js';
import type { SectionMemory } from '../memory/section-memory.js';
import type { Reclaimer } from './reclaimer.js';

/** What a code cache works with. */
export interface CodeCacheParts {
  readonly memory: SectionMemory;
  readonly reclaimer: Reclaimer;
  /** Moves code into holes, where that is possible. */
  readonly compact: () => void;
  /** Bytes of code, stubs included. */
  readonly maxBytes: number;
}

/** Sees to it that there is room for code before any is placed. */
export class CodeCache {
  readonly #parts: CodeCacheParts;

  /** @param parts - Memory, its limit, and who makes room. */
  constructor(parts: CodeCacheParts) {
    this.#parts = parts;
  }

  /**
   * Makes room, without touching code that is in use: what moves is copied first.
   *
   * @param bytes - Bytes of code that are about to be placed.
   * @param module - Name of the module, for the message.
   * @throws TierlinkError CODE_CACHE_FULL; MEMORY_EXHAUSTED when not the limit is the reason
   */
  makeRoom(bytes: number, module: string): void {
    const { memory, reclaimer, compact, maxBytes } = this.#parts;
    if (this.#fits(bytes)) return;
    reclaimer.now();
    if (this.#fits(bytes)) return;
    compact();
    if (this.#fits(bytes)) return;
    const limit = memory.limit('code');
    const used = memory.used('code');
    // Without a limit of its own the region is what is full.
    if (used + bytes <= maxBytes || maxBytes >= (limit ?? Infinity))
      throw new TierlinkError('MEMORY_EXHAUSTED', { module, region: 'code', needed: bytes, limit });
    throw new TierlinkError('CODE_CACHE_FULL', { module, needed: bytes, used, limit: maxBytes });
  }

  #fits(bytes: number): boolean {
    const { memory, maxBytes } = this.#parts;
    if (memory.used('code') + bytes > maxBytes) return false;
    return bytes === 0 || memory.hole(bytes, 64) !== undefined;
  }
}
