/* quick_exit runs its own handlers and no others; _Exit within them; nothing is flushed that was not. */
#include <stdio.h>
#include <stdlib.h>

static void quick(void) {
  puts("at_quick_exit");
  fflush(stdout);
}
static void never(void) { puts("never: atexit"); }

int main(void) {
  atexit(never);
  at_quick_exit(quick);
  puts("main");
  quick_exit(9);
}
