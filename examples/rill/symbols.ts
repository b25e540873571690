/** What a name stands for, and scopes to find it in. */
import type { StructType, Type } from './types.js';

/** A variable of a function, or a parameter. */
export interface Local {
  readonly kind: 'local';
  readonly name: string;
  readonly type: Type;
  readonly isMutable: boolean;
  /** Whose it is: closures inside that function capture it. */
  readonly owner: object;
  /** A mutable local that a closure captures lives in a box on the heap, which both share. */
  isCaptured: boolean;
}

/** A variable of a module. It is kept when the module is edited. */
export interface Global {
  readonly kind: 'global';
  /** The symbol of the variable: `module.name`. */
  readonly symbol: string;
  type: Type;
  readonly isMutable: boolean;
  /** True: it is initialised when it is first used; false: its value is a constant of the module. */
  readonly isLazy: boolean;
}

/** A function of a module, or an `extern` one. */
export interface FunctionSymbol {
  readonly kind: 'function';
  /** `module.name`; of an extern function the bare name. */
  readonly symbol: string;
  readonly isExtern: boolean;
  type: Type & { readonly kind: 'function' };
}

/** A struct; its name is called like a function to make one. */
export interface StructSymbol {
  readonly kind: 'struct';
  readonly type: StructType;
}

/** An imported module, and what it declares. */
export interface ModuleSymbol {
  readonly kind: 'module';
  readonly names: ReadonlyMap<string, ModuleMember>;
}

/** What the checker knows by name without a declaration. */
export interface Builtin {
  readonly kind: 'builtin';
  readonly name: string;
}

/** What a module can declare. */
export type ModuleMember = Global | FunctionSymbol | StructSymbol;
/** Whatever a name can stand for. */
export type Symbol = Local | ModuleMember | ModuleSymbol | Builtin;

/** Names of one block; what isn't found here is looked for outside. */
export class Scope {
  readonly #names = new Map<string, Symbol>();
  readonly #outer: Scope | undefined;

  constructor(outer?: Scope) {
    this.#outer = outer;
  }

  /** False if the block has that name already. */
  add(name: string, symbol: Symbol): boolean {
    if (this.#names.has(name)) return false;
    this.#names.set(name, symbol);
    return true;
  }

  find(name: string): Symbol | undefined {
    return this.#names.get(name) ?? this.#outer?.find(name);
  }
}
