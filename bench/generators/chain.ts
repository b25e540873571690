/** C for a chain of functions: each calls the next and reads a variable. */

/** Name of the chain's first function, from which all others are reached. */
export const chainStart = 'link_0';

/**
 * Writes a chain.
 *
 * @param length - Number of functions.
 * @returns The text; compiled with a section for each function.
 */
export function chainText(length: number): string {
  const links = Array.from({ length }, (_, index) => {
    const next = index + 1 === length ? 'x' : `link_${String(index + 1)}(x ^ weight)`;
    return `__attribute__((noinline)) long link_${String(index)}(long x) { return ${next} + ${String(index)}; }`;
  });
  // The last one first, so that none has to be declared.
  return `extern long weight;\nlong weight = 3;\n${links.reverse().join('\n')}\n`;
}
