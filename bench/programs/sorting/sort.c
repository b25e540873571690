/* Sorting with an order that is known when it runs. */
#include "sorting.h"

enum { few = 12 };

static void swap(struct record *one, struct record *other) {
  struct record kept = *one;
  *one = *other;
  *other = kept;
}

static void insert(struct record *records, size_t count, compare *order) {
  for (size_t next = 1; next < count; next++) {
    struct record taken = records[next];
    size_t to = next;
    for (; to > 0 && order(&taken, &records[to - 1]) < 0; to--) records[to] = records[to - 1];
    records[to] = taken;
  }
}

void sort(struct record *records, size_t count, compare *order) {
  while (count > few) {
    swap(&records[0], &records[count / 2]);
    struct record pivot = records[0];
    size_t low = 0, high = count;
    for (;;) {
      do high--;
      while (order(&pivot, &records[high]) < 0);
      while (low < high && order(&records[low], &pivot) < 0) low++;
      if (low >= high) break;
      swap(&records[low], &records[high]);
      low++;
    }
    size_t left = high + 1;
    sort(records + left, count - left, order);
    count = left;
  }
  insert(records, count, order);
}
