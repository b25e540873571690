/** Checks a module: names, types, and that all functions return what they say. */
import { builtinNames } from './builtins.js';
import type { Frame } from './expression-checker.js';
import { StatementChecker } from './statement-checker.js';
import {
  type FunctionSymbol,
  type Global,
  type ModuleMember,
  Scope,
  type StructSymbol,
  type Symbol,
} from './symbols.js';
import type { Expression, FunctionSyntax, ModuleSyntax, VariableSyntax } from './syntax.js';
import * as types from './types.js';
import { show } from './types.js';

/** A module that is right: what codegen starts from. */
export interface CheckedModule {
  readonly name: string;
  readonly syntax: ModuleSyntax;
  /** All that it declares, by name. */
  readonly members: ReadonlyMap<string, ModuleMember>;
  readonly imports: readonly CheckedModule[];
}

/** What is there before a module's own declarations. */
export interface Surroundings {
  readonly imports: readonly CheckedModule[];
  /** Of the REPL: what earlier inputs declared. */
  readonly earlier?: ReadonlyMap<string, Symbol>;
}

/**
 * Checks a module, and fills in its tree.
 *
 * @throws RillError for the first thing that is wrong
 */
export function checkModule(
  name: string,
  syntax: ModuleSyntax,
  { imports, earlier }: Surroundings,
): CheckedModule {
  const members = new ModuleChecker(name, syntax, imports, earlier ?? new Map()).members();
  return { name, syntax, members, imports };
}

class ModuleChecker extends StatementChecker {
  readonly #name: string;
  readonly #syntax: ModuleSyntax;
  readonly #scope: Scope;
  readonly #members = new Map<string, ModuleMember>();

  constructor(
    name: string,
    syntax: ModuleSyntax,
    imports: readonly CheckedModule[],
    earlier: ReadonlyMap<string, Symbol>,
  ) {
    super(syntax.source);
    this.#name = name;
    this.#syntax = syntax;
    const outermost = new Scope();
    for (const builtin of builtinNames) outermost.add(builtin, { kind: 'builtin', name: builtin });
    const before = new Scope(outermost);
    for (const [known, symbol] of earlier) before.add(known, symbol);
    this.#scope = new Scope(before);
    for (const [index, { path, at }] of syntax.imports.entries()) {
      const names = imports[index]?.members ?? new Map<string, ModuleMember>();
      if (!this.#scope.add(importedName(path), { kind: 'module', names }))
        this.fail(at, `${path} is imported twice`);
    }
  }

  /** Structs first, then functions, so that the order in the file doesn't matter; variables see those above them. */
  members(): ReadonlyMap<string, ModuleMember> {
    const { structs, externs, functions, variables } = this.#syntax;
    const scope = this.#scope;
    const made = structs.map(({ name, at }): StructSymbol['type'] => {
      const type: StructSymbol['type'] = { kind: 'struct', name: `${this.#name}.${name}`, fields: [] };
      this.#declare(name, { kind: 'struct', type }, at);
      return type;
    });
    for (const [index, { fields }] of structs.entries()) {
      const type = made[index];
      if (type !== undefined)
        type.fields = fields.map((field) => ({ name: field.name, type: this.typeOf(field.type, scope) }));
    }
    for (const code of externs) this.#function(code, true);
    const symbols = functions.map((code) => this.#function(code, false));
    for (const variable of variables) this.#variable(variable);
    for (const [index, code] of functions.entries()) {
      const type = symbols[index]?.type;
      if (type !== undefined) this.checkBody(code, type, frameOf(type.result), scope);
    }
    return this.#members;
  }

  #declare(name: string, member: ModuleMember, at: number): void {
    if (!this.#scope.add(name, member)) this.fail(at, `${name} is declared twice`);
    this.#members.set(name, member);
  }

  #function(code: FunctionSyntax, isExtern: boolean): FunctionSymbol {
    const type = this.signatureOf(code, this.#scope);
    const odd = [...type.parameters, type.result].find(({ kind }) =>
      ['array', 'struct', 'function'].includes(kind),
    );
    if (isExtern && odd !== undefined)
      this.fail(code.at, `an extern function can't take or return ${show(odd)}`);
    const symbol = isExtern ? code.name : `${this.#name}.${code.name}`;
    const made: FunctionSymbol = { kind: 'function', symbol, isExtern, type };
    this.#declare(code.name, made, code.at);
    return made;
  }

  #variable(variable: VariableSyntax): void {
    const type = this.variableType(variable, { frame: frameOf(types.nothing), scope: this.#scope });
    const symbol = `${this.#name}.${variable.name}`;
    const { isMutable, value, name, at } = variable;
    const global: Global = { kind: 'global', symbol, type, isMutable, isLazy: !isConstant(value, isMutable) };
    this.#declare(name, global, at);
  }
}

/** What an imported module is called: its path without folders. */
export function importedName(path: string): string {
  return path.replace(/^.*\//, '');
}

function frameOf(result: types.Type): Frame {
  return { result, loops: 0 };
}

/** True for what can stand in the module as it is; a `var` string is none, as it will refer to the heap. */
function isConstant(value: Expression, isMutable: boolean): boolean {
  if (value.kind === 'unary') return value.operator === '-' && isConstant(value.operand, true);
  if (value.kind !== 'literal' || value.value === null) return false;
  if (typeof value.value === 'bigint') return value.value <= Number.MAX_SAFE_INTEGER;
  return !isMutable || typeof value.value !== 'string';
}
