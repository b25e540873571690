/* What can be done with records in order. */
#include "sorting.h"

size_t unique(struct record *records, size_t count, compare *order) {
  size_t kept = 0;
  for (size_t next = 0; next < count; next++)
    if (kept == 0 || order(&records[kept - 1], &records[next]) != 0) records[kept++] = records[next];
  return kept;
}

size_t find(const struct record *records, size_t count, const struct record *wanted, compare *order) {
  size_t low = 0, high = count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (order(&records[middle], wanted) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}
