/** JS functions around those that V8 calls straight from optimised code. */
import { Script } from 'node:vm';

/** What takes anything and may give anything. */
export type Native = (...args: readonly unknown[]) => unknown;

/** Makes a native function that tells of an error by calling `keep`, which it does not keep alive. Null: there is none. */
export type MakeFast = (keep: (error: unknown) => void) => Native | null;

const scripts = new Map<number, Script>();

/**
 * A function that calls a fast one with its own number of arguments, and another with any other number, of which V8 would
 * drop some.
 *
 * Each has code of its own: so V8 learns what it calls, where functions with common code would hide that from it. The
 * native function must not throw: V8 11 and 12 pass by the handlers of the function that they inlined it into.
 *
 * @param count - How many arguments it takes.
 * @param make - Makes what is called.
 * @param any - What is called with other numbers of arguments.
 * @param failed - Makes of what it was told what is to be thrown.
 * @returns The function; null if there is no fast one.
 */
export function fastFunction(
  count: number,
  make: MakeFast,
  any: Native,
  failed: (error: unknown) => unknown,
): Native | null {
  let script = scripts.get(count);
  if (script === undefined) {
    script = new Script(textFor(count), { filename: 'tierlink:fast-call' });
    scripts.set(count, script);
  }
  // Safe because the text is that of a function of this type.
  const bind = script.runInThisContext() as (
    made: MakeFast,
    otherwise: Native,
    told: typeof failed,
  ) => Native | null;
  return bind(make, any, failed);
}

function textFor(count: number): string {
  const names = Array.from({ length: count }, (_, i) => `a${String(i)}`).join(', ');
  return `'use strict';
(make, any, failed) => {
  let kept;
  const keep = (...errors) => {
    kept = errors.length === 0 ? undefined : errors;
  };
  const fast = make(keep);
  if (fast === null) return null;
  return function (${names}) {
    if (arguments.length !== ${String(count)}) return any(...arguments);
    const result = fast(${names});
    if (kept !== undefined) {
      const [error] = kept;
      keep();
      throw failed(error);
    }
    return result;
  };
};
`;
}
