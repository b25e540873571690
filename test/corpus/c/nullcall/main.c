/* A call through a null function pointer ends the process by SIGSEGV. */
#include <stdio.h>

extern __attribute__((weak)) int nowhere(int);
int (*volatile target)(int) = nowhere;

int main(void) {
  puts("calling");
  fflush(stdout);
  return target(1);
}
