/* What records are ordered by. */
#include "sorting.h"
#include <string.h>

int by_key(const struct record *one, const struct record *other) {
  return (one->key > other->key) - (one->key < other->key);
}

int by_group(const struct record *one, const struct record *other) {
  if (one->group != other->group) return one->group < other->group ? -1 : 1;
  return by_key(one, other);
}

int by_name(const struct record *one, const struct record *other) {
  for (size_t at = 0; at < sizeof one->name; at++)
    if (one->name[at] != other->name[at]) return one->name[at] < other->name[at] ? -1 : 1;
  return 0;
}

int by_weight(const struct record *one, const struct record *other) {
  if (one->weight < other->weight) return -1;
  return one->weight > other->weight ? 1 : by_key(one, other);
}
