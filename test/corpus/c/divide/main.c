/* A division by zero ends the process by SIGFPE. */
#include <stdio.h>

static volatile int zero;

int main(void) {
  puts("dividing");
  fflush(stdout);
  printf("%d\n", 10 / zero);
  return 0;
}
