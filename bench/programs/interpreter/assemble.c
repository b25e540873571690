/* From text to operations, once over it for places and once for code. */
#include "machine.h"
#include <stdlib.h>
#include <string.h>

enum { word_size = 16, most_places = 32 };
static const char *const names[] = {"push",   "load", "store", "add",    "subtract", "multiply", "divide", "modulo", "less",
                                    "equal", "jump", "unless", "call", "return",  "get",  "set",      "array",    "stop"};
static struct {
  char name[word_size];
  int32_t at;
} places[most_places];
static size_t place_count;

static int read_word(const char **text, char *word) {
  size_t length = 0;
  while (**text == ' ') ++*text;
  while (**text != 0 && **text != ' ') {
    if (length + 1 == word_size) abort();
    word[length++] = *(*text)++;
  }
  word[length] = 0;
  return length != 0;
}

static int32_t number_of(const char *word) {
  for (size_t at = 0; at < sizeof names / sizeof *names; at++)
    if (strcmp(word, names[at]) == 0) return (int32_t)at;
  for (size_t at = 0; at < place_count; at++)
    if (strcmp(word, places[at].name) == 0) return places[at].at;
  return (int32_t)strtol(word, NULL, 10);
}

static void read_text(const char *text, int32_t *code, size_t most) {
  char word[word_size];
  size_t count = 0;
  while (read_word(&text, word)) {
    size_t length = strlen(word);
    if (word[length - 1] == ':') {
      if (code != NULL) continue;
      if (place_count == most_places) abort();
      word[length - 1] = 0;
      strcpy(places[place_count].name, word);
      places[place_count++].at = (int32_t)count;
      continue;
    }
    if (count == most) abort();
    if (code != NULL) code[count] = number_of(word);
    count++;
  }
}

void assemble(const char *text, int32_t *code, size_t most) {
  place_count = 0;
  read_text(text, NULL, most);
  read_text(text, code, most);
}
