#ifndef JSON_H
#define JSON_H

#include <stddef.h>
#include <stdint.h>

enum token { token_open, token_close, token_list, token_list_end, token_colon, token_comma, token_text, token_number, token_word, token_end, token_bad };

struct scanner {
  const char *at;
  const char *begin; /* of the token */
  size_t length;
  double number;
};
enum token scan(struct scanner *scanner);

enum kind { kind_null, kind_true, kind_false, kind_number, kind_text, kind_list, kind_object };

/* A value; members of lists and objects are chained. */
struct value {
  enum kind kind;
  double number;
  const char *text, *name;
  size_t length, name_length;
  struct value *first, *next;
};

/* Reads one; NULL: the text is none. */
struct value *parse(const char *text);

/* Writes one, and returns where it ends. */
char *write_value(const struct value *value, char *to);

/* Memory for values, given back all at once. */
struct value *value_new(enum kind kind);
void values_free(void);

const struct value *member(const struct value *object, const char *name);

#endif
