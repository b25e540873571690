/** Errors as plain data, so that they can cross to another thread and be themselves again there. */
import { type ErrorCode, type ErrorDetails, TierlinkError } from '../core/errors.js';

interface OwnError {
  readonly kind: 'tierlink';
  readonly code: ErrorCode;
  readonly details: ErrorDetails<ErrorCode>;
  readonly cause: PlainError | null;
}

interface OtherError {
  readonly kind: 'other';
  readonly name: string;
  readonly message: string;
  readonly stack: string | null;
  /** Of the system, such as `ENOENT`. */
  readonly code: string | null;
  readonly cause: PlainError | null;
}

/** What is left of an error on its way. */
export type PlainError = OwnError | OtherError;

/** So many errors beneath an error are kept. */
const depthLimit = 4;

/**
 * Takes an error apart.
 *
 * @param error - Whatever was thrown.
 * @param depth - How many of its causes are kept.
 * @returns Plain data.
 */
export function toPlain(error: unknown, depth: number = depthLimit): PlainError {
  const thrown = error instanceof Error ? error : new Error(String(error));
  const cause = thrown.cause === undefined || depth === 0 ? null : toPlain(thrown.cause, depth - 1);
  if (isOwn(thrown)) {
    return { kind: 'tierlink', code: thrown.code, details: thrown.details, cause };
  }
  return { kind: 'other', ...visible(thrown), cause };
}

/** `instanceof` alone would leave the code's type open. */
function isOwn(error: Error): error is TierlinkError {
  return error instanceof TierlinkError;
}

/** What can be seen of any error. */
function visible(error: Error): Pick<OtherError, 'name' | 'message' | 'stack' | 'code'> {
  const { name, message } = error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : null;
  return { name, message, stack: error.stack ?? null, code };
}

/**
 * Puts an error together again.
 *
 * @param plain - What {@link toPlain} gave.
 * @returns The error: of its own class if it is ours. Another one keeps the stack of the thread where it was thrown.
 */
export function fromPlain(plain: PlainError): Error {
  const options = plain.cause === null ? undefined : { cause: fromPlain(plain.cause) };
  if (plain.kind === 'tierlink') return new TierlinkError(plain.code, plain.details, options);
  const error = new Error(plain.message, options);
  error.name = plain.name;
  if (plain.stack !== null) error.stack = plain.stack;
  return plain.code === null ? error : Object.assign(error, { code: plain.code });
}
