/* Elimination through accessors of another module. */
#include "matrix.h"
#include <math.h>

static int pivot_of(const struct matrix *matrix, int step) {
  int best = step;
  for (int row = step + 1; row < matrix->rows; row++)
    if (fabs(matrix_get(matrix, row, step)) > fabs(matrix_get(matrix, best, step))) best = row;
  return best;
}

static void swap_rows(struct matrix *matrix, int one, int other) {
  for (int column = 0; column < matrix->columns; column++) {
    double kept = matrix_get(matrix, one, column);
    matrix_set(matrix, one, column, matrix_get(matrix, other, column));
    matrix_set(matrix, other, column, kept);
  }
}

double determinant(struct matrix *matrix) {
  double found = 1;
  for (int step = 0; step < matrix->rows; step++) {
    int pivot = pivot_of(matrix, step);
    if (pivot != step) {
      swap_rows(matrix, pivot, step);
      found = -found;
    }
    double divisor = matrix_get(matrix, step, step);
    found *= divisor;
    for (int row = step + 1; row < matrix->rows; row++) {
      double factor = matrix_get(matrix, row, step) / divisor;
      for (int column = step; column < matrix->columns; column++)
        matrix_add(matrix, row, column, -factor * matrix_get(matrix, step, column));
    }
  }
  return found;
}
