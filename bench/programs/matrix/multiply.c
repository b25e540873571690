/* Multiplication through accessors of another module. */
#include "matrix.h"

void multiply(const struct matrix *a, const struct matrix *b, struct matrix *product) {
  for (int row = 0; row < a->rows; row++)
    for (int inner = 0; inner < a->columns; inner++) {
      double factor = matrix_get(a, row, inner);
      for (int column = 0; column < b->columns; column++)
        matrix_add(product, row, column, factor * matrix_get(b, inner, column));
    }
}
