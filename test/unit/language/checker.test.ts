import { describe, expect, it } from 'vitest';
import { type CheckedModule, checkModule } from '../../../examples/rill/checker.js';
import { parseModule } from '../../../examples/rill/parser.js';
import { Source } from '../../../examples/rill/source.js';
import { show } from '../../../examples/rill/types.js';

function checked(text: string, name = 'a', imports: readonly CheckedModule[] = []): CheckedModule {
  return checkModule(name, parseModule(new Source(`${name}.rill`, text)), { imports });
}

/** Types of a module's variables and functions. */
function typesOf({ members }: CheckedModule): Record<string, string> {
  return Object.fromEntries(
    [...members].map(([name, member]) => [name, member.kind === 'struct' ? 'struct' : show(member.type)]),
  );
}

describe('types', () => {
  it('of variables are those of their values, unless they are declared', () => {
    expect(
      typesOf(
        checked(`struct P { x: int, next: P }
          let a = 1 + 2
          let b = 1.5 * float(a)
          let c = [P(1, nil)]
          var d: P = nil
          var e: [[string]] = []
          let f = fn(x: int) -> bool { return x < a && !(x == 2) }
          let g = "s" + str(a)
          let h = c[0].next.x << 3
          let i = array(3, 0.0)
          let j = c.length + g.length + g[0]
          let k = later
          fn later(p: P) -> P { return p }`),
      ),
    ).toEqual({
      P: 'struct',
      a: 'int',
      b: 'float',
      c: '[a.P]',
      d: 'a.P',
      e: '[[string]]',
      f: 'fn(int) -> bool',
      g: 'string',
      h: 'int',
      i: '[float]',
      j: 'int',
      k: 'fn(a.P) -> a.P',
      later: 'fn(a.P) -> a.P',
    });
  });

  it('of other modules are reached by their name', () => {
    const other = checked(
      'struct P { x: int } let one = 1 fn make() -> P { return P(one) }'
        .replaceAll(' let', '\nlet')
        .replaceAll(' fn', '\nfn'),
      'lib/b',
    );
    const user = checked(
      'import "lib/b"\nfn f(p: b.P) -> int { return p.x + b.one + b.P(2).x + b.make().x }',
      'a',
      [other],
    );
    expect(typesOf(user)).toEqual({ f: 'fn(lib/b.P) -> int' });
  });

  it('variables that closures share are found', () => {
    const { functions } = checked(
      'fn f() -> fn() -> int { var n = 0\n let k = 1\n var own = 2\n own += 1\n return fn() -> int { n += k\n return n } }',
    ).syntax;
    const locals = functions[0]?.body.flatMap((statement) =>
      statement.kind === 'declare' ? [statement.local] : [],
    );
    expect(locals?.map((local) => [local?.name, local?.isCaptured])).toEqual([
      ['n', true],
      ['k', true],
      ['own', false],
    ]);
  });
});

const inside = (text: string): string =>
  `struct P { x: int }\nlet fixed_ = 1\nfn f(p: P, a: [int], s: string) {\n${text}\n}`;

describe('what is wrong is shown with its place', () => {
  it.each([
    ['g()', '4:1: g is not known here\n  g()\n  ^'],
    ['let x = 1\nlet x = 2', '5:5: x is declared twice'],
    ['let x: T = 1', '4:8: there is no type T'],
    ['let x: q.T = 1', '4:8: there is no type q.T'],
    ['let x: float = 1', '4:16: expected float, found int'],
    ['let x = nil', "4:5: x can't be of type nil"],
    ['let x = []', '4:9: the type of this empty array is not known; declare it'],
    ['let x = [nil]', "4:9: an array can't hold nil"],
    ['let x = [1, 2.0]', '4:13: expected int, found float'],
    ['let x = 1 + 2.0', "4:11: + can't be used with int and float"],
    ['let x = a == a', "4:11: == can't be used with [int] and [int]"],
    ['let x = -s', '4:9: - needs int or float, not string'],
    ['let x = !1', '4:9: ! needs bool, not int'],
    ['let x = p[0]', '4:10: a.P has no elements'],
    ['let x = a["0"]', '4:11: expected int, found string'],
    ['let x = p.y', '4:11: a.P has no field y'],
    ['s.push(1)', '4:3: string has no push'],
    ['a.push(1, 2)', '4:3: push takes 1 arguments, not 2'],
    ['P(1.0)', '4:3: expected int, found float'],
    ['let x = P', '4:9: P can only be called'],
    ['let x = print', '4:9: print can only be called'],
    ['s()', "4:1: string can't be called"],
    ['f(p, a)', '4:1: fn(a.P, [int], string) takes 3 arguments, not 2'],
    ['sqrt(1)', '4:1: sqrt takes a float, not (int)'],
    ['if 1 { }', '4:4: expected bool, found int'],
    ['for x in 1.0..2 { }', '4:10: expected int, found float'],
    ['for x in p { }', '4:10: a.P has no elements to go through'],
    ['break', '4:1: break is only of use in a loop'],
    ['return 1', '4:8: this function returns nothing'],
    ['fixed_ = 2', "4:1: this can't be assigned to"],
    ['let y = 1\ny += 1', "5:1: this can't be assigned to"],
    ['f = f', "4:1: this can't be assigned to"],
    ['s[0] = 1', "4:2: strings can't be changed"],
    ['a.length = 1', '4:3: the length is changed by push and pop'],
    ['s -= "a"', "4:1: this can't be assigned to"],
    ['var t = s\nt -= "a"', "5:3: - can't be used with string and string"],
    ['for i in 0..1 { i = 2 }', "4:17: this can't be assigned to"],
  ])('%s', (text, message) => {
    expect(() => checked(inside(text))).toThrow(`a.rill:${message}`);
  });

  it.each([
    ['fn f() -> int {\n  while true { break }\n}', '3:1: f can end without returning int'],
    ['fn f() -> int { return }', '1:17: this function returns int'],
    ['fn f() { }\nlet f = 1', '2:5: f is declared twice'],
    ['extern fn f(a: [int])', "1:11: an extern function can't take or return [int]"],
  ])('%s', (text, message) => {
    // Functions are declared before variables, whatever their order.
    expect(() => checked(text)).toThrow(
      message.startsWith('2:5') ? 'f is declared twice' : `a.rill:${message}`,
    );
  });

  it('names of modules', () => {
    const other = checked('let one = 1', 'b');
    expect(() => checked('import "b"\nlet x = b', 'a', [other])).toThrow(
      'a.rill:2:9: b is a module; its names are one',
    );
    expect(() => checked('import "b"\nlet x = b.two', 'a', [other])).toThrow(
      'a.rill:2:11: there is no two in that module',
    );
    expect(() => checked('import "b"\nimport "c/b"', 'a', [other, other])).toThrow(
      'a.rill:2:1: c/b is imported twice',
    );
  });

  it('functions that return on every way are right', () => {
    const text =
      'fn f(x: int) -> int { if x > 0 { return 1 } else if x < 0 { return 2 } else { while true { } } }';
    expect(typesOf(checked(text))).toEqual({ f: 'fn(int) -> int' });
  });
});
