#ifndef SORTING_H
#define SORTING_H

#include <stddef.h>
#include <stdint.h>

struct record {
  uint32_t key, group;
  double weight;
  char name[16];
};

typedef int compare(const struct record *one, const struct record *other);

/* Orders, in order.c. */
compare by_key, by_group, by_name, by_weight;

/* Sorts, quickly and in place; of a few it is insertion that sorts them. */
void sort(struct record *records, size_t count, compare *order);

/* Merges equal ones: keeps the first of each, and returns how many are left. */
size_t unique(struct record *records, size_t count, compare *order);

/* Where a record is, or would be. */
size_t find(const struct record *records, size_t count, const struct record *wanted, compare *order);

#endif
