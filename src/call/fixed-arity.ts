/** JS functions around native ones that make no array of their arguments, which costs as much as the call itself. */

/** What takes anything and may give anything. */
export type Native = (...args: readonly unknown[]) => unknown;

/**
 * A function that calls another one.
 *
 * @param count - How many arguments it is usually called with; fast up to six. With more or fewer it is as right.
 * @param native - What it calls.
 * @param begin - Called before each call; may throw.
 * @param failed - Makes of what the call throws what is to be thrown.
 * @returns The function.
 */
export function fixedArity(
  count: number,
  native: Native,
  begin: () => void,
  failed: (error: unknown) => unknown,
): Native {
  const any: Native = (...args) => {
    begin();
    try {
      return native(...args);
    } catch (error) {
      throw failed(error);
    }
  };
  // Each is written out, as only the number of arguments tells calls with too few or too many from those that fit.
  /* eslint-disable prefer-rest-params */
  const fast: readonly Native[] = [
    function () {
      if (arguments.length !== 0) return any(...arguments);
      begin();
      try {
        return native();
      } catch (error) {
        throw failed(error);
      }
    },
    function (a) {
      if (arguments.length !== 1) return any(...arguments);
      begin();
      try {
        return native(a);
      } catch (error) {
        throw failed(error);
      }
    },
    function (a, b) {
      if (arguments.length !== 2) return any(...arguments);
      begin();
      try {
        return native(a, b);
      } catch (error) {
        throw failed(error);
      }
    },
    function (a, b, c) {
      if (arguments.length !== 3) return any(...arguments);
      begin();
      try {
        return native(a, b, c);
      } catch (error) {
        throw failed(error);
      }
    },
    function (a, b, c, d) {
      if (arguments.length !== 4) return any(...arguments);
      begin();
      try {
        return native(a, b, c, d);
      } catch (error) {
        throw failed(error);
      }
    },
    function (a, b, c, d, e) {
      if (arguments.length !== 5) return any(...arguments);
      begin();
      try {
        return native(a, b, c, d, e);
      } catch (error) {
        throw failed(error);
      }
    },
    function (a, b, c, d, e, f) {
      if (arguments.length !== 6) return any(...arguments);
      begin();
      try {
        return native(a, b, c, d, e, f);
      } catch (error) {
        throw failed(error);
      }
    },
  ];
  /* eslint-enable prefer-rest-params */
  return fast[count] ?? any;
}
