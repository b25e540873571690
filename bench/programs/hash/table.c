/* The table. */
#include "table.h"
#include <stdlib.h>

static struct entry *allocate(size_t capacity) {
  struct entry *entries = calloc(capacity, sizeof *entries);
  if (entries == NULL) abort();
  return entries;
}

struct table table_new(void) { return (struct table){allocate(64), 64, 0}; }

void table_free(struct table *table) { free(table->entries); }

static struct entry *slot_of(const struct table *table, const char *key, uint32_t hash) {
  for (size_t at = hash & (table->capacity - 1);; at = (at + 1) & (table->capacity - 1)) {
    struct entry *entry = &table->entries[at];
    if (entry->key == NULL) return entry;
    if (entry->hash == hash && same_text(entry->key, key)) return entry;
  }
}

static void grow(struct table *table) {
  struct table larger = {allocate(table->capacity * 2), table->capacity * 2, table->used};
  for (size_t at = 0; at < table->capacity; at++) {
    const struct entry *entry = &table->entries[at];
    if (entry->key != NULL) *slot_of(&larger, entry->key, entry->hash) = *entry;
  }
  free(table->entries);
  *table = larger;
}

struct entry *table_enter(struct table *table, const char *key) {
  if (table->used * 4 >= table->capacity * 3) grow(table);
  uint32_t hash = hash_text(key);
  struct entry *entry = slot_of(table, key, hash);
  if (entry->key == NULL) {
    *entry = (struct entry){key, hash, 0};
    table->used++;
  }
  return entry;
}

const struct entry *table_find(const struct table *table, const char *key) {
  const struct entry *entry = slot_of(table, key, hash_text(key));
  return entry->key == NULL ? NULL : entry;
}
