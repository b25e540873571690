import { describe, expect, it } from 'vitest';
import { parseInput, parseModule } from '../../../examples/rill/parser.js';
import { RillError, Source } from '../../../examples/rill/source.js';
import type { Expression } from '../../../examples/rill/syntax.js';

/** An expression with all its brackets. */
function shown(expression: Expression): string {
  switch (expression.kind) {
    case 'literal':
      return JSON.stringify(
        typeof expression.value === 'bigint' ? Number(expression.value) : expression.value,
      );
    case 'name':
      return expression.name;
    case 'unary':
      return `(${expression.operator}${shown(expression.operand)})`;
    case 'binary':
      return `(${shown(expression.left)} ${expression.operator} ${shown(expression.right)})`;
    case 'call':
      return `${shown(expression.callee)}(${expression.given.map(shown).join(', ')})`;
    case 'index':
      return `${shown(expression.target)}[${shown(expression.index)}]`;
    case 'field':
      return `${shown(expression.target)}.${expression.name}`;
    case 'array':
      return `[${expression.elements.map(shown).join(', ')}]`;
    case 'lambda':
      return `fn/${String(expression.code.parameters.length)}`;
  }
}

function parsed(text: string): string {
  const value = parseModule(new Source('a.rill', `let x = ${text}`)).variables[0]?.value;
  return value === undefined ? '' : shown(value);
}

describe('expressions', () => {
  it.each([
    ['a + b * c - d', '((a + (b * c)) - d)'],
    ['a || b && c == d', '(a || (b && (c == d)))'],
    ['a | b ^ c & d << 1 + 2', '(a | (b ^ (c & (d << (1 + 2)))))'],
    ['-a.b[1](2).c * !d', '((-a.b[1](2).c) * (!d))'],
    ['(a + b) * [1, 2.5, "s", nil, true][0]', '((a + b) * [1, 2.5, "s", null, true][0])'],
    ['f(fn(x: int) -> int { return x }, 1,)', 'f(fn/1, 1)'],
  ])('%s', (text, expected) => {
    expect(parsed(text)).toBe(expected);
  });
});

it('declarations and statements of all kinds', () => {
  const { imports, structs, externs, variables, functions } = parseModule(
    new Source(
      'a.rill',
      `import "lib/b"
       extern fn host(x: float) -> bool
       struct P { x: int, next: P }
       var v: [fn(int) -> b.T] = []
       fn f() {
         let a = 1; var b = 2
         b += a
         if a == b { return } else if b > a { b = 3 } else { f() }
         while true { break }
         for i in 0..3 { continue }
         for x in xs { x.y[0] = 1 }
       }`,
    ),
  );
  expect([imports.length, structs[0]?.fields.length, externs[0]?.name, variables[0]?.isMutable]).toEqual([
    1,
    2,
    'host',
    true,
  ]);
  expect(functions[0]?.body.map(({ kind }) => kind)).toEqual([
    'declare',
    'declare',
    'assign',
    'if',
    'while',
    'for',
    'for',
  ]);
});

it('statements of the REPL become a function, and its expressions are shown', () => {
  const { functions } = parseInput(new Source('input', 'var x = 1\nx + 1'));
  expect(functions[0]?.body.map((statement) => statement.kind === 'expression' && statement.isShown)).toEqual(
    [false, true],
  );
});

describe('what is wrong is shown with its place', () => {
  it.each([
    ['x', 'a.rill:1:1: expected import, extern, struct, fn, let or var, found x\n  x\n  ^'],
    ['fn f( {', 'a.rill:1:7: expected a parameter, found {'],
    ['fn f() {\n\tlet = 1\n}', 'a.rill:2:6: expected a variable, found =\n  \tlet = 1\n  \t    ^'],
    ['let a = 1 +\n', 'a.rill:2:1: expected an expression, found the end of the text'],
    ['let a = f(1 2)', 'a.rill:1:13: expected ,, found 2'],
    ['let a: 3 = 1', 'a.rill:1:8: expected a type, found 3'],
    ['import b', 'a.rill:1:8: expected the path of a file in quotes, without its ending, found b'],
    ['fn f() { 1 = 2 }', 'a.rill:1:10: only variables, fields and elements can be assigned to'],
    ['fn f() { a b }', 'a.rill:1:12: expected ;, found b'],
    ['fn f() { for x of y { } }', 'a.rill:1:16: expected in, found of'],
    ['struct S { 1 }', 'a.rill:1:12: expected a field, found 1'],
    ['let a = "x" "y"', 'a.rill:1:13: expected ;, found "y"'],
  ])('%s', (text, message) => {
    expect(() => parseModule(new Source('a.rill', text))).toThrow(message);
  });

  it('and the REPL can tell what is unfinished', () => {
    const unfinished = (text: string): boolean => {
      try {
        parseInput(new Source('input', text));
      } catch (error) {
        return error instanceof RillError && error.isUnfinished;
      }
      throw new Error('it was parsed');
    };
    expect(unfinished('fn f() {\n  let a = 1\n')).toBe(true);
    expect(unfinished('let a = ]\n')).toBe(false);
  });
});
