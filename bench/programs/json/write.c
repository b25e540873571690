/* From values to letters. */
#include "json.h"
#include <string.h>

static char *put(char *to, const char *text, size_t length) {
  memcpy(to, text, length);
  return to + length;
}

static char *put_integer(uint64_t number, char *to, int digits) {
  char text[24];
  int count = 0;
  do text[count++] = (char)('0' + number % 10);
  while ((number /= 10) != 0 || count < digits);
  while (count > 0) *to++ = text[--count];
  return to;
}

static char *put_number(double number, char *to) {
  if (number < 0) *to++ = '-', number = -number;
  uint64_t thousandths = (uint64_t)(number * 1000 + 0.5);
  to = put_integer(thousandths / 1000, to, 1);
  if (thousandths % 1000 == 0) return to;
  *to++ = '.';
  return put_integer(thousandths % 1000, to, 3);
}

static char *put_text(const char *text, size_t length, char *to) {
  *to++ = '"';
  to = put(to, text, length);
  *to++ = '"';
  return to;
}

static char *put_members(const struct value *value, char *to, char open, char close) {
  *to++ = open;
  for (const struct value *part = value->first; part != NULL; part = part->next) {
    if (part->name != NULL) {
      to = put_text(part->name, part->name_length, to);
      *to++ = ':';
    }
    to = write_value(part, to);
    if (part->next != NULL) *to++ = ',';
  }
  *to++ = close;
  return to;
}

char *write_value(const struct value *value, char *to) {
  switch (value->kind) {
  case kind_null: return put(to, "null", 4);
  case kind_true: return put(to, "true", 4);
  case kind_false: return put(to, "false", 5);
  case kind_number: return put_number(value->number, to);
  case kind_text: return put_text(value->text, value->length, to);
  case kind_list: return put_members(value, to, '[', ']');
  case kind_object: return put_members(value, to, '{', '}');
  }
  return to;
}
