/* A byte of flags for each eight: literals, or lengths and distances. */
#include "lz.h"

size_t compress(const uint8_t *from, size_t length, uint8_t *to, size_t most) {
  static struct finder finder;
  struct sink sink = {to, 0, most};
  size_t at = 0, flags = 0;
  finder_reset(&finder);
  for (unsigned bit = 0; at < length; bit++) {
    if ((bit & 7) == 0) {
      flags = sink.used;
      sink_put(&sink, 0);
    }
    struct match match = {0, 0};
    if (at + shortest <= length) match = finder_longest(&finder, from, at, length);
    size_t taken = 1;
    if (match.length >= shortest) {
      to[flags] |= (uint8_t)(1u << (bit & 7));
      sink_put(&sink, (uint8_t)(match.length - shortest));
      sink_put(&sink, (uint8_t)match.distance);
      sink_put(&sink, (uint8_t)(match.distance >> 8));
      taken = match.length;
    } else {
      sink_put(&sink, from[at]);
    }
    for (; taken > 0; taken--, at++)
      if (at + shortest <= length) finder_insert(&finder, from, at);
  }
  return sink.used;
}
