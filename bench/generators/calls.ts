/** C for hot calls from one module to another: callers that time their own loops, and what they call. */

/** What is called. */
export const shapes = ['empty', 'work', 'turn'] as const;
export type Shape = (typeof shapes)[number];

/** Functions that `turn` calls one after the other. */
const turnFunctions = 1024;

/** A no-operation of 5 bytes. */
const filler = '.byte 0x0f, 0x1f, 0x44, 0x00, 0x00';

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
 * @param layout - 0 to 15: four places in a cache line for the callee, and four for the call in its loop, one of which
 *   crosses a multiple of 32 bytes, where only linkage `direct` pads. Both modules begin on a page, and the caller is
 *   aligned to 32 bytes, as padding of calls asks for: so one layout is the same for every linker but for that padding.
 * @returns The texts.
 */
export function callPair(shape: Shape, layout: number): CallPair {
  const suffix = `${shape}_${String(layout)}`;
  const count = shape === 'turn' ? turnFunctions : 1;
  const callees = Array.from({ length: count }, (_, index) => `callee_${suffix}_${String(index)}`);
  const measure = `measure_${suffix}`;
  const callee = [
    '#include <stdint.h>',
    padding(`callee_${suffix}_before`, (layout >> 2) * 16),
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
    '#ifndef CALLEE',
    '#define CALLEE',
    '#endif',
    ...callees.map((name) =>
      shape === 'empty' ? `CALLEE void ${name}(void);` : `CALLEE uint64_t ${name}(uint64_t);`,
    ),
    padding(`caller_${suffix}_before`, (((layout >> 2) ^ layout) & 1) * 32),
    `__attribute__((aligned(32))) uint64_t ${measure}(uint64_t calls, uint64_t *sum) {`,
    '  struct timespec begin, end;',
    '  uint64_t total = 0;',
    '  clock_gettime(CLOCK_MONOTONIC, &begin);',
    `  for (uint64_t i = 0; i < calls; i += ${String(count)}) {`,
    ...Array.from({ length: layout & 3 }, () => `    __asm__ volatile("${filler}");`),
    ...calls,
    '  }',
    '  clock_gettime(CLOCK_MONOTONIC, &end);',
    `  *sum = ${shape === 'empty' ? 'calls' : 'total'};`,
    '  return (uint64_t)(end.tv_sec - begin.tv_sec) * 1000000000u + (uint64_t)(end.tv_nsec - begin.tv_nsec);',
    '}',
  ];
  return { shape, layout, caller: lines(caller), callee: lines(callee), callees, measure };
}

/** Puts what follows so many bytes behind the first cache line of a page. */
function padding(name: string, bytes: number): string {
  const fill = `.fill ${String(64 + bytes - 1)}, 1, 0x90\\n\\tret`;
  return `__attribute__((naked, aligned(4096))) void ${name}(void) { __asm__("${fill}"); }`;
}

function lines(text: readonly string[]): string {
  return `${text.join('\n')}\n`;
}
