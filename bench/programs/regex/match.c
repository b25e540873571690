/* A matcher that tries, and goes back. */
#include "regex.h"
#include <stddef.h>

static const char *text_begin;

static int takes(const struct node *node, const char *text) {
  unsigned char letter = (unsigned char)*text;
  if (letter == 0) return 0;
  switch (node->kind) {
  case node_char: return letter == node->letter;
  case node_any: return letter != '\n';
  case node_class: return set_has(node->set, letter);
  default: return 0;
  }
}

static const char *match(const struct node *node, const char *text);

/* A group: once more, if it may and takes something, else what follows it. */
static const char *match_group(const struct node *group, const char *text, unsigned times, const char *before);

/* Turns that groups are in, innermost first. */
struct turn {
  const struct turn *outer;
  unsigned times;
  const char *begin;
};
static const struct turn *turns;

static const char *match_group(const struct node *group, const char *text, unsigned times, const char *before) {
  const struct turn *outer = turns;
  if (times < group->most && text != before) {
    struct turn turn = {outer, times + 1, text};
    turns = &turn;
    const char *end = match(group->inner, text);
    turns = outer;
    if (end != NULL) return end;
  }
  return times >= group->least ? match(group->next, text) : NULL;
}

static const char *match_group_end(const struct node *end, const char *text) {
  const struct turn *turn = turns;
  turns = turn->outer;
  const char *found = match_group(end->inner, text, turn->times, turn->begin);
  turns = turn;
  return found;
}

static const char *match_repeated(const struct node *node, const char *text) {
  const char *from = text;
  unsigned count = 0;
  while (count < node->most && takes(node, text)) text++, count++;
  for (;; count--) {
    if (count < node->least) return NULL;
    const char *end = match(node->next, text);
    if (end != NULL || text == from) return end;
    text--;
  }
}

static const char *match(const struct node *node, const char *text) {
  for (; node != NULL; node = node->next) {
    switch (node->kind) {
    case node_start:
      if (text != text_begin) return NULL;
      break;
    case node_end:
      if (*text != 0 && *text != '\n') return NULL;
      break;
    case node_group: return match_group(node, text, 0, NULL);
    case node_group_end: return match_group_end(node, text);
    case node_alternatives: {
      const char *end = match(node->inner, text);
      return end != NULL ? end : match(node->other, text);
    }
    default:
      if (node->least != 1 || node->most != 1) return match_repeated(node, text);
      if (!takes(node, text)) return NULL;
      text++;
    }
  }
  return text;
}

int regex_find(const struct node *pattern, const char *text, int *length) {
  text_begin = text;
  for (const char *from = text;; from++) {
    turns = NULL;
    const char *end = match(pattern, from);
    if (end != NULL) {
      *length = (int)(end - from);
      return (int)(from - text);
    }
    if (*from == 0) return -1;
  }
}
