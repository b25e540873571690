/** C for hot calls from one module to another: callers that time their own loops, and what they call. */

/** What is called. */
export const shapes = ['empty', 'work', 'turn'] as const;
export type Shape = (typeof shapes)[number];

/** Functions that `turn` calls one after the other. */
const turnFunctions = 1024;

/** Both modules of one shape at one layout. */
export interface CallPair {
  readonly shape: Shape;
  readonly layout: number;
  readonly caller: string;
  readonly callee: string;
  /** Names of the functions called. */
  readonly callees: readonly string[];
  /** `uint64_t measure(uint64_t calls, uint64_t *sum)` of the caller: does so many calls, returns nanoseconds. */
  readonly measure: string;
}

/**
 * Writes a caller and its callee.
 *
 * @param shape - `empty`: one function that does nothing; `work`: one of some operations; `turn`: 1,024 of these.
 * @param layout - 0 to 15: where both functions begin in their cache lines. They are aligned to 16 bytes, so that these
 *   are all cases there are, and one layout is the same for every linker.
 * @returns The texts.
 */
export function callPair(shape: Shape, layout: number): CallPair {
  const suffix = `${shape}_${String(layout)}`;
  const count = shape === 'turn' ? turnFunctions : 1;
  const callees = Array.from({ length: count }, (_, index) => `callee_${suffix}_${String(index)}`);
  const measure = `measure_${suffix}`;
  const callee = [
    '#include <stdint.h>',
    padding(`callee_${suffix}_before`, layout >> 2),
    ...callees.map((name, index) =>
      shape === 'empty'
        ? `__attribute__((noinline)) void ${name}(void) {}`
        : `__attribute__((noinline)) uint64_t ${name}(uint64_t x) {\n` +
          `  return ((x ^ (x >> 7)) * 0x9e3779b97f4a7c15u + ${String(index * 97 + 13)}u) ^ (x << 3);\n}`,
    ),
  ];
  // Arguments come from the loop, not from the call before: then nothing hides what a call costs.
  const calls =
    shape === 'empty'
      ? callees.map((name) => `    ${name}();`)
      : callees.map((name, index) => `    total += ${name}(i + ${String(index)}u);`);
  const caller = [
    '#include <stdint.h>',
    '#include <time.h>',
    ...callees.map((name) => (shape === 'empty' ? `void ${name}(void);` : `uint64_t ${name}(uint64_t);`)),
    padding(`caller_${suffix}_before`, layout & 3),
    `uint64_t ${measure}(uint64_t calls, uint64_t *sum) {`,
    '  struct timespec begin, end;',
    '  uint64_t total = 0;',
    '  clock_gettime(CLOCK_MONOTONIC, &begin);',
    `  for (uint64_t i = 0; i < calls; i += ${String(count)}) {`,
    ...calls,
    '  }',
    '  clock_gettime(CLOCK_MONOTONIC, &end);',
    `  *sum = ${shape === 'empty' ? 'calls' : 'total'};`,
    '  return (uint64_t)(end.tv_sec - begin.tv_sec) * 1000000000u + (uint64_t)(end.tv_nsec - begin.tv_nsec);',
    '}',
  ];
  return { shape, layout, caller: lines(caller), callee: lines(callee), callees, measure };
}

/** Puts what follows so many times 16 bytes behind the start of a cache line. */
function padding(name: string, sixteens: number): string {
  const fill = `.fill ${String(64 + sixteens * 16 - 1)}, 1, 0x90\\n\\tret`;
  return `__attribute__((naked, aligned(64))) void ${name}(void) { __asm__("${fill}"); }`;
}

function lines(text: readonly string[]): string {
  return `${text.join('\n')}\n`;
}
