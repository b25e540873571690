/* Memory of values, and what is asked of them. */
#include "json.h"
#include <stdlib.h>
#include <string.h>

static struct value store[40000];
static size_t used;

struct value *value_new(enum kind kind) {
  if (used == sizeof store / sizeof *store) abort();
  struct value *made = &store[used++];
  memset(made, 0, sizeof *made);
  made->kind = kind;
  return made;
}

void values_free(void) { used = 0; }

const struct value *member(const struct value *object, const char *name) {
  size_t length = strlen(name);
  for (const struct value *found = object->first; found != NULL; found = found->next)
    if (found->name_length == length && memcmp(found->name, name, length) == 0) return found;
  return NULL;
}
