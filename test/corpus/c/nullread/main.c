/* A read through a null pointer ends the process by SIGSEGV; what was flushed before is there. */
#include <stdio.h>

int follow(const int *p);

int main(void) {
  int n = 5;
  printf("%d\n", follow(&n));
  fflush(stdout);
  printf("lost %d\n", follow(NULL));
  return 0;
}
