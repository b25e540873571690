#ifndef LZ_H
#define LZ_H

#include <stddef.h>
#include <stdint.h>

enum { window_bits = 15, shortest = 4, longest = 255 + shortest };

/* Where the same bytes stood before: chains by their hash. */
struct finder {
  int32_t heads[1 << window_bits], before[1 << window_bits];
};

struct match {
  size_t length, distance;
};

void finder_reset(struct finder *finder);
void finder_insert(struct finder *finder, const uint8_t *bytes, size_t at);
struct match finder_longest(const struct finder *finder, const uint8_t *bytes, size_t at, size_t end);

/* Bytes that are written one after the other. */
struct sink {
  uint8_t *bytes;
  size_t used, most;
};
void sink_put(struct sink *sink, uint8_t byte);
void sink_copy(struct sink *sink, size_t distance, size_t length);

size_t compress(const uint8_t *from, size_t length, uint8_t *to, size_t most);
size_t expand(const uint8_t *from, size_t length, uint8_t *to, size_t most);

#endif
