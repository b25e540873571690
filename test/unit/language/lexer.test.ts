import { describe, expect, it } from 'vitest';
import { tokensOf } from '../../../examples/rill/lexer.js';
import { Source } from '../../../examples/rill/source.js';

const words = (text: string): string[] => tokensOf(new Source('a.rill', text)).map((token) => token.text);
const kinds = (text: string): string[] => tokensOf(new Source('a.rill', text)).map((token) => token.kind);

describe('tokens', () => {
  it('are numbers, names, keywords, strings and symbols, the longest first', () => {
    expect(words('let x1 = 12.5e-3 << 0xff >= "a\\n\\"b"')).toEqual([
      'let',
      'x1',
      '=',
      '12.5e-3',
      '<<',
      '0xff',
      '>=',
      'a\n"b',
      ';',
      'the end of the text',
    ]);
    expect(kinds('if a 1 1.0 "s" +')).toEqual(['keyword', 'name', 'int', 'float', 'string', 'symbol', 'end']);
  });

  it('know where they stand, comments and spaces left out', () => {
    expect(tokensOf(new Source('a.rill', 'a // b\n  c')).map(({ at }) => at)).toEqual([0, 6, 9, 10, 10]);
  });

  it('a range is no float', () => {
    expect(words('1..2').slice(0, 3)).toEqual(['1', '..', '2']);
  });

  it("a line's end closes a statement after what can end one, and nowhere else", () => {
    expect(words('a\nb +\nc {\n}\n')).toEqual(
      ['a', ';', 'b', '+', 'c', ';', '{', '}', ';', 'the end of the text'].filter(
        (word, index) => !(word === ';' && index === 5),
      ),
    );
    expect(words('f(a\n,b\n)').filter((word) => word === ';')).toHaveLength(1);
    expect(words('f(fn() {\n a\n b\n})').filter((word) => word === ';')).toHaveLength(3);
  });
});

describe.each([
  ['let a = $', 'a.rill:1:9: unexpected character "$"\n  let a = $\n          ^'],
  ['\n"open', 'a.rill:2:1: this string has no end\n  "open\n  ^'],
  ['"\\q"', 'a.rill:1:2: unknown escape; there are \\n \\t \\" \\\\ \\0\n  "\\q"\n   ^'],
  [
    '9223372036854775808',
    "a.rill:1:1: 9223372036854775808 doesn't fit in 64 bits\n  9223372036854775808\n  ^",
  ],
])('%s', (text, message) => {
  it('is an error that shows the place', () => {
    expect(() => words(text)).toThrow(message);
  });
});
