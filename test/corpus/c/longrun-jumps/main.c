/* Runs about a second: jump buffers set early are jumped to much later and again and again, over frames of other files. */
#include <setjmp.h>
#include <stdio.h>
#include "worker.h"

jmp_buf errors, restart;
static volatile unsigned caught, restarts, finished;
static volatile unsigned long codes;

static void attempt(unsigned n) {
  jmp_buf saved;
  __builtin_memcpy(&saved, &errors, sizeof saved);
  int code = setjmp(errors);
  if (code == 0) finished += work(n, (int)(n % 9)) > 0;
  else {
    caught++;
    codes += (unsigned)code;
  }
  __builtin_memcpy(&errors, &saved, sizeof saved);
}

int main(void) {
  volatile unsigned i = 0;
  int from = setjmp(restart);
  if (from) {
    restarts++;
    i += (unsigned)from;
  }
  int outer = setjmp(errors);
  if (outer) {
    printf("outer %d %u\n", outer, restarts);
    printf("%u %lu %u\n", caught, codes, finished);
    printf("%lu\n", calls());
    return 0;
  }
  for (; i < 6000000; i++) {
    attempt(i);
    if (i % 2000000 == 1999999) leave(3, restart);
  }
  work(13, 4);
  puts("never");
  return 1;
}
