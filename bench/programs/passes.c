/*
 * `PROGRAM PASSES`: a line when it begins, and a line with its checksum after each pass. On stderr stands how long each
 * took, in nanoseconds of this thread, so that neither what else the machine does nor who reads the lines counts.
 */
#include "passes.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#ifdef __wasi__
#define PASS_CLOCK CLOCK_MONOTONIC
#else
#define PASS_CLOCK CLOCK_THREAD_CPUTIME_ID
#endif

static int64_t nanoseconds(void) {
  struct timespec now;
  clock_gettime(PASS_CLOCK, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int main(int argc, char **argv) {
  long passes = argc > 1 ? strtol(argv[1], NULL, 10) : 10;
  setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
  puts("start");
  prepare();
  for (long number = 1; number <= passes; number++) {
    int64_t began = nanoseconds();
    uint64_t sum = pass();
    fprintf(stderr, "%" PRId64 "\n", nanoseconds() - began);
    printf("pass %ld %016" PRIx64 "\n", number, sum);
  }
  return 0;
}
