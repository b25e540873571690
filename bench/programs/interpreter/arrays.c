/* Memory of arrays. */
#include "machine.h"
#include <stdlib.h>

static struct value store[1 << 16];
static size_t used;

struct value *array_new(int64_t length) {
  if (length < 0 || used + (size_t)length > sizeof store / sizeof *store) abort();
  struct value *items = &store[used];
  used += (size_t)length;
  for (int64_t at = 0; at < length; at++) items[at] = (struct value){type_integer, {.integer = 0}};
  return items;
}

void arrays_free(void) { used = 0; }
