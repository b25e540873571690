/* Arithmetic over two kinds of numbers. */
#include "machine.h"
#include <stdlib.h>

static struct value integer(int64_t value) { return (struct value){type_integer, {.integer = value}}; }
static struct value number(double value) { return (struct value){type_float, {.number = value}}; }

static double as_number(struct value value) {
  return value.type == type_integer ? (double)value.integer : value.number;
}

static int are_integers(struct value a, struct value b) { return a.type == type_integer && b.type == type_integer; }

struct value value_add(struct value a, struct value b) {
  if (are_integers(a, b)) return integer(a.integer + b.integer);
  return number(as_number(a) + as_number(b));
}

struct value value_subtract(struct value a, struct value b) {
  if (are_integers(a, b)) return integer(a.integer - b.integer);
  return number(as_number(a) - as_number(b));
}

struct value value_multiply(struct value a, struct value b) {
  if (are_integers(a, b)) return integer((int64_t)((uint64_t)a.integer * (uint64_t)b.integer));
  return number(as_number(a) * as_number(b));
}

struct value value_divide(struct value a, struct value b) {
  if (!are_integers(a, b)) return number(as_number(a) / as_number(b));
  if (b.integer == 0) abort();
  return integer(a.integer / b.integer);
}

struct value value_modulo(struct value a, struct value b) {
  if (!are_integers(a, b) || b.integer == 0) abort();
  return integer(a.integer % b.integer);
}

int value_less(struct value a, struct value b) {
  if (are_integers(a, b)) return a.integer < b.integer;
  return as_number(a) < as_number(b);
}

int value_equal(struct value a, struct value b) {
  if (are_integers(a, b)) return a.integer == b.integer;
  return as_number(a) == as_number(b);
}

int value_is_true(struct value value) { return value.type != type_integer || value.integer != 0; }
