/* `PROGRAM PASSES`: a line when it begins, and a line with its checksum after each pass; time is taken from outside. */
#include "passes.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
  long passes = argc > 1 ? strtol(argv[1], NULL, 10) : 10;
  setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
  puts("start");
  prepare();
  for (long number = 1; number <= passes; number++)
    printf("pass %ld %016" PRIx64 "\n", number, pass());
  return 0;
}
