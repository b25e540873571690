/* A table that the linker collects: entries of two files in one named section, found by its start and stop symbols. */
#include <stdio.h>
#include "entry.h"

ENTRY(main_one, 1);
ENTRY(main_two, 2);
extern const struct entry __start_entries[], __stop_entries[];

int main(void) {
  int sum = 0, count = 0;
  for (const struct entry *e = __start_entries; e < __stop_entries; e++) {
    sum += e->run();
    count++;
  }
  printf("%d %d\n", count, sum);
  return 0;
}
