/** Signatures of callables: the letters that the addon understands, and how people write them. */
import { TierlinkError } from '../core/errors.js';

const words: Readonly<Record<string, string>> = {
  void: 'v',
  i1: 'b',
  bool: 'b',
  i8: '1',
  i16: '2',
  i32: '4',
  int: '4',
  i64: '8',
  long: '8',
  float: 'f',
  double: 'd',
  ptr: 'p',
  pointer: 'p',
};

const names: Readonly<Record<string, string>> = {
  v: 'void',
  b: 'i1',
  B: 'i1',
  1: 'i8',
  O: 'i8',
  2: 'i16',
  T: 'i16',
  4: 'i32',
  8: 'i64',
  n: 'i64',
  f: 'float',
  d: 'double',
  p: 'ptr',
  q: 'ptr',
};

/**
 * Parses a signature as people write it, `i32 (ptr, double)`: LLVM's spelling, or C's `int`, `long`, `bool`.
 *
 * @param symbol - The function, for messages.
 * @param text - The signature.
 * @returns One letter for the result and one for each parameter.
 * @throws TierlinkError SIGNATURE_UNSUPPORTED
 */
export function parseSignature(symbol: string, text: string): string {
  const match = /^\s*(\w+)\s*\(([^()]*)\)\s*$/.exec(text);
  const refuse = (reason: string): never => {
    throw new TierlinkError('SIGNATURE_UNSUPPORTED', { symbol, signature: text, reason });
  };
  if (match === null) return refuse('it is not of the form "result (parameter, ...)"');
  const [, result = '', list = ''] = match;
  const parameters = list.trim() === '' || list.trim() === 'void' ? [] : list.split(',');
  return [result, ...parameters]
    .map((word, position) => {
      const letter = words[word.trim()];
      if (letter === undefined || (letter === 'v' && position > 0)) {
        return refuse(`"${word.trim()}" is no type that can be passed`);
      }
      return letter;
    })
    .join('');
}

/**
 * Checks that JS can call a function of this signature.
 *
 * @param symbol - The function, for messages.
 * @param letters - The letters.
 * @param type - How the signature is shown to people.
 * @throws TierlinkError SIGNATURE_UNSUPPORTED
 */
export function checkCallable(symbol: string, letters: string, type: string): void {
  const refuse = (reason: string): never => {
    throw new TierlinkError('SIGNATURE_UNSUPPORTED', { symbol, signature: type, reason });
  };
  if (letters === '') {
    refuse('the module is an object file, which names no types; give { signature: "i32 (ptr)" }');
  }
  if (letters.endsWith('.')) refuse('it takes a variable number of arguments');
  const position = Array.from(letters).findIndex((letter) => names[letter] === undefined);
  if (position === 0) refuse('its result is a struct or another type that is not passed in one register');
  if (position > 0) refuse(`parameter ${String(position)} is a struct, a vector or passed by a special rule`);
}

/** How the letters read: `i32 (ptr, double)`. */
export function showSignature(letters: string): string {
  const [result = 'v', ...parameters] = letters;
  return `${names[result] ?? result} (${parameters.map((letter) => names[letter] ?? letter).join(', ')})`;
}
