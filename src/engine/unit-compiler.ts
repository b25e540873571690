/** Compiles what a unit consists of, and reads the objects back. */
import type { CompileTicket } from '../core/compile-ticket.js';
import type { CallForm, CompiledObject, Compiler } from '../core/compiler.js';
import { present } from '../core/assert.js';
import type { TierRecipe } from '../core/tier.js';
import type { PreparedImage } from '../link/image.js';
import type { ModuleRecord } from '../registry/records.js';
import type { Linkage } from './options.js';
import { queriedUse, type SymbolChain } from './symbol-chain.js';
import type { Unit } from './unit.js';
import type { UnitLinker } from './unit-linker.js';

/** A unit's objects, ready to be placed. */
export interface CompiledUnit {
  readonly unit: Unit;
  readonly tier: TierRecipe;
  readonly reason: string;
  /** What was compiled for the code; undefined for a module that came as an object. */
  readonly object: CompiledObject | undefined;
  /** The module's variables, when they are to be linked too. */
  readonly data: PreparedImage | undefined;
  readonly code: PreparedImage;
}

const callForm: Readonly<Record<Linkage, CallForm>> = {
  stub: 'direct',
  'offset-table': 'indirect',
  direct: 'patchable',
};

/** Compiles units of one engine. */
export class UnitCompiler {
  readonly #compiler: Compiler;
  readonly #linker: UnitLinker;
  readonly #chain: SymbolChain;
  readonly #objects = new Map<string, PreparedImage>();

  /**
   * @param compiler - Turns bitcode into objects.
   * @param linker - Reads objects.
   * @param chain - Finds what is near.
   */
  constructor(compiler: Compiler, linker: UnitLinker, chain: SymbolChain) {
    this.#compiler = compiler;
    this.#linker = linker;
    this.#chain = chain;
  }

  /** Forgets what was kept of a module. */
  forget(module: string): void {
    this.#objects.delete(module);
  }

  /** Keeps the prepared image of a module that came as an ELF object. */
  keepObject(module: string, image: PreparedImage): void {
    this.#objects.set(module, image);
  }

  /** Drops that image: its module is linked, and is never compiled again. */
  dropObject(module: string): void {
    this.#objects.delete(module);
  }

  /**
   * Compiles a unit.
   *
   * @param unit - The unit.
   * @param tier - The tier.
   * @param reason - Why, for events.
   * @param ticket - How soon, until it begins.
   * @returns The prepared objects; with the variables of a first version, and those that new source adds.
   * @throws TierlinkError COMPILE_FAILED, COMPILE_CRASHED, COMPILE_CANCELLED, LLVM_MISSING, OBJECT_INVALID (as rejections)
   */
  async compile(unit: Unit, tier: TierRecipe, reason: string, ticket: CompileTicket): Promise<CompiledUnit> {
    const { module, wantsData } = unit.replacement ?? {
      module: unit.module,
      wantsData: unit.version === undefined,
    };
    if (module.canonical.kind === 'object') {
      const code = present(this.#objects.get(module.name), 'the object of a module is kept');
      return { unit, tier, reason, object: undefined, data: undefined, code };
    }
    const { code: codeBitcode, data: dataBitcode } = module.canonical;
    // Nothing could answer the request of a module that stays as it is.
    const counted = { ...tier, counters: tier.counters && module.pinned === '' };
    const request = {
      module: module.name,
      tier: counted,
      calls: callForm[unit.linkage],
      near: this.#near(module),
      priority: ticket.priority,
      ticket,
    };
    const [object, data] = await Promise.all([
      this.#compiler.compile({ ...request, bitcode: codeBitcode, part: 'code' }),
      wantsData && dataBitcode !== null
        ? this.#compiler.compile({ ...request, bitcode: dataBitcode, part: 'data' })
        : undefined,
    ]);
    return {
      unit,
      tier,
      reason,
      object,
      data: data === undefined ? undefined : this.#linker.prepare(module, data.object),
      code: this.#linker.prepare(module, object.object, tier),
    };
  }

  /** Names that lie in the engine's memory: they need no GOT. Thread-locals are reached by other means. */
  #near(module: ModuleRecord): readonly string[] {
    const near = [...module.definitions, ...module.uses].filter((symbol) => {
      if (symbol.kind === 'thread-local') return false;
      const found = this.#chain.find(symbol.name, queriedUse(symbol), module.name);
      return found?.kind === 'definition' && found.definition.kind !== 'thread-local';
    });
    return near.map((symbol) => symbol.name);
  }
}
