/** Checks of option values that several options share. */
import { TierlinkError } from '../core/errors.js';

/**
 * Checks a whole number that came from outside.
 *
 * @param option - Name of the option.
 * @param value - What was given.
 * @param least - Smallest value.
 * @param most - Largest value.
 * @returns The same number.
 * @throws TierlinkError OPTION_INVALID
 */
export function whole(option: string, value: number, least: number, most: number): number {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw invalid(option, String(value), `a whole number from ${String(least)} to ${String(most)}`);
  }
  return value;
}

/** The error for a value that an option can't have. */
export function invalid(option: string, value: string, expected: string): TierlinkError {
  return new TierlinkError('OPTION_INVALID', { option, value, expected });
}
