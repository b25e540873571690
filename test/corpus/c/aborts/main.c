/* abort: no handlers, no destructors, what was not flushed is lost. */
#include <stdio.h>
#include <stdlib.h>

static void never(void) { puts("never: atexit"); }
__attribute__((destructor)) static void neither(void) { puts("never: destructor"); }

int main(void) {
  atexit(never);
  puts("flushed");
  fflush(stdout);
  fputs("lost", stdout);
  abort();
}
