/** Reads the options of the command line that are more than a word. */
import { InvalidArgumentError } from 'commander';

/**
 * Parses `name=calls,name=calls`.
 *
 * @param text - What was given to --thresholds.
 * @returns Calls by tier name.
 * @throws InvalidArgumentError for anything else
 */
export function parseThresholds(text: string): Record<string, number> {
  const thresholds: Record<string, number> = {};
  for (const part of text.split(',')) {
    const match = /^([\w.-]+)=(\d+)$/.exec(part.trim());
    if (match === null) {
      throw new InvalidArgumentError(
        'give tier=calls, separated by commas, such as quick=1000,optimized=10000.',
      );
    }
    thresholds[match[1] ?? ''] = Number(match[2]);
  }
  return thresholds;
}

/** Splits a list at its commas. */
export function parseList(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/**
 * Parses a count.
 *
 * @param text - What was given.
 * @returns A whole number above 0.
 * @throws InvalidArgumentError for anything else
 */
export function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1)
    throw new InvalidArgumentError('give a whole number above 0.');
  return count;
}

/** Collects an option that may be given several times. */
export function collect(text: string, before: readonly string[]): string[] {
  return [...before, text];
}
