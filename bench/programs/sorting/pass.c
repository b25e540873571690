/* Sorts records by four orders in turn, and looks for some of them. */
#include "../passes.h"
#include "sorting.h"
#include <string.h>

enum { count = 30000, sorted_count = 15000 };
static struct record all[count], work[count];

void prepare(void) {
  uint32_t seed = 99;
  for (size_t at = 0; at < count; at++) {
    struct record *record = &all[at];
    record->key = next_random(&seed) % 60000;
    record->group = next_random(&seed) % 40;
    record->weight = (next_random(&seed) >> 4) / 1024.0;
    for (size_t letter = 0; letter < 15; letter++) record->name[letter] = (char)('a' + next_random(&seed) % 3);
  }
}

static uint64_t sort_by(compare *order, size_t taken) {
  memcpy(work, all, sizeof *all * taken);
  sort(work, taken, order);
  size_t left = unique(work, taken, order);
  uint64_t sum = left;
  for (size_t at = 0; at < taken; at += 4) sum = mix(sum, find(work, left, &all[at], order));
  return mix(sum, work[left / 2].key);
}

uint64_t pass(void) {
  uint64_t sum = sort_by(by_key, count);
  sum = mix(sum, sort_by(by_group, sorted_count));
  sum = mix(sum, sort_by(by_name, sorted_count));
  return mix(sum, sort_by(by_weight, sorted_count));
}
