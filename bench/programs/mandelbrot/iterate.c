/* Loops that vector units like. */
#include "mandelbrot.h"

void iterate(const double *real, double imaginary, int most, int32_t *turns) {
  double x[lanes] = {0}, y[lanes] = {0};
  int32_t inside[lanes];
  for (int lane = 0; lane < lanes; lane++) turns[lane] = 0, inside[lane] = 1;
  for (int turn = 0; turn < most; turn++) {
    int32_t any = 0;
    for (int lane = 0; lane < lanes; lane++) {
      double xx = x[lane] * x[lane], yy = y[lane] * y[lane], xy = x[lane] * y[lane];
      inside[lane] &= xx + yy <= 4.0;
      turns[lane] += inside[lane];
      any |= inside[lane];
      x[lane] = xx - yy + real[lane];
      y[lane] = xy + xy + imaginary;
    }
    if (!any) return;
  }
}
