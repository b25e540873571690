/* Patterns become chains of nodes; the end of a group leads to what follows the group. */
#include "regex.h"
#include <stdlib.h>

static struct node *make(enum kind kind) {
  struct node *node = calloc(1, sizeof *node);
  if (node == NULL) abort();
  node->kind = kind;
  node->least = node->most = 1;
  return node;
}

static struct node *parse_chain(const char **at, struct node *end);

static struct node *parse_class(const char **at) {
  struct node *node = make(node_class);
  int inverted = **at == '^';
  if (inverted) ++*at;
  for (; **at != ']' && **at != 0; ++*at) {
    unsigned char from = (unsigned char)**at, to = from;
    if ((*at)[1] == '-' && (*at)[2] != ']') to = (unsigned char)(*at)[2], *at += 2;
    set_add(node->set, from, to);
  }
  if (**at != ']') abort();
  ++*at;
  if (inverted) set_invert(node->set);
  return node;
}

static struct node *parse_group(const char **at) {
  struct node *node = make(node_group);
  struct node *end = make(node_group_end);
  end->inner = node;
  node->inner = parse_chain(at, end);
  while (**at == '|') {
    ++*at;
    struct node *choice = make(node_alternatives);
    choice->inner = node->inner;
    choice->other = parse_chain(at, end);
    node->inner = choice;
  }
  if (**at != ')') abort();
  ++*at;
  return node;
}

static struct node *parse_one(const char **at) {
  char letter = *(*at)++;
  switch (letter) {
  case '.': return make(node_any);
  case '^': return make(node_start);
  case '$': return make(node_end);
  case '[': return parse_class(at);
  case '(': return parse_group(at);
  default: {
    struct node *node = make(node_char);
    node->letter = (unsigned char)letter;
    return node;
  }
  }
}

static struct node *parse_chain(const char **at, struct node *end) {
  struct node *first = NULL, **place = &first;
  while (**at != 0 && **at != '|' && **at != ')') {
    struct node *node = parse_one(at);
    if (**at == '*' || **at == '+' || **at == '?') {
      node->least = **at == '+';
      node->most = **at == '?' ? 1 : ~0u;
      ++*at;
    }
    *place = node;
    place = &node->next;
  }
  *place = end;
  return first;
}

struct node *regex_parse(const char *pattern) {
  struct node *found = parse_chain(&pattern, NULL);
  if (*pattern != 0) abort();
  return found;
}
