/* Accessors that know the layout. */
#include "matrix.h"
#include <stdlib.h>

struct matrix matrix_new(int rows, int columns) {
  struct matrix made = {rows, columns, calloc((size_t)rows * (size_t)columns, sizeof(double))};
  if (made.cells == NULL) abort();
  return made;
}

double matrix_get(const struct matrix *matrix, int row, int column) {
  return matrix->cells[row * matrix->columns + column];
}

void matrix_set(struct matrix *matrix, int row, int column, double value) {
  matrix->cells[row * matrix->columns + column] = value;
}

void matrix_add(struct matrix *matrix, int row, int column, double value) {
  matrix->cells[row * matrix->columns + column] += value;
}
