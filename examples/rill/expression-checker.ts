/** Gives every expression its type, and every name what it stands for. */
import { builtinResult } from './builtins.js';
import { RillError, type Source } from './source.js';
import type { Local, Scope, Symbol } from './symbols.js';
import type { Call, Expression, Field, FunctionSyntax, Lambda, Literal, TypeSyntax } from './syntax.js';
import * as types from './types.js';
import { fits, show, type Type } from './types.js';

/** The function that is being checked. */
export interface Frame {
  readonly result: Type;
  /** Of a closure: the function around it, and the locals it takes from there. */
  readonly outer?: Frame;
  readonly captures?: Local[];
  /** How many loops are around the statement. */
  loops: number;
}

/** Where an expression stands. */
export interface Place {
  readonly frame: Frame;
  readonly scope: Scope;
}

const arithmetic = ['int', 'float'];
/** Kinds of values that binary operators take. */
const operands: readonly (readonly [operators: string, kinds: string])[] = [
  ['+', 'int float string'],
  ['- * / < <= > >=', 'int float'],
  ['% & | ^ << >>', 'int'],
  ['&& ||', 'bool'],
  ['== !=', 'int float bool string struct nil'],
];
const comparing = new Set(['<', '<=', '>', '>=', '==', '!=']);

/** Checks expressions; bodies of closures are checked by the class that extends it. */
export abstract class ExpressionChecker {
  protected readonly source: Source;

  constructor(source: Source) {
    this.source = source;
  }

  protected abstract checkBody(
    code: FunctionSyntax,
    type: Type & { kind: 'function' },
    frame: Frame,
    scope: Scope,
  ): void;

  protected fail(at: number, message: string): never {
    throw new RillError(this.source, at, message);
  }

  /** The type that is meant by what is written. */
  protected typeOf(syntax: TypeSyntax, scope: Scope): Type {
    if (syntax.kind === 'array') return { kind: 'array', element: this.typeOf(syntax.element, scope) };
    if (syntax.kind === 'function') {
      const parameters = syntax.parameters.map((parameter) => this.typeOf(parameter, scope));
      return { kind: 'function', parameters, result: this.resultOf(syntax, scope) };
    }
    const { module, name, at } = syntax;
    const simple = { int: types.int, float: types.float, bool: types.bool, string: types.string }[name];
    if (module === undefined && simple !== undefined) return simple;
    const home = module === undefined ? undefined : scope.find(module);
    const found =
      module === undefined ? scope.find(name) : home?.kind === 'module' ? home.names.get(name) : undefined;
    if (found?.kind === 'struct') return found.type;
    return this.fail(at, `there is no type ${module === undefined ? '' : `${module}.`}${name}`);
  }

  protected resultOf({ result }: { readonly result?: TypeSyntax }, scope: Scope): Type {
    return result === undefined ? types.nothing : this.typeOf(result, scope);
  }

  protected signatureOf(code: FunctionSyntax, scope: Scope): Type & { kind: 'function' } {
    const parameters = code.parameters.map(({ type }) => this.typeOf(type, scope));
    return { kind: 'function', parameters, result: this.resultOf(code, scope) };
  }

  /** Checks an expression that must be of a type. */
  protected expect(expression: Expression, wanted: Type, place: Place): void {
    const given = this.check(expression, place, wanted);
    if (!fits(given, wanted)) this.fail(expression.at, `expected ${show(wanted)}, found ${show(given)}`);
  }

  /** Checks an expression; `wanted` is a hint for what has no type of its own. */
  protected check(expression: Expression, place: Place, wanted?: Type): Type {
    return (expression.type = this.#check(expression, place, wanted));
  }

  #check(expression: Expression, place: Place, wanted: Type | undefined): Type {
    switch (expression.kind) {
      case 'literal':
        return literalType(expression);
      case 'name': {
        expression.symbol = place.scope.find(expression.name);
        if (expression.symbol === undefined) this.fail(expression.at, `${expression.name} is not known here`);
        return this.#symbolType(expression.symbol, expression.name, expression.at, place);
      }
      case 'array':
        return this.#array(expression.elements, expression.at, place, wanted);
      case 'unary': {
        const type = this.check(expression.operand, place);
        const allowed = expression.operator === '!' ? ['bool'] : arithmetic;
        if (allowed.includes(type.kind)) return type;
        return this.fail(
          expression.at,
          `${expression.operator} needs ${allowed.join(' or ')}, not ${show(type)}`,
        );
      }
      case 'binary': {
        const { operator, at } = expression;
        const left = this.check(expression.left, place);
        const right = this.check(expression.right, place);
        const same = fits(right, left) || fits(left, right);
        if (same && takes(operator, left.kind)) return comparing.has(operator) ? types.bool : left;
        return this.fail(at, `${operator} can't be used with ${show(left)} and ${show(right)}`);
      }
      case 'call':
        return this.#call(expression, place);
      case 'index': {
        const target = this.check(expression.target, place);
        this.expect(expression.index, types.int, place);
        if (target.kind === 'array') return target.element;
        return target.kind === 'string'
          ? types.int
          : this.fail(expression.at, `${show(target)} has no elements`);
      }
      case 'field':
        return this.#field(expression, place);
      case 'lambda':
        return this.#lambda(expression, place);
    }
  }

  #symbolType(symbol: Symbol, name: string, at: number, { frame }: Place): Type {
    switch (symbol.kind) {
      case 'local': {
        // Each function between the use and the owner has to hand it on.
        let inner: Frame | undefined = frame;
        for (; inner !== undefined && inner !== symbol.owner; inner = inner.outer) {
          if (inner.captures?.includes(symbol) === false) inner.captures.push(symbol);
          symbol.isCaptured = true;
        }
        return symbol.type;
      }
      case 'global':
      case 'function':
        return symbol.type;
      case 'struct':
      case 'builtin':
        return this.fail(at, `${name} can only be called`);
      case 'module':
        return this.fail(
          at,
          `${name} is a module; its names are ${[...symbol.names.keys()].join(', ') || 'none'}`,
        );
    }
  }

  #array(elements: readonly Expression[], at: number, place: Place, wanted: Type | undefined): Type {
    const [first] = elements;
    const hint = wanted?.kind === 'array' ? wanted.element : undefined;
    const element = hint ?? (first === undefined ? undefined : this.check(first, place));
    if (element === undefined) this.fail(at, 'the type of this empty array is not known; declare it');
    if (element.kind === 'void' || element.kind === 'nil')
      this.fail(at, `an array can't hold ${show(element)}`);
    for (const item of elements) this.expect(item, element, place);
    return { kind: 'array', element };
  }

  #field(expression: Field, place: Place): Type {
    const { target, name, at } = expression;
    const found = target.kind === 'name' ? place.scope.find(target.name) : undefined;
    if (found?.kind === 'module') {
      expression.symbol = found.names.get(name);
      if (expression.symbol !== undefined) return this.#symbolType(expression.symbol, name, at, place);
      this.fail(at, `there is no ${name} in that module`);
    }
    const type = this.check(target, place);
    if (name === 'length' && (type.kind === 'array' || type.kind === 'string')) return types.int;
    const field = type.kind === 'struct' ? type.fields.find((known) => known.name === name) : undefined;
    return field?.type ?? this.fail(at, `${show(type)} has no field ${name}`);
  }

  #call(expression: Call, place: Place): Type {
    const { callee, given, at } = expression;
    const symbol = calledSymbol(callee, place.scope);
    if (symbol?.kind === 'builtin') {
      setSymbol(callee, symbol);
      const result = builtinResult(
        symbol.name,
        given.map((argument) => this.check(argument, place)),
      );
      return typeof result === 'string' ? this.fail(at, result) : result;
    }
    if (symbol?.kind === 'struct') {
      setSymbol(callee, symbol);
      const wanted = symbol.type.fields.map(({ type }) => type);
      this.#arguments(expression, wanted, symbol.type.name, place);
      return symbol.type;
    }
    if (callee.kind === 'field' && symbol === undefined && ['push', 'pop'].includes(callee.name)) {
      const array = this.check(callee.target, place);
      if (array.kind !== 'array') this.fail(callee.at, `${show(array)} has no ${callee.name}`);
      const isPush = callee.name === 'push';
      this.#arguments(expression, isPush ? [array.element] : [], callee.name, place);
      return isPush ? types.nothing : array.element;
    }
    const type = this.check(callee, place);
    if (type.kind !== 'function') return this.fail(at, `${show(type)} can't be called`);
    this.#arguments(expression, type.parameters, show(type), place);
    return type.result;
  }

  #arguments({ given, at }: Call, wanted: readonly Type[], what: string, place: Place): void {
    if (given.length !== wanted.length) {
      this.fail(at, `${what} takes ${String(wanted.length)} arguments, not ${String(given.length)}`);
    }
    for (const [index, type] of wanted.entries()) {
      const argument = given[index];
      if (argument !== undefined) this.expect(argument, type, place);
    }
  }

  #lambda({ code, captures }: Lambda, { frame, scope }: Place): Type {
    const type = this.signatureOf(code, scope);
    this.checkBody(code, type, { result: type.result, outer: frame, captures, loops: 0 }, scope);
    return type;
  }
}

function takes(operator: string, kind: string): boolean {
  return operands.some(
    ([all, kinds]) => all.split(' ').includes(operator) && kinds.split(' ').includes(kind),
  );
}

function literalType({ value }: Literal): Type {
  if (value === null) return types.nil;
  const kind = { bigint: types.int, number: types.float, boolean: types.bool, string: types.string };
  return kind[typeof value as keyof typeof kind];
}

/** What a call's callee stands for, where it is a name, or a name in a module. */
function calledSymbol(callee: Expression, scope: Scope): Symbol | undefined {
  if (callee.kind === 'name') return scope.find(callee.name);
  if (callee.kind !== 'field' || callee.target.kind !== 'name') return undefined;
  const home = scope.find(callee.target.name);
  return home?.kind === 'module' ? home.names.get(callee.name) : undefined;
}

function setSymbol(callee: Expression, symbol: Symbol): void {
  if (callee.kind === 'name' || callee.kind === 'field') callee.symbol = symbol;
}
