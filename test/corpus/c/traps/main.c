/* A trap ends the process by SIGILL. */
#include <stdio.h>

static int check(int n) {
  if (n > 2) __builtin_trap();
  return n;
}

int main(int argc, char **argv) {
  (void)argv;
  puts("trapping");
  fflush(stdout);
  return check(argc + 5);
}
