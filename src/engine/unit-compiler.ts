/** Compiles units, or a whole module with its variables, and reads the objects back. */
import type { CompileTicket } from '../core/compile-ticket.js';
import type { CallForm, CompiledObject, CompileProfile, Compiler, CompileRequest } from '../core/compiler.js';
import { assert, present } from '../core/assert.js';
import { bitsOf, clearBit } from '../core/bits.js';
import type { TierRecipe } from '../core/tier.js';
import type { PreparedImage } from '../link/image.js';
import type { ModuleRecord } from '../registry/records.js';
import type { SymbolTable } from '../registry/symbol-table.js';
import type { LoadedModule, Loop, Unit } from './loaded-module.js';
import type { Linkage } from './options.js';
import type { Profiles } from './profiles.js';
import { queriedUse, type SymbolChain } from './symbol-chain.js';
import type { UnitLinker } from './unit-linker.js';

/** What is to be compiled of a module. */
export interface CompileOrder {
  readonly home: LoadedModule;
  /** What it is compiled from: the module's, or new source that is to become it. */
  readonly record: ModuleRecord;
  /** Whether the variables are wanted, too. */
  readonly wantsData: boolean;
  /** Units whose functions are wanted; none: only the module's variables. */
  readonly units: readonly Unit[];
  readonly tier: TierRecipe;
  /** No unit, but the continuation of a loop. */
  readonly continues?: Loop | undefined;
  /** Why, for events. */
  readonly reason: string;
  /** How soon, until it begins. */
  readonly ticket: CompileTicket;
  /** Waited for before the code's object is read. */
  readonly arrived?: (object: CompiledObject) => Promise<void>;
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
  readonly #symbols: Pick<SymbolTable, 'version'>;
  readonly #profiles: Pick<Profiles, 'forCompile' | 'drop'>;
  readonly #objects = new Map<string, PreparedImage>();
  /** As long as no definition comes or goes, the same array: the compiler knows it again. */
  readonly #nearOf = new WeakMap<
    ModuleRecord,
    { readonly version: number; readonly names: readonly string[] }
  >();

  /**
   * @param compiler - Turns bitcode into objects.
   * @param linker - Reads objects.
   * @param chain - Finds what is near.
   * @param symbols - What is defined.
   * @param profiles - What was counted.
   */
  constructor(
    compiler: Compiler,
    linker: UnitLinker,
    chain: SymbolChain,
    symbols: Pick<SymbolTable, 'version'>,
    profiles: Pick<Profiles, 'forCompile' | 'drop'>,
  ) {
    this.#compiler = compiler;
    this.#linker = linker;
    this.#chain = chain;
    this.#symbols = symbols;
    this.#profiles = profiles;
  }

  /** Keeps the prepared image of a module that came as an ELF object. */
  keepObject(module: string, image: PreparedImage): void {
    this.#objects.set(module, image);
  }

  /** Drops that image: its module is linked, and is never compiled again. */
  dropObject(module: string): void {
    this.#objects.delete(module);
  }

  /** Drops what is kept of a module's source: the module is gone, or has new source. */
  forget({ name, canonical }: ModuleRecord): void {
    if (canonical.kind === 'ir') this.#compiler.forget?.(canonical.code);
    else this.dropObject(name);
  }

  /**
   * Compiles what is ordered.
   *
   * @param order - The units and the tier.
   * @returns The prepared objects.
   * @throws TierlinkError COMPILE_FAILED, COMPILE_CRASHED, COMPILE_CANCELLED, LLVM_MISSING, OBJECT_INVALID (as rejections)
   */
  async compile(order: CompileOrder): Promise<CompiledOrder> {
    const { record } = order;
    if (record.canonical.kind === 'object') {
      const code = present(this.#objects.get(record.name), 'the object of a module is kept');
      return { ...order, object: undefined, data: undefined, code };
    }
    const { code, data } = this.#requests(order);
    const [codeObject, dataObject] = await Promise.all([
      code && this.#compiler.compile(code),
      data && this.#compiler.compile(data),
    ]);
    if (codeObject?.unfit !== undefined) this.#profiles.drop(record, codeObject.unfit);
    if (codeObject !== undefined) await order.arrived?.(codeObject);
    return this.#prepared(order, codeObject, dataObject);
  }

  /**
   * Compiles the code that is ordered, and leaves it at that.
   *
   * @param order - Units of a module that came as IR, and the tier.
   * @returns The object.
   * @throws TierlinkError COMPILE_FAILED, COMPILE_CRASHED, COMPILE_CANCELLED, LLVM_MISSING (as rejections)
   */
  async compileCode(order: CompileOrder): Promise<CompiledObject> {
    return this.#compiler.compile(present(this.#requests(order).code, 'a unit is ordered'));
  }

  /**
   * Compiles what is ordered on this thread, before it returns.
   *
   * @param order - Units of a module that came as IR, and the tier.
   * @returns The prepared objects.
   * @throws TierlinkError COMPILE_FAILED, COMPILE_CRASHED, OBJECT_INVALID
   */
  compileNow(order: CompileOrder): CompiledOrder {
    const { code, data } = this.#requests(order);
    return this.#prepared(
      order,
      code && this.#compiler.compileNow(code),
      data && this.#compiler.compileNow(data),
    );
  }

  #requests({ home, record, wantsData, units, tier, ticket, continues }: CompileOrder): {
    readonly code: CompileRequest | undefined;
    readonly data: CompileRequest | undefined;
  } {
    assert(record.canonical.kind === 'ir', 'only IR is compiled');
    const { code, data } = record.canonical;
    const request = {
      module: record.name,
      tier: tierFor(tier, record, continues),
      calls: callForm[home.linkage],
      near: this.#near(record),
      priority: ticket.priority,
      ticket,
    };
    const profileOf = (names: readonly string[]): CompileProfile | undefined =>
      tier.profile === 'use' ? this.#profiles.forCompile(record, names) : undefined;
    if (continues !== undefined) {
      const wanted = {
        ...request,
        bitcode: code,
        part: 'code',
        functions: { wanted: [continues.function] },
        continuation: continues.id,
        profile: profileOf([continues.function]),
      } as const;
      return { code: wanted, data: undefined };
    }
    return {
      code:
        units.length === 0
          ? undefined
          : {
              ...request,
              bitcode: code,
              part: 'code',
              ...functionsOf(home, record, units),
              profile: profileOf(namesOf(home, units)),
            },
      data: wantsData && data !== null ? { ...request, bitcode: data, part: 'data' } : undefined,
    };
  }

  #prepared(
    order: CompileOrder,
    object: CompiledObject | undefined,
    data: CompiledObject | undefined,
  ): CompiledOrder {
    const { record, tier } = order;
    return {
      ...order,
      object,
      data: data && this.#linker.prepare(record, data.object),
      code: object && this.#linker.prepare(record, object.object, tier),
    };
  }

  /** Names that lie in the engine's memory: they need no GOT. Thread-locals are reached by other means. */
  #near(record: ModuleRecord): readonly string[] {
    const { version } = this.#symbols;
    const known = this.#nearOf.get(record);
    if (known?.version === version) return known.names;
    const near = [...record.definitions, ...record.uses].filter((symbol) => {
      if (symbol.kind === 'thread-local') return false;
      const found = this.#chain.find(symbol.name, queriedUse(symbol), record.name);
      return found?.kind === 'definition' && found.definition.kind !== 'thread-local';
    });
    const names = near.map((symbol) => symbol.name);
    this.#nearOf.set(record, { version, names });
    return names;
  }
}

/** What a recipe comes to for a module. */
function tierFor(tier: TierRecipe, { pinned, whole }: ModuleRecord, continues: Loop | undefined): TierRecipe {
  // Nothing could answer the request of a module that stays as it is; and what calls a continuation has been counted.
  const counters = tier.counters && pinned === '' && continues === undefined;
  // A continuation is compiled without the rest of its module.
  const osr = tier.osr === true && whole === '' && continues === undefined;
  return { ...tier, counters, osr };
}

/** The functions that are to be compiled. */
function namesOf(home: LoadedModule, units: readonly Unit[]): readonly string[] {
  return home.unitKind === 'module' ? [...home.indexes.keys()] : units.map(({ name }) => name);
}

/** What of a module's functions is wanted; nothing is said when it is all of them. */
function functionsOf(
  { unitKind, indexes, isLinked, uncompiled, beginning }: LoadedModule,
  { whole }: ModuleRecord,
  units: readonly Unit[],
): Pick<CompileRequest, 'functions'> {
  if (unitKind === 'module' || whole !== '') return {};
  // All of many cost less as a whole. The only one of a module has callees elsewhere, which this would not tell of.
  if (units.length === indexes.size && units.length > 1) return {};
  const wanted = units.map(({ name }) => name);
  // A unit that is recompiled comes alone: those that it calls have their own counters.
  const isFirst = units.every(({ version }) => version === undefined);
  if (!isFirst) return { functions: { wanted } };
  // What another request is about to bring is not brought again.
  const possible = isLinked ? uncompiled.slice() : bitsOf(indexes.values());
  for (const { name } of beginning) clearBit(possible, indexes.get(name));
  return { functions: { wanted, possible } };
}
