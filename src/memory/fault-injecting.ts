/** A memory manager for tests: another one that sometimes has no room, or fails to finalize. */
import type { Address } from '../core/ids.js';
import type { MemoryManager, MemorySection } from './memory-manager.js';

/** What can be made to fail: an allocation (there is no room), or a `finalize` (it throws). */
export type FaultPoint = 'allocate' | 'finalize';

/**
 * Decides whether a call fails.
 *
 * @param point - What is called.
 * @param count - How many calls of this kind there were, this one included.
 */
export type FaultRule = (point: FaultPoint, count: number) => boolean;

/**
 * A rule by which one allocation fails.
 *
 * @param nth - Which one, 1 for the first.
 * @returns The rule.
 */
export function failNth(nth: number): FaultRule {
  return (point, count) => point === 'allocate' && count === nth;
}

/**
 * A rule by which calls of every kind fail now and then, the same ones each time for the same seed.
 *
 * @param probability - Of each call, 0 to 1.
 * @param seed - A whole number.
 * @returns The rule.
 */
export function failSometimes(probability: number, seed: number): FaultRule {
  let state = seed >>> 0;
  return () => {
    // xorshift has no other state to lead away from 0.
    state = state === 0 ? 0x9e3779b9 : state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32 < probability;
  };
}

/** Passes everything on to another manager, except what a rule lets fail. */
export class FaultInjectingMemory implements MemoryManager {
  readonly apiVersion: number;
  readonly codeModel: 'small';
  readonly granularity: number;
  readonly patchable: boolean;
  readonly ranges: MemoryManager['ranges'];
  /** Not counted: it takes nothing. */
  readonly findCode?: NonNullable<MemoryManager['findCode']>;
  readonly #inner: MemoryManager;
  readonly #rule: FaultRule;
  readonly #counts: Record<FaultPoint, number> = { allocate: 0, finalize: 0 };
  #injected = 0;

  /**
   * @param inner - Where memory comes from; destroyed with this one.
   * @param rule - What fails, such as {@link failNth}.
   */
  constructor(inner: MemoryManager, rule: FaultRule) {
    this.#inner = inner;
    this.#rule = rule;
    this.apiVersion = inner.apiVersion;
    this.codeModel = inner.codeModel;
    this.granularity = inner.granularity;
    this.patchable = inner.patchable;
    this.ranges = inner.ranges;
    const find = inner.findCode?.bind(inner);
    if (find !== undefined) this.findCode = find;
  }

  /** Calls that were made to fail so far. */
  get injected(): number {
    return this.#injected;
  }

  allocateCodeSection(
    size: number,
    alignment: number,
    sectionId: number,
    sectionName: string,
    module: string,
    at?: Address,
  ): MemorySection | undefined {
    if (this.#fails('allocate')) return undefined;
    return this.#inner.allocateCodeSection(size, alignment, sectionId, sectionName, module, at);
  }

  allocateDataSection(
    size: number,
    alignment: number,
    sectionId: number,
    sectionName: string,
    module: string,
    isReadOnly: boolean,
  ): MemorySection | undefined {
    if (this.#fails('allocate')) return undefined;
    return this.#inner.allocateDataSection(size, alignment, sectionId, sectionName, module, isReadOnly);
  }

  finalize(module: string): void {
    if (this.#fails('finalize')) throw new Error('an injected fault');
    this.#inner.finalize(module);
  }

  release(module: string, section?: MemorySection): void {
    this.#inner.release(module, section);
  }

  destroy(): void {
    this.#inner.destroy();
  }

  #fails(point: FaultPoint): boolean {
    this.#counts[point] += 1;
    const fails = this.#rule(point, this.#counts[point]);
    if (fails) this.#injected += 1;
    return fails;
  }
}
