/* Constructors and destructors with priorities in two files, atexit in between: the whole order is fixed. */
#include <stdio.h>
#include <stdlib.h>

void note(const char *what);
int ready(void);

__attribute__((constructor(300))) static void third(void) { note("constructor 300"); }
__attribute__((constructor(101))) static void first(void) { note("constructor 101"); }
__attribute__((constructor)) static void last(void) {
  note("constructor");
  atexit((void (*)(void))ready);
}
__attribute__((destructor)) static void closing(void) { note("destructor"); }
__attribute__((destructor(101))) static void closing_last(void) { note("destructor 101"); }
__attribute__((destructor(300))) static void closing_later(void) { note("destructor 300"); }

static void nested(void) { note("atexit from atexit"); }
static void one(void) {
  note("atexit one");
  atexit(nested);
}
static void two(void) { note("atexit two"); }

int main(void) {
  printf("main %d\n", ready());
  atexit(one);
  atexit(two);
  atexit(two);
  return 0;
}
