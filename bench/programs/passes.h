/* What each program of this folder defines, for passes.c, which has main. */
#ifndef TIERLINK_BENCH_PASSES_H
#define TIERLINK_BENCH_PASSES_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Makes what passes work on; called once. */
void prepare(void);

/* Does the same work each time, some ten milliseconds of optimised code, and returns what came of it. */
uint64_t pass(void);

/* The next of a row of numbers that is the same everywhere. */
static inline uint32_t next_random(uint32_t *seed) {
  *seed ^= *seed << 13;
  *seed ^= *seed >> 17;
  *seed ^= *seed << 5;
  return *seed;
}

/* Adds to a checksum, so that order counts. */
static inline uint64_t mix(uint64_t sum, uint64_t value) { return (sum ^ value) * 0x9e3779b97f4a7c15u + (sum >> 29); }

#ifdef __cplusplus
}
#endif

#endif
