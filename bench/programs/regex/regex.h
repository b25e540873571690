#ifndef REGEX_H
#define REGEX_H

#include <stdint.h>

enum kind { node_char, node_any, node_class, node_start, node_end, node_group, node_group_end, node_alternatives };

/* One piece of a pattern, and what follows it. */
struct node {
  enum kind kind;
  unsigned char letter;
  unsigned least, most;
  uint32_t set[8];
  struct node *next, *inner, *other;
};

/* Reads a pattern: letters . [a-z^] ^ $ ( | ) * + ? ; aborts if it is none. */
struct node *regex_parse(const char *pattern);

/* Where a match begins at or after the text, and its length; -1: nowhere. */
int regex_find(const struct node *pattern, const char *text, int *length);

int set_has(const uint32_t *set, unsigned char letter);
void set_add(uint32_t *set, unsigned char from, unsigned char to);
void set_invert(uint32_t *set);

#endif
