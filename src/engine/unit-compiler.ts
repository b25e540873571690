/** Compiles units, or a whole module with its variables, and reads the objects back. */
import type { CompileTicket } from '../core/compile-ticket.js';
import type { CallForm, CompiledObject, Compiler } from '../core/compiler.js';
import { present } from '../core/assert.js';
import type { TierRecipe } from '../core/tier.js';
import type { PreparedImage } from '../link/image.js';
import type { ModuleRecord } from '../registry/records.js';
import type { LoadedModule, Unit } from './loaded-module.js';
import type { Linkage } from './options.js';
import { queriedUse, type SymbolChain } from './symbol-chain.js';
import type { UnitLinker } from './unit-linker.js';

/** What is to be compiled of a module. */
export interface CompileOrder {
  readonly home: LoadedModule;
  /** Units whose functions are wanted; none: only the module's variables. */
  readonly units: readonly Unit[];
  readonly tier: TierRecipe;
  /** Why, for events. */
  readonly reason: string;
  /** How soon, until it begins. */
  readonly ticket: CompileTicket;
}

/** An order with its objects, ready to be placed. */
export interface CompiledOrder extends CompileOrder {
  /** What was compiled for the code; undefined for a module that came as an object. */
  readonly object: CompiledObject | undefined;
  /** The module's variables, when they are to be linked too. */
  readonly data: PreparedImage | undefined;
  /** Undefined when no unit was wanted. */
  readonly code: PreparedImage | undefined;
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

  /** Keeps the prepared image of a module that came as an ELF object. */
  keepObject(module: string, image: PreparedImage): void {
    this.#objects.set(module, image);
  }

  /** Drops that image: its module is linked, and is never compiled again. */
  dropObject(module: string): void {
    this.#objects.delete(module);
  }

  /**
   * Compiles what is ordered.
   *
   * @param order - The units and the tier.
   * @returns The prepared objects; with the variables of a module that is linked for the first time, and those that new
   *   source adds.
   * @throws TierlinkError COMPILE_FAILED, COMPILE_CRASHED, COMPILE_CANCELLED, LLVM_MISSING, OBJECT_INVALID
   *   (as rejections)
   */
  async compile(order: CompileOrder): Promise<CompiledOrder> {
    const { home, units, tier, ticket } = order;
    const { record, wantsData } = home.replacement ?? { record: home.record, wantsData: !home.isLinked };
    if (record.canonical.kind === 'object') {
      const code = present(this.#objects.get(record.name), 'the object of a module is kept');
      return { ...order, object: undefined, data: undefined, code };
    }
    const { code: codeBitcode, data: dataBitcode } = record.canonical;
    // Nothing could answer the request of a module that stays as it is.
    const counted = { ...tier, counters: tier.counters && record.pinned === '' };
    const request = {
      module: record.name,
      tier: counted,
      calls: callForm[home.linkage],
      near: this.#near(record),
      priority: ticket.priority,
      ticket,
    };
    const [object, data] = await Promise.all([
      units.length === 0
        ? undefined
        : this.#compiler.compile({ ...request, bitcode: codeBitcode, part: 'code' }),
      wantsData && dataBitcode !== null
        ? this.#compiler.compile({ ...request, bitcode: dataBitcode, part: 'data' })
        : undefined,
    ]);
    return {
      ...order,
      object,
      data: data && this.#linker.prepare(record, data.object),
      code: object && this.#linker.prepare(record, object.object, tier),
    };
  }

  /** Names that lie in the engine's memory: they need no GOT. Thread-locals are reached by other means. */
  #near(record: ModuleRecord): readonly string[] {
    const near = [...record.definitions, ...record.uses].filter((symbol) => {
      if (symbol.kind === 'thread-local') return false;
      const found = this.#chain.find(symbol.name, queriedUse(symbol), record.name);
      return found?.kind === 'definition' && found.definition.kind !== 'thread-local';
    });
    return near.map((symbol) => symbol.name);
  }
}
