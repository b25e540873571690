/* Counts the words of a text. */
#include "../passes.h"
#include "table.h"

static char text[900000];
static const char *words[120000];
static size_t count;

void prepare(void) { count = make_words(text, sizeof text, words, sizeof words / sizeof *words); }

uint64_t pass(void) {
  struct table table = table_new();
  for (size_t at = 0; at < count; at++) table_enter(&table, words[at])->count++;
  uint64_t sum = table.used;
  for (size_t at = 0; at < count; at += 2) {
    const struct entry *found = table_find(&table, words[at] + 1);
    sum += found == NULL ? 1 : found->count * 3u;
  }
  sum = mix(sum, table_find(&table, words[count / 2])->count);
  table_free(&table);
  return sum;
}
