/** Compiles units, or a whole module with its variables, and reads the objects back. */
import type { CompileTicket } from '../core/compile-ticket.js';
import type { CallForm, CompileChoice, CompiledObject, Compiler, CompileRequest } from '../core/compiler.js';
import { assert, present } from '../core/assert.js';
import { bitsOf, clearBit } from '../core/bits.js';
import type { TierRecipe } from '../core/tier.js';
import type { PreparedImage } from '../link/image.js';
import type { ModuleRecord } from '../registry/records.js';
import type { ImportSources, Offer } from './import-sources.js';
import type { LoadedModule, Loop, Reliance, Unit } from './loaded-module.js';
import type { NearNames } from './near-names.js';
import type { Linkage } from './options.js';
import type { CountedProfile, Profiles } from './profiles.js';
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
  /** True: it takes no bodies from other modules, whatever the tier says. @defaultValue false */
  readonly alone?: boolean;
  /** No unit, but the continuation of a loop. */
  readonly continues?: Loop | undefined;
  /** Why, for events. */
  readonly reason: string;
  /** How soon, until it begins. */
  readonly ticket: CompileTicket;
  /** Is told what is compiled, before it is. */
  readonly chosen?: ((choice: CompileChoice) => void) | undefined;
  /** Waited for before the code's object is read. */
  readonly arrived?: () => Promise<void>;
}

/** An order with its objects, ready to be placed. */
export interface CompiledOrder extends CompileOrder {
  /** What was compiled for the code; undefined for a module that came as an object. */
  readonly object: CompiledObject | undefined;
  /** The module's variables, when they are to be linked too. */
  readonly data: PreparedImage | undefined;
  /** Undefined when no unit was wanted. */
  readonly code: PreparedImage | undefined;
  /** Other modules that bodies were taken from: it must not come into use if they are not what they were. */
  readonly relies: readonly Reliance[];
}

/** What is asked of the compiler. */
interface Requests {
  readonly code: CompileRequest | undefined;
  readonly data: CompileRequest | undefined;
  readonly offer: Offer;
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
  readonly #near: NearNames;
  readonly #sources: ImportSources;
  readonly #profiles: Pick<Profiles, 'forCompile' | 'drop'>;
  readonly #objects = new Map<string, PreparedImage>();

  /**
   * @param compiler - Turns bitcode into objects.
   * @param linker - Reads objects.
   * @param near - What is near.
   * @param sources - Other modules that bodies may be taken from.
   * @param profiles - What was counted.
   */
  constructor(
    compiler: Compiler,
    linker: UnitLinker,
    near: NearNames,
    sources: ImportSources,
    profiles: Pick<Profiles, 'forCompile' | 'drop'>,
  ) {
    this.#compiler = compiler;
    this.#linker = linker;
    this.#near = near;
    this.#sources = sources;
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
      return { ...order, object: undefined, data: undefined, code, relies: [] };
    }
    const { code, data, offer } = this.#requests(order);
    const [codeObject, dataObject] = await Promise.all([
      code && this.#compiler.compile(code),
      data && this.#compiler.compile(data),
    ]);
    if (codeObject?.unfit !== undefined) this.#dropUnfit(record, offer, codeObject.unfit);
    if (codeObject !== undefined) await order.arrived?.();
    return this.#prepared(order, offer, codeObject, dataObject);
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
    const { code, data, offer } = this.#requests(order);
    return this.#prepared(
      order,
      offer,
      code && this.#compiler.compileNow(code),
      data && this.#compiler.compileNow(data),
    );
  }

  #requests(order: CompileOrder): Requests {
    const { home, record, wantsData, units, tier, ticket, continues, chosen } = order;
    assert(record.canonical.kind === 'ir', 'only IR is compiled');
    const { code, data } = record.canonical;
    const profile = this.#profile(order);
    const offer = this.#offer(order, profile);
    const request = {
      module: record.name,
      tier: tierFor(tier, record, continues),
      calls: callForm[home.linkage],
      near: offer.near,
      priority: ticket.priority,
      ticket,
    };
    const isAcross = offer.sources.length > 0;
    const across = isAcross && { sources: offer.sources.map(({ bitcode, names }) => ({ bitcode, names })) };
    if (continues !== undefined) {
      const wanted = {
        ...request,
        ...across,
        bitcode: code,
        part: 'code',
        functions: { wanted: [continues.function] },
        continuation: continues.id,
        profile,
      } as const;
      return { code: wanted, data: undefined, offer };
    }
    return {
      offer,
      code:
        units.length === 0
          ? undefined
          : {
              ...request,
              ...across,
              bitcode: code,
              part: 'code',
              ...functionsOf(home, record, units, isAcross),
              profile,
              chosen,
            },
      data: wantsData && data !== null ? { ...request, bitcode: data, part: 'data' } : undefined,
    };
  }

  #profile({ home, record, units, tier, continues }: CompileOrder): CountedProfile | undefined {
    if (tier.profile !== 'use') return undefined;
    if (continues !== undefined) return this.#profiles.forCompile(record, [continues.function]);
    return units.length === 0 ? undefined : this.#profiles.forCompile(record, namesOf(home, units));
  }

  /** Functions of other modules are inlined only into what is compiled without the rest of its module. */
  #offer(
    { home, record, units, tier, continues, alone }: CompileOrder,
    profile: CountedProfile | undefined,
  ): Offer {
    const isOne = continues !== undefined || (home.unitKind === 'function' && units.length > 0);
    const isAcross = tier.inlineAcross === true && isOne && record.whole === '' && record === home.record;
    return isAcross && alone !== true
      ? this.#sources.of(home, profile?.targets)
      : { sources: [], near: this.#near.of(record) };
  }

  /** Records of functions that were inlined belong to other modules. */
  #dropUnfit(record: ModuleRecord, { sources }: Offer, unfit: readonly string[]): void {
    if (unfit.length === 0) return;
    for (const one of new Set([record, ...sources.map((source) => source.record)])) {
      const own = new Set(one.definitions.map(({ name }) => name));
      this.#profiles.drop(
        one,
        unfit.filter((name) => own.has(name)),
      );
    }
  }

  #prepared(
    order: CompileOrder,
    { sources }: Offer,
    object: CompiledObject | undefined,
    data: CompiledObject | undefined,
  ): CompiledOrder {
    const { home, record, tier } = order;
    return {
      ...order,
      object,
      relies: sources
        .filter((source, index) => source.home !== home && (object?.imported?.includes(index) ?? true))
        .map((source) => ({ home: source.home, record: source.record })),
      data: data && this.#linker.prepare(record, data.object),
      code: object && this.#linker.prepare(record, object.object, tier),
    };
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
  isAcross: boolean,
): Pick<CompileRequest, 'functions'> {
  if (unitKind === 'module' || whole !== '') return {};
  // All of many cost less as a whole. The only one of a module has callees elsewhere, which this would not tell of.
  if (units.length === indexes.size && units.length > 1 && !isAcross) return {};
  const wanted = units.map(({ name }) => name);
  // A unit that is recompiled comes alone: those that it calls have their own counters.
  const isFirst = units.every(({ version }) => version === undefined);
  if (!isFirst) return { functions: { wanted } };
  // What another request is about to bring is not brought again.
  const possible = isLinked ? uncompiled.slice() : bitsOf(indexes.values());
  for (const { name } of beginning) clearBit(possible, indexes.get(name));
  return { functions: { wanted, possible } };
}
