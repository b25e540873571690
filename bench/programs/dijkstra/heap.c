/* A binary heap. */
#include "graph.h"
#include <stdlib.h>

int item_before(const struct item *one, const struct item *other) {
  return one->distance < other->distance || (one->distance == other->distance && one->node < other->node);
}

void heap_push(struct heap *heap, struct item item) {
  if (heap->count == heap->most) abort();
  uint32_t at = heap->count++;
  while (at > 0 && item_before(&item, &heap->items[(at - 1) / 2])) {
    heap->items[at] = heap->items[(at - 1) / 2];
    at = (at - 1) / 2;
  }
  heap->items[at] = item;
}

struct item heap_pop(struct heap *heap) {
  struct item top = heap->items[0], last = heap->items[--heap->count];
  uint32_t at = 0;
  for (;;) {
    uint32_t child = 2 * at + 1;
    if (child >= heap->count) break;
    if (child + 1 < heap->count && item_before(&heap->items[child + 1], &heap->items[child])) child++;
    if (!item_before(&heap->items[child], &last)) break;
    heap->items[at] = heap->items[child];
    at = child;
  }
  heap->items[at] = last;
  return top;
}
