/** Text to tokens. A line's end closes a statement as in Go: after a token that can end one, outside ( and [. */
import { RillError, type Source } from './source.js';

/** One token; `at` is its offset in the text. */
export interface Token {
  readonly kind: 'name' | 'keyword' | 'int' | 'float' | 'string' | 'symbol' | 'end';
  /** As it stands in the text; of a string, what it means. */
  readonly text: string;
  readonly at: number;
}

const keywords = new Set(
  'import extern fn struct let var if else while for in return break continue true false nil'.split(' '),
);
const endsStatement = new Set(['return', 'break', 'continue', 'true', 'false', 'nil', ')', ']', '}']);
const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', '"': '"', '\\': '\\', '0': '\0' };
/** Longest first, since the first that fits is taken. */
const pattern =
  /(?<space>[ \t\r]+|\/\/[^\n]*)|(?<line>\n)|(?<float>\d+\.\d+(?:e[+-]?\d+)?)|(?<int>0x[\da-fA-F]+|\d+)|(?<name>[A-Za-z_]\w*)|(?<string>")|(?<symbol>->|\.\.|<<|>>|&&|\|\||[=!<>+\-*/%]=|[-+*/%=<>!&|^()[\]{},.:;])/y;

/**
 * Reads all tokens of a text; the last one is `end`.
 *
 * @throws RillError for what is no token
 */
export function tokensOf(source: Source): Token[] {
  const { text } = source;
  const tokens: Token[] = [];
  const open: string[] = [];
  const close = (at: number): void => {
    const last = tokens.at(-1);
    if (last === undefined || open.at(-1) === '(' || open.at(-1) === '[') return;
    const isValue = last.kind !== 'symbol' && last.kind !== 'keyword';
    if (isValue || endsStatement.has(last.text)) tokens.push({ kind: 'symbol', text: ';', at });
  };
  let at = 0;
  while (at < text.length) {
    pattern.lastIndex = at;
    const groups = pattern.exec(text)?.groups;
    if (groups === undefined)
      throw new RillError(source, at, `unexpected character ${JSON.stringify(text[at])}`);
    const start = at;
    at = pattern.lastIndex;
    const { line, float, int, name, string, symbol } = groups;
    if (line !== undefined) close(start);
    else if (float !== undefined) tokens.push({ kind: 'float', text: float, at: start });
    else if (int !== undefined) tokens.push({ kind: 'int', text: checkedInt(source, start, int), at: start });
    else if (name !== undefined) {
      tokens.push({ kind: keywords.has(name) ? 'keyword' : 'name', text: name, at: start });
    } else if (string !== undefined) {
      const literal = readString(source, at);
      tokens.push({ kind: 'string', text: literal.value, at: start });
      at = literal.end;
    } else if (symbol !== undefined) {
      if ('([{'.includes(symbol)) open.push(symbol);
      if (')]}'.includes(symbol)) open.pop();
      tokens.push({ kind: 'symbol', text: symbol, at: start });
    }
  }
  close(at);
  tokens.push({ kind: 'end', text: 'the end of the text', at });
  return tokens;
}

function checkedInt(source: Source, at: number, text: string): string {
  if (BigInt(text) >= 2n ** 63n) throw new RillError(source, at, `${text} doesn't fit in 64 bits`);
  return text;
}

function readString(source: Source, start: number): { readonly value: string; readonly end: number } {
  const { text } = source;
  let value = '';
  for (let at = start; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === '"') return { value, end: at + 1 };
    if (character === '\n') break;
    if (character === '\\') {
      at += 1;
      const meant = escapes[text.charAt(at)];
      if (meant === undefined)
        throw new RillError(source, at - 1, 'unknown escape; there are \\n \\t \\" \\\\ \\0');
      value += meant;
    } else value += character;
  }
  throw new RillError(source, start - 1, 'this string has no end');
}
