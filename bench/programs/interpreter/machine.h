#ifndef MACHINE_H
#define MACHINE_H

#include <stddef.h>
#include <stdint.h>

enum operation {
  op_push,    /* a number follows */
  op_load,    /* a variable */
  op_store,
  op_add,
  op_subtract,
  op_multiply,
  op_divide,
  op_modulo,
  op_less,
  op_equal,
  op_jump,    /* a place follows */
  op_unless,
  op_call,    /* a place follows; the argument is on the stack */
  op_return,
  op_get,     /* array and index are on the stack */
  op_set,
  op_array,   /* its length is on the stack */
  op_stop
};

enum type { type_integer, type_float, type_array };

struct value {
  enum type type;
  union {
    int64_t integer;
    double number;
    struct value *items;
  };
};

/* Runs code until it stops; returns what is on top. */
struct value run(const int32_t *code);

/* What operations do, whatever they are given. */
struct value value_add(struct value a, struct value b);
struct value value_subtract(struct value a, struct value b);
struct value value_multiply(struct value a, struct value b);
struct value value_divide(struct value a, struct value b);
struct value value_modulo(struct value a, struct value b);
int value_less(struct value a, struct value b);
int value_equal(struct value a, struct value b);
int value_is_true(struct value value);

/* Arrays live until everything is given back. */
struct value *array_new(int64_t length);
void arrays_free(void);

/* Reads text: names of operations, numbers, and places, which end with a colon where they stand. */
void assemble(const char *text, int32_t *code, size_t most);

#endif
