/** Functions that the language brings along, as the checker sees them. `builtin-emitter.ts` has their code. */
import { float, fits, int, show, string, type Type } from './types.js';

type Rule = (given: readonly Type[]) => Type | undefined;

const printable = ['int', 'float', 'bool', 'string'];
const isPrintable: Rule = ([type]) =>
  type !== undefined && printable.includes(type.kind) ? string : undefined;

/** For each: what it takes, as messages say it; and the type of its result, or undefined for other arguments. */
const rules: Readonly<Record<string, { readonly takes: string; readonly result: Rule }>> = {
  print: { takes: 'one value', result: ([type]) => (type?.kind === 'void' ? undefined : { kind: 'void' }) },
  write: { takes: 'one value', result: ([type]) => (type?.kind === 'void' ? undefined : { kind: 'void' }) },
  str: { takes: 'an int, a float, a bool or a string', result: isPrintable },
  fixed: { takes: 'a float and how many digits', result: exactly([float, int], string) },
  int: { takes: 'a float', result: exactly([float], int) },
  float: { takes: 'an int', result: exactly([int], float) },
  sqrt: { takes: 'a float', result: exactly([float], float) },
  chr: { takes: 'a byte', result: exactly([int], string) },
  slice: { takes: 'a string, where from, and where to', result: exactly([string, int, int], string) },
  array: {
    takes: 'how many elements, and the value of each',
    result: ([count, element]) =>
      count?.kind !== 'int' || element === undefined || element.kind === 'void' || element.kind === 'nil'
        ? undefined
        : { kind: 'array', element },
  },
};
const counts: Readonly<Record<string, number>> = { fixed: 2, slice: 3, array: 2 };

function exactly(wanted: readonly Type[], result: Type): Rule {
  return (given) => {
    return wanted.every((type, index) => given[index] !== undefined && fits(given[index], type))
      ? result
      : undefined;
  };
}

/** Their names. */
export const builtinNames: readonly string[] = Object.keys(rules);

/** The type of a call's result, or what is wrong with it. */
export function builtinResult(name: string, given: readonly Type[]): Type | string {
  const rule = rules[name];
  const fitting = given.length === (counts[name] ?? 1) ? rule?.result(given) : undefined;
  return fitting ?? `${name} takes ${rule?.takes ?? ''}, not (${given.map(show).join(', ')})`;
}
