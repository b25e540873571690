/** Tokens to declarations and statements. */
import { ExpressionParser } from './expression-parser.js';
import { tokensOf } from './lexer.js';
import { RillError, type Source } from './source.js';
import type { FunctionSyntax, ModuleSyntax, Statement, VariableSyntax } from './syntax.js';

const assignments = new Set(['=', '+=', '-=', '*=', '/=', '%=']);

/**
 * Reads a file.
 *
 * @throws RillError at the first token that doesn't fit
 */
export function parseModule(source: Source): ModuleSyntax {
  return new Parser(source, tokensOf(source)).module(false);
}

/** Reads an input of the REPL: as a file, in which statements stand as well; they become the function `input`. */
export function parseInput(source: Source): ModuleSyntax {
  return new Parser(source, tokensOf(source)).module(true);
}

class Parser extends ExpressionParser {
  module(isInput: boolean): ModuleSyntax {
    const { source } = this;
    const parsed: ModuleSyntax = {
      source,
      imports: [],
      structs: [],
      externs: [],
      variables: [],
      functions: [],
    };
    const input: Statement[] = [];
    const { at } = this.token;
    while (this.token.kind !== 'end') {
      if (this.accept(';') || this.#declaration(parsed, isInput ? input : undefined)) continue;
      if (!isInput) this.fail('expected import, extern, struct, fn, let or var');
      const statement = this.#statement();
      input.push(statement.kind === 'expression' ? { ...statement, isShown: true } : statement);
    }
    const end = Math.max(0, this.token.at - 1);
    if (isInput) parsed.functions.push({ name: 'input', parameters: [], body: input, at, end });
    return parsed;
  }

  #declaration(parsed: ModuleSyntax, input: Statement[] | undefined): boolean {
    const { at } = this.token;
    if (this.accept('import')) {
      if (this.token.kind !== 'string')
        this.fail('expected the path of a file in quotes, without its ending');
      parsed.imports.push({ path: this.take().text, at });
    } else if (this.accept('extern')) {
      this.expect('fn');
      const { text: name, at: place } = this.name('a function');
      const parameters = this.parameters();
      parsed.externs.push({ name, parameters, ...this.result(), body: [], at: place, end: place });
    } else if (this.accept('struct')) {
      const { text: name, at: place } = this.name('a struct');
      this.expect('{');
      const fields: FunctionSyntax['parameters'] = [];
      while (!this.accept('}')) {
        if (this.accept(';') || this.accept(',')) continue;
        const field = this.name('a field');
        this.expect(':');
        fields.push({ name: field.text, type: this.type(), at: field.at });
      }
      parsed.structs.push({ name, fields, at: place });
    } else if (this.accept('fn')) {
      const { text: name, at: place } = this.name('a function');
      const parameters = this.parameters();
      parsed.functions.push({ name, parameters, ...this.result(), ...this.block(), at: place });
    } else {
      const variable = this.#variable();
      if (variable === undefined) return false;
      parsed.variables.push(variable);
      // A use, so that it is initialised in its turn.
      const value = { kind: 'name', name: variable.name, at } as const;
      input?.push({ kind: 'expression', value, isShown: false, at });
    }
    this.#endOfStatement();
    return true;
  }

  #variable(): VariableSyntax | undefined {
    const isMutable = this.accept('var');
    if (!isMutable && !this.accept('let')) return undefined;
    const { text: name, at } = this.name('a variable');
    const type = this.accept(':') ? { type: this.type() } : {};
    this.expect('=');
    return { name, isMutable, ...type, value: this.expression(), at };
  }

  #endOfStatement(): void {
    if (this.token.kind === 'end' || (this.token.kind === 'symbol' && this.token.text === '}')) return;
    this.expect(';');
  }

  protected override block(): { readonly body: Statement[]; readonly end: number } {
    this.expect('{');
    const body: Statement[] = [];
    for (;;) {
      const end = this.token.at;
      if (this.accept('}')) return { body, end };
      if (!this.accept(';')) body.push(this.#statement());
    }
  }

  #statement(): Statement {
    const { at } = this.token;
    if (this.accept('if')) return this.#if(at);
    if (this.accept('while')) {
      return { kind: 'while', condition: this.expression(), body: this.block().body, at };
    }
    if (this.accept('for')) return this.#for(at);
    const statement = this.#simple(at);
    this.#endOfStatement();
    return statement;
  }

  #if(at: number): Statement {
    const condition = this.expression();
    const then = this.block().body;
    let otherwise: Statement[] = [];
    if (this.accept('else')) {
      const place = this.token.at;
      otherwise = this.accept('if') ? [this.#if(place)] : this.block().body;
    }
    return { kind: 'if', condition, then, otherwise, at };
  }

  #for(at: number): Statement {
    const name = this.name('a variable').text;
    this.expect('in');
    const from = this.expression();
    const to = this.accept('..') ? { to: this.expression() } : {};
    return { kind: 'for', name, from, ...to, body: this.block().body, at };
  }

  #simple(at: number): Statement {
    const declared = this.#variable();
    if (declared !== undefined) return { kind: 'declare', declared, at };
    if (this.accept('break')) return { kind: 'break', at };
    if (this.accept('continue')) return { kind: 'continue', at };
    if (this.accept('return')) {
      const isBare = this.token.kind === 'symbol' && (this.token.text === ';' || this.token.text === '}');
      return isBare ? { kind: 'return', at } : { kind: 'return', value: this.expression(), at };
    }
    const target = this.expression();
    const { kind, text, at: place } = this.token;
    if (kind !== 'symbol' || !assignments.has(text))
      return { kind: 'expression', value: target, isShown: false, at };
    if (target.kind !== 'name' && target.kind !== 'field' && target.kind !== 'index') {
      throw new RillError(this.source, target.at, 'only variables, fields and elements can be assigned to');
    }
    this.take();
    const operator = text === '=' ? {} : { operator: text.slice(0, -1) };
    return { kind: 'assign', target, ...operator, value: this.expression(), at: place };
  }
}
