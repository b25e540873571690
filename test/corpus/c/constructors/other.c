/* The second file's constructor lies between the first file's by its priority. */
#include <stdio.h>

static int notes;
static int constructed;

void note(const char *what) { printf("%d %s\n", ++notes, what); }
int ready(void) {
  note("ready");
  return constructed;
}

__attribute__((constructor(200))) static void second(void) {
  constructed = 42;
  note("constructor 200");
}
__attribute__((destructor(200))) static void closing(void) { note("destructor 200"); }
