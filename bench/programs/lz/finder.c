/* The search for what was there before. */
#include "lz.h"
#include <string.h>

enum { mask = (1 << window_bits) - 1, tries = 16 };

static uint32_t hash(const uint8_t *bytes) {
  uint32_t four;
  memcpy(&four, bytes, 4);
  return four * 2654435761u >> (32 - window_bits);
}

void finder_reset(struct finder *finder) { memset(finder->heads, 0xff, sizeof finder->heads); }

void finder_insert(struct finder *finder, const uint8_t *bytes, size_t at) {
  int32_t *head = &finder->heads[hash(bytes + at)];
  finder->before[at & mask] = *head;
  *head = (int32_t)at;
}

static size_t same(const uint8_t *one, const uint8_t *other, size_t most) {
  size_t length = 0;
  while (length < most && one[length] == other[length]) length++;
  return length;
}

struct match finder_longest(const struct finder *finder, const uint8_t *bytes, size_t at, size_t end) {
  struct match best = {0, 0};
  size_t most = end - at < longest ? end - at : longest;
  int32_t place = finder->heads[hash(bytes + at)];
  for (int left = tries; left > 0 && place >= 0 && at - (size_t)place <= mask; left--) {
    size_t length = same(bytes + place, bytes + at, most);
    if (length > best.length) best = (struct match){length, at - (size_t)place};
    place = finder->before[place & mask];
  }
  return best;
}
