/* Recursion without end ends the process by SIGSEGV. */
#include <stdio.h>

volatile int limit = -1;

static int deeper(int n) {
  volatile char frame[1000];
  frame[n % 1000] = 1;
  if (n == limit) return 0;
  return deeper(n + 1) + frame[n % 1000];
}

int main(void) {
  puts("descending");
  fflush(stdout);
  return deeper(0);
}
