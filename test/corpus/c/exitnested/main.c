/* exit from deep within calls, in a callback of libc: handlers run, output is flushed, main never returns. */
#include <stdio.h>
#include <stdlib.h>

void deeper(int n);
static char buffer[64];

static void handler(void) {
  printf("handler, %s", buffer);
  fputs(" without a newline", stdout);
}
static int compare(const void *a, const void *b) {
  if (*(const int *)a == 3 || *(const int *)b == 3) deeper(10);
  return *(const int *)a - *(const int *)b;
}

int main(void) {
  atexit(handler);
  int list[] = {1, 2, 3, 4};
  fputs("sorting\n", stdout);
  snprintf(buffer, sizeof buffer, "%d numbers", 4);
  qsort(list, 4, sizeof *list, compare);
  puts("never");
  return 1;
}
