/* The same types across files. */
#include <complex.h>

unsigned __int128 divide(unsigned __int128 a, unsigned __int128 b) { return a / b; }
__int128 signed_remainder(__int128 a, __int128 b) { return a % b; }
long double horner(const long double *c, int n, long double x) {
  long double sum = 0;
  while (n-- > 0) sum = sum * x + c[n];
  return sum;
}
double complex rotate(double complex z, double complex by) { return z * by; }
