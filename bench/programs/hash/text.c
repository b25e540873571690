/* What a table asks of its keys. */
#include "table.h"

uint32_t hash_text(const char *text) {
  uint32_t hash = 2166136261u;
  for (; *text != 0; text++) hash = (hash ^ (unsigned char)*text) * 16777619u;
  return hash;
}

int same_text(const char *one, const char *other) {
  for (; *one == *other; one++, other++)
    if (*one == 0) return 1;
  return 0;
}
