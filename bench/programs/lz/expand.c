/* The way back. */
#include "lz.h"

size_t expand(const uint8_t *from, size_t length, uint8_t *to, size_t most) {
  struct sink sink = {to, 0, most};
  size_t at = 0;
  unsigned flags = 0;
  for (unsigned bit = 0; at < length; bit++) {
    if ((bit & 7) == 0) flags = from[at++];
    if (at == length) break;
    if ((flags >> (bit & 7) & 1) != 0) {
      sink_copy(&sink, (size_t)(from[at + 1] | from[at + 2] << 8), (size_t)from[at] + shortest);
      at += 3;
    } else {
      sink_put(&sink, from[at++]);
    }
  }
  return sink.used;
}
