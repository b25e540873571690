/* From tokens to values, by descent. */
#include "json.h"
#include <string.h>

static struct value *parse_value(struct scanner *scanner, enum token token);

static struct value *parse_members(struct scanner *scanner, enum kind kind, enum token end) {
  struct value *made = value_new(kind), **place = &made->first;
  enum token token = scan(scanner);
  if (token == end) return made;
  for (;;) {
    const char *name = NULL;
    size_t name_length = 0;
    if (kind == kind_object) {
      if (token != token_text) return NULL;
      name = scanner->begin, name_length = scanner->length;
      if (scan(scanner) != token_colon) return NULL;
      token = scan(scanner);
    }
    struct value *value = parse_value(scanner, token);
    if (value == NULL) return NULL;
    value->name = name, value->name_length = name_length;
    *place = value, place = &value->next;
    token = scan(scanner);
    if (token == end) return made;
    if (token != token_comma) return NULL;
    token = scan(scanner);
  }
}

static struct value *parse_word(const struct scanner *scanner) {
  if (scanner->length == 4 && memcmp(scanner->begin, "true", 4) == 0) return value_new(kind_true);
  if (scanner->length == 5 && memcmp(scanner->begin, "false", 5) == 0) return value_new(kind_false);
  if (scanner->length == 4 && memcmp(scanner->begin, "null", 4) == 0) return value_new(kind_null);
  return NULL;
}

static struct value *parse_value(struct scanner *scanner, enum token token) {
  struct value *made;
  switch (token) {
  case token_open: return parse_members(scanner, kind_object, token_close);
  case token_list: return parse_members(scanner, kind_list, token_list_end);
  case token_number:
    made = value_new(kind_number);
    made->number = scanner->number;
    return made;
  case token_text:
    made = value_new(kind_text);
    made->text = scanner->begin, made->length = scanner->length;
    return made;
  case token_word: return parse_word(scanner);
  default: return NULL;
  }
}

struct value *parse(const char *text) {
  struct scanner scanner = {text, text, 0, 0};
  struct value *value = parse_value(&scanner, scan(&scanner));
  return value != NULL && scan(&scanner) == token_end ? value : NULL;
}
