/* Output, with its limit checked. */
#include "lz.h"
#include <stdlib.h>

void sink_put(struct sink *sink, uint8_t byte) {
  if (sink->used == sink->most) abort();
  sink->bytes[sink->used++] = byte;
}

void sink_copy(struct sink *sink, size_t distance, size_t length) {
  if (distance > sink->used) abort();
  for (; length > 0; length--) sink_put(sink, sink->bytes[sink->used - distance]);
}
