/* Multiplies matrices, and takes the determinant of what comes out. */
#include "../passes.h"
#include "matrix.h"
#include <string.h>

enum { size = 150, small_size = 24, small_turns = 60 };
static struct matrix a, b, c, small_a, small_b, small_c;

static void fill(struct matrix *matrix, uint32_t seed) {
  for (int row = 0; row < matrix->rows; row++)
    for (int column = 0; column < matrix->columns; column++)
      matrix_set(matrix, row, column, (double)(int)(next_random(&seed) % 2001 - 1000) / 512);
}

void prepare(void) {
  a = matrix_new(size, size), b = matrix_new(size, size), c = matrix_new(size, size);
  small_a = matrix_new(small_size, small_size), small_b = matrix_new(small_size, small_size);
  small_c = matrix_new(small_size, small_size);
  fill(&a, 7), fill(&b, 11), fill(&small_a, 13), fill(&small_b, 17);
}

static uint64_t bits(double value) {
  uint64_t held;
  memcpy(&held, &value, sizeof held);
  return held;
}

static void clear(struct matrix *matrix) {
  memset(matrix->cells, 0, sizeof(double) * (size_t)(matrix->rows * matrix->columns));
}

uint64_t pass(void) {
  clear(&c);
  multiply(&a, &b, &c);
  uint64_t sum = bits(matrix_get(&c, 3, 5));
  sum = mix(sum, bits(determinant(&c)));
  for (int turn = 0; turn < small_turns; turn++) {
    clear(&small_c);
    multiply(&small_a, &small_b, &small_c);
    sum = mix(sum, bits(determinant(&small_c)));
  }
  return sum;
}
