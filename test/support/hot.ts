/** Calls from code that V8's optimising compiler made, where a fast call is one. */
import { setFlagsFromString } from 'node:v8';
import { runInThisContext } from 'node:vm';

/** Calls `times` times with the same arguments; what the last call returned. */
export type Loop = (times: number, ...args: readonly unknown[]) => unknown;

let made = 0;

/**
 * A loop with code of its own, which is optimised for the arguments that it is warmed up with.
 *
 * @param call - What the loop calls.
 * @param warm - Arguments.
 * @param count - How many arguments it will be called with.
 */
export function hotLoop(
  call: (...args: never[]) => unknown,
  warm: readonly unknown[],
  count: number = warm.length,
): Loop {
  setFlagsFromString('--allow-natives-syntax');
  const names = Array.from({ length: count }, (_, i) => `a${String(i)}`).join(', ');
  made += 1;
  // Another text each time: V8 would share what it learned of equal ones.
  const prepare = runInThisContext(`(call, warm) => {
    function loop${String(made)}(times, ${names}) {
      let last;
      for (let i = 0; i < times; i += 1) last = call(${names});
      return last;
    }
    const loop = loop${String(made)};
    %PrepareFunctionForOptimization(loop);
    // Often enough for V8 to learn what the functions call that the loop calls.
    loop(1000, ...warm);
    loop(1000, ...warm);
    %OptimizeFunctionOnNextCall(loop);
    loop(1, ...warm);
    return loop;
  }`) as (called: typeof call, args: readonly unknown[]) => Loop;
  return prepare(call, warm);
}
