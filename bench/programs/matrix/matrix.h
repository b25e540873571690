#ifndef MATRIX_H
#define MATRIX_H

/* Rows of doubles. */
struct matrix {
  int rows, columns;
  double *cells;
};

struct matrix matrix_new(int rows, int columns);
double matrix_get(const struct matrix *matrix, int row, int column);
void matrix_set(struct matrix *matrix, int row, int column, double value);
void matrix_add(struct matrix *matrix, int row, int column, double value);

/* product += a * b */
void multiply(const struct matrix *a, const struct matrix *b, struct matrix *product);
/* Swaps rows so that the largest pivot is used, as Gauss did; returns the determinant, and leaves a triangle. */
double determinant(struct matrix *matrix);

#endif
