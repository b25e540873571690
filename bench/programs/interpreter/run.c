/* The loop over operations. */
#include "machine.h"
#include <stdlib.h>

enum { stack_size = 4096, frame_size = 8 };

struct value run(const int32_t *code) {
  static struct value stack[stack_size], variables[stack_size];
  static const int32_t *returns[stack_size / frame_size];
  struct value *top = stack, *frame = variables;
  const int32_t *at = code;
  size_t depth = 0;
  for (;;) {
    switch ((enum operation)*at++) {
    case op_push: *top++ = (struct value){type_integer, {.integer = *at++}}; break;
    case op_load: *top++ = frame[*at++]; break;
    case op_store: frame[*at++] = *--top; break;
    case op_add: top--, top[-1] = value_add(top[-1], top[0]); break;
    case op_subtract: top--, top[-1] = value_subtract(top[-1], top[0]); break;
    case op_multiply: top--, top[-1] = value_multiply(top[-1], top[0]); break;
    case op_divide: top--, top[-1] = value_divide(top[-1], top[0]); break;
    case op_modulo: top--, top[-1] = value_modulo(top[-1], top[0]); break;
    case op_less:
      top--, top[-1] = (struct value){type_integer, {.integer = value_less(top[-1], top[0])}};
      break;
    case op_equal:
      top--, top[-1] = (struct value){type_integer, {.integer = value_equal(top[-1], top[0])}};
      break;
    case op_jump: at = code + *at; break;
    case op_unless: at = value_is_true(*--top) ? at + 1 : code + *at; break;
    case op_call:
      if (depth + 1 == sizeof returns / sizeof *returns) abort();
      returns[depth++] = at + 1;
      frame += frame_size;
      frame[0] = *--top;
      at = code + *at;
      break;
    case op_return:
      at = returns[--depth];
      frame -= frame_size;
      break;
    case op_get: top--, top[-1] = top[-1].items[top[0].integer]; break;
    case op_set: top -= 3, top[0].items[top[1].integer] = top[2]; break;
    case op_array: top[-1] = (struct value){type_array, {.items = array_new(top[-1].integer)}}; break;
    case op_stop: return top[-1];
    }
  }
}
