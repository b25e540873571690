/** Tokens to expressions and types, by precedence climbing. */
import type { Token } from './lexer.js';
import { RillError, type Source } from './source.js';
import type { Expression, FunctionSyntax, Statement, TypeSyntax } from './syntax.js';

/** Binary operators; what comes later binds more tightly. */
const levels = ['||', '&&', '== !=', '< <= > >=', '|', '^', '&', '<< >>', '+ -', '* / %'].map((all) =>
  all.split(' '),
);

/** Reads expressions; statements, which closures contain, are read by the class that extends it. */
export abstract class ExpressionParser {
  protected readonly source: Source;
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(source: Source, tokens: readonly Token[]) {
    this.source = source;
    this.#tokens = tokens;
  }

  protected abstract block(): { readonly body: Statement[]; readonly end: number };

  protected get token(): Token {
    const token = this.#tokens[Math.min(this.#next, this.#tokens.length - 1)];
    if (token === undefined) throw new Error('a list of tokens has an end');
    return token;
  }

  protected take(): Token {
    const { token } = this;
    this.#next += 1;
    return token;
  }

  /** True, and one further, if the token is this symbol or keyword. */
  protected accept(text: string): boolean {
    const { kind } = this.token;
    if ((kind !== 'symbol' && kind !== 'keyword') || this.token.text !== text) return false;
    this.#next += 1;
    return true;
  }

  protected expect(text: string): Token {
    const { token } = this;
    if (!this.accept(text)) this.fail(`expected ${text}`);
    return token;
  }

  protected name(what: string): Token {
    return this.token.kind === 'name' ? this.take() : this.fail(`expected ${what}`);
  }

  protected fail(message: string): never {
    const { kind, text, at } = this.token;
    const found = kind === 'string' ? JSON.stringify(text) : text === ';' ? 'the end of the line' : text;
    throw new RillError(this.source, at, `${message}, found ${found}`, kind === 'end');
  }

  /** Items up to a closing symbol, separated by commas. */
  protected list<Item>(close: string, item: () => Item): Item[] {
    const items: Item[] = [];
    while (!this.accept(close)) {
      if (items.length > 0) this.expect(',');
      if (this.accept(close)) break;
      items.push(item());
    }
    return items;
  }

  protected type(): TypeSyntax {
    const { at } = this.token;
    if (this.accept('[')) {
      const element = this.type();
      this.expect(']');
      return { kind: 'array', element, at };
    }
    if (this.accept('fn')) {
      this.expect('(');
      const parameters = this.list(')', () => this.type());
      return { kind: 'function', parameters, ...this.result(), at };
    }
    const name = this.name('a type').text;
    if (!this.accept('.')) return { kind: 'name', name, at };
    return { kind: 'name', module: name, name: this.name('a type').text, at };
  }

  protected result(): { readonly result?: TypeSyntax } {
    return this.accept('->') ? { result: this.type() } : {};
  }

  protected parameters(): FunctionSyntax['parameters'] {
    this.expect('(');
    return this.list(')', () => {
      const { text: name, at } = this.name('a parameter');
      this.expect(':');
      return { name, type: this.type(), at };
    });
  }

  protected expression(above = 0): Expression {
    let left = this.unary();
    for (;;) {
      const { text: operator, kind, at } = this.token;
      const own = kind === 'symbol' ? levels.findIndex((level) => level.includes(operator)) + 1 : 0;
      if (own <= above) return left;
      this.take();
      left = { kind: 'binary', operator, left, right: this.expression(own), at };
    }
  }

  #unaryOperator(): string | undefined {
    return ['-', '!'].find((operator) => this.accept(operator));
  }

  protected unary(): Expression {
    const { at } = this.token;
    const operator = this.#unaryOperator();
    return operator === undefined ? this.#postfix() : { kind: 'unary', operator, operand: this.unary(), at };
  }

  #postfix(): Expression {
    let target = this.#primary();
    for (;;) {
      const { at } = this.token;
      if (this.accept('(')) {
        target = {
          kind: 'call',
          callee: target,
          given: this.list(')', () => this.expression()),
          at: target.at,
        };
      } else if (this.accept('[')) {
        target = { kind: 'index', target, index: this.expression(), at };
        this.expect(']');
      } else if (this.accept('.')) {
        const name = this.name('a field');
        target = { kind: 'field', target, name: name.text, at: name.at };
      } else return target;
    }
  }

  #primary(): Expression {
    const { kind, text, at } = this.token;
    const literal = (value: bigint | number | boolean | string | null): Expression => {
      this.take();
      return { kind: 'literal', value, at };
    };
    if (kind === 'int') return literal(BigInt(text));
    if (kind === 'float') return literal(Number(text));
    if (kind === 'string') return literal(text);
    if (kind === 'name') return { kind: 'name', name: this.take().text, at };
    if (kind === 'keyword') {
      if (text === 'true' || text === 'false') return literal(text === 'true');
      if (text === 'nil') return literal(null);
      if (this.accept('fn')) {
        const parameters = this.parameters();
        const code = { name: '', parameters, ...this.result(), ...this.block(), at };
        return { kind: 'lambda', code, captures: [], at };
      }
    }
    if (this.accept('[')) return { kind: 'array', elements: this.list(']', () => this.expression()), at };
    if (!this.accept('(')) this.fail('expected an expression');
    const inner = this.expression();
    this.expect(')');
    return inner;
  }
}
