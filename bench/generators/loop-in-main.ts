/** Programs that are one loop in `main`, and tell how fast they are while they run. */

/** State, and what one unit of work does to it: some ten microseconds of optimised code. */
const kernels = {
  /** One loop, a histogram. */
  histogram: {
    state: 'unsigned x = 1, seen[256] = {0};',
    unit: `for (int i = 0; i < 4000; i++) { x ^= x << 13; x ^= x >> 17; x ^= x << 5; seen[x & 255] += x >> 8; }`,
    result: 'x + seen[7]',
  },
  /** Three loops in each other, of which optimisers make vectors. */
  matrix: {
    state:
      'static float a[24][24], b[24][24], c[24][24]; for (int i = 0; i < 576; i++) a[i / 24][i % 24] = i % 7, b[i / 24][i % 24] = i % 5;',
    unit: `for (int i = 0; i < 24; i++) for (int j = 0; j < 24; j++) { float s = c[j][i] * 0.5f;
      for (int k = 0; k < 24; k++) s += a[i][k] * b[k][j]; c[i][j] = s; }`,
    result: '(unsigned)c[3][5]',
  },
  /** An interpreter with computed gotos. */
  interpreter: {
    state: `static const unsigned char code[] = {0, 2, 1, 3, 0, 1, 2, 4}; static const void *const to[] = {&&add, &&mul, &&xor, &&sub, &&again};
      unsigned acc = 1, turns;`,
    unit: `{ const unsigned char *pc = code; turns = 1500; goto *to[*pc++];
      add: acc += turns; goto *to[*pc++]; mul: acc *= 5; goto *to[*pc++]; xor: acc ^= acc >> 7; goto *to[*pc++];
      sub: acc -= 3; goto *to[*pc++]; again: pc = code; if (--turns) goto *to[*pc++]; }`,
    result: 'acc',
  },
} as const;

/** Name of a kernel. */
export type KernelName = keyof typeof kernels;

/** All kernels. */
// Safe because it lists the keys of an object literal.
export const kernelNames = Object.keys(kernels) as readonly KernelName[];

/**
 * A program: `program <milliseconds> <units>` ends after so long, or so much work. Each line it prints is the time
 * since main began, the processor time and the units of work since the line before, in microseconds.
 *
 * @param kernel - What it does.
 * @returns C text.
 */
export function loopInMain(kernel: KernelName): string {
  const { state, unit, result } = kernels[kernel];
  return `
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
static double us(clockid_t clock) { struct timespec t; clock_gettime(clock, &t); return t.tv_sec * 1e6 + t.tv_nsec / 1e3; }
int main(int argc, char **argv) {
  double begin = us(CLOCK_MONOTONIC), wall = begin, cpu = us(CLOCK_THREAD_CPUTIME_ID), limit = atof(argv[1]) * 1e3;
  unsigned long units = 0, last = 0, most = strtoul(argv[2], 0, 10);
  ${state}
  while (units < most) {
    ${unit}
    units++;
    if (units & 31) continue;
    double now = us(CLOCK_MONOTONIC);
    if (now - wall < 2000) continue;
    double used = us(CLOCK_THREAD_CPUTIME_ID);
    printf("%.0f %.0f %lu\\n", now - begin, used - cpu, units - last);
    wall = now; cpu = used; last = units;
    if (now - begin > limit) break;
  }
  fprintf(stderr, "%u\\n", ${result});
  return 0;
}`;
}
