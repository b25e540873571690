/* Handles SIGINT itself, busy in a loop of calls when it comes, and leaves in good order. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static volatile sig_atomic_t interrupted;
static void handler(int number) { interrupted = number; }
static void last(void) { puts("in good order"); }
int spin(int n);

int main(void) {
  signal(SIGINT, handler);
  atexit(last);
  int value = spin(1), rounds = 1; /* before it says ready: a signal may come at once */
  puts("ready");
  fflush(stdout);
  while (!interrupted) {
    value = spin(value);
    rounds++;
  }
  printf("interrupted %d %d\n", interrupted == SIGINT, rounds > 0 && value >= 0);
  return 3;
}
