/* Orders that count how often they are asked. */
#include <string.h>

static int count;

int by_value(const void *a, const void *b) {
  count++;
  int x = *(const int *)a, y = *(const int *)b;
  return (x > y) - (x < y);
}
int by_name(const void *a, const void *b) {
  count++;
  return strcmp(a, b);
}
int comparisons(void) { return count; }
