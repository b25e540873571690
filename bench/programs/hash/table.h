#ifndef TABLE_H
#define TABLE_H

#include <stddef.h>
#include <stdint.h>

struct entry {
  const char *key;
  uint32_t hash, count;
};

/* Keys of text; open addressing, with linear probing. */
struct table {
  struct entry *entries;
  size_t capacity, used;
};

struct table table_new(void);
void table_free(struct table *table);
/* Finds a key, or makes its entry. */
struct entry *table_enter(struct table *table, const char *key);
/* Finds a key; NULL: there is none. */
const struct entry *table_find(const struct table *table, const char *key);

uint32_t hash_text(const char *text);
int same_text(const char *one, const char *other);

/* A text of words, some of them often: each ends with 0. Returns how many. */
size_t make_words(char *text, size_t length, const char **words, size_t most);

#endif
