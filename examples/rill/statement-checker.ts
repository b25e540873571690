/** Checks bodies of functions. */
import { ExpressionChecker, type Frame, type Place } from './expression-checker.js';
import { type Local, Scope } from './symbols.js';
import type { Assign, Expression, FunctionSyntax, Statement, VariableSyntax } from './syntax.js';
import * as types from './types.js';
import { show, type Type } from './types.js';

export abstract class StatementChecker extends ExpressionChecker {
  protected override checkBody(
    code: FunctionSyntax,
    { parameters, result }: Type & { kind: 'function' },
    frame: Frame,
    outside: Scope,
  ): void {
    const scope = new Scope(outside);
    code.locals = code.parameters.map(({ name, at }, index) => {
      return this.#local(name, parameters[index] ?? types.nothing, false, at, { frame, scope });
    });
    this.#block(code.body, { frame, scope });
    if (result.kind !== 'void' && !code.body.some(alwaysReturns)) {
      this.fail(code.end, `${code.name || 'this function'} can end without returning ${show(result)}`);
    }
  }

  /** The type of a variable: what is declared, or that of its value. */
  protected variableType({ type, value, name, at }: VariableSyntax, place: Place): Type {
    if (type !== undefined) {
      const declared = this.typeOf(type, place.scope);
      this.expect(value, declared, place);
      return declared;
    }
    const found = this.check(value, place);
    if (found.kind === 'void' || found.kind === 'nil')
      this.fail(at, `${name} can't be of type ${show(found)}`);
    return found;
  }

  #local(name: string, type: Type, isMutable: boolean, at: number, { frame, scope }: Place): Local {
    const local: Local = { kind: 'local', name, type, isMutable, owner: frame, isCaptured: false };
    if (!scope.add(name, local)) this.fail(at, `${name} is declared twice`);
    return local;
  }

  #block(statements: readonly Statement[], { frame, scope }: Place): void {
    const place = { frame, scope: new Scope(scope) };
    for (const statement of statements) this.#statement(statement, place);
  }

  #loop(body: readonly Statement[], place: Place): void {
    place.frame.loops += 1;
    this.#block(body, place);
    place.frame.loops -= 1;
  }

  #statement(statement: Statement, place: Place): void {
    const { frame } = place;
    switch (statement.kind) {
      case 'declare': {
        const { declared } = statement;
        const type = this.variableType(declared, place);
        statement.local = this.#local(declared.name, type, declared.isMutable, declared.at, place);
        return;
      }
      case 'assign':
        this.#assign(statement, place);
        return;
      case 'if':
        this.expect(statement.condition, types.bool, place);
        this.#block(statement.then, place);
        this.#block(statement.otherwise, place);
        return;
      case 'while':
        this.expect(statement.condition, types.bool, place);
        this.#loop(statement.body, place);
        return;
      case 'for': {
        const { name, from, to, at } = statement;
        const inner = { frame, scope: new Scope(place.scope) };
        const type = this.#ranged(from, to, place);
        statement.local = this.#local(name, type, false, at, inner);
        this.#loop(statement.body, inner);
        return;
      }
      case 'break':
      case 'continue':
        if (frame.loops === 0) this.fail(statement.at, `${statement.kind} is only of use in a loop`);
        return;
      case 'return':
        if (statement.value !== undefined && frame.result.kind !== 'void') {
          this.expect(statement.value, frame.result, place);
        } else if (statement.value !== undefined) {
          this.fail(statement.value.at, 'this function returns nothing');
        } else if (frame.result.kind !== 'void') {
          this.fail(statement.at, `this function returns ${show(frame.result)}`);
        }
        return;
      case 'expression':
        this.check(statement.value, place);
    }
  }

  #ranged(from: Expression, to: Expression | undefined, place: Place): Type {
    if (to !== undefined) {
      this.expect(from, types.int, place);
      this.expect(to, types.int, place);
      return types.int;
    }
    const type = this.check(from, place);
    return type.kind === 'array'
      ? type.element
      : this.fail(from.at, `${show(type)} has no elements to go through`);
  }

  #assign({ target, operator, value, at }: Assign, place: Place): void {
    const type = this.check(target, place);
    const symbol = target.kind === 'name' || target.kind === 'field' ? target.symbol : undefined;
    const isVariable = symbol?.kind === 'local' || symbol?.kind === 'global';
    if (symbol !== undefined && !(isVariable && symbol.isMutable))
      this.fail(target.at, "this can't be assigned to");
    const container = target.kind === 'field' || target.kind === 'index' ? target.target : undefined;
    if (container?.type?.kind === 'string') this.fail(target.at, "strings can't be changed");
    if (target.kind === 'field' && target.name === 'length' && container?.type?.kind === 'array') {
      this.fail(target.at, 'the length is changed by push and pop');
    }
    if (operator !== undefined) {
      // Checked as what it means, so that the message is that of the operator.
      this.check({ kind: 'binary', operator, left: target, right: value, at }, place);
    }
    this.expect(value, type, place);
  }
}

/** True if no way leads past the statement. */
function alwaysReturns(statement: Statement): boolean {
  if (statement.kind === 'return') return true;
  if (statement.kind === 'if') {
    return statement.then.some(alwaysReturns) && statement.otherwise.some(alwaysReturns);
  }
  if (statement.kind !== 'while' || statement.condition.kind !== 'literal') return false;
  return statement.condition.value === true && !statement.body.some(leaves);
}

/** True for a `break` of the loop around it. */
function leaves(statement: Statement): boolean {
  if (statement.kind === 'if') return statement.then.some(leaves) || statement.otherwise.some(leaves);
  return statement.kind === 'break';
}
