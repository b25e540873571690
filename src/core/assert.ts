/** Assertions: a broken invariant of tierlink itself, never something that a user can cause. */

/** Thrown when tierlink's own state contradicts itself: a bug in tierlink. */
class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/**
 * Holds a fact that the surrounding code relies on.
 *
 * @param condition - The fact.
 * @param what - What was expected, for the report.
 * @throws InvariantError when the fact does not hold.
 */
export function assert(condition: boolean, what: string): asserts condition {
  if (!condition) throw new InvariantError(`tierlink invariant broken: ${what}`);
}

/**
 * Unwraps a value that must be there.
 *
 * @param value - The value.
 * @param what - What was expected, for the report.
 * @returns The value, without `undefined` and `null`.
 * @throws InvariantError when it is missing.
 */
export function present<Value>(value: Value | undefined | null, what: string): Value {
  if (value === undefined || value === null) throw new InvariantError(`tierlink invariant broken: ${what}`);
  return value;
}
