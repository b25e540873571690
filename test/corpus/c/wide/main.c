/* Arithmetic that calls the compiler's library: long double, 128-bit division, complex multiplication and division. */
#include <complex.h>
#include <stdio.h>

typedef __int128 i128;
typedef unsigned __int128 u128;

u128 divide(u128 a, u128 b);
i128 signed_remainder(i128 a, i128 b);
long double horner(const long double *c, int n, long double x);
double complex rotate(double complex z, double complex by);

static void print(u128 n) {
  char text[48], *at = text + sizeof text;
  *--at = 0;
  do {
    *--at = (char)('0' + (int)(n % 10));
    n /= 10;
  } while (n);
  puts(at);
}

int main(void) {
  u128 big = ((u128)0x0123456789abcdefULL << 64) | 0xfedcba9876543210ULL;
  print(big);
  print(divide(big, 1000000007));
  print(divide(big, (u128)1 << 70));
  i128 minus = -(i128)(big >> 3);
  print((u128)-signed_remainder(minus, 1000000009));
  print((u128)(-minus / 12345));
  u128 factorial = 1;
  for (unsigned i = 2; i <= 33; i++) factorial *= i;
  print(factorial);
  printf("%.3f %.3f\n", (double)factorial / 1e30, (double)minus / 1e30);
  print((u128)1e30);
  const long double c[] = {1.0L, -0.5L, 0.25L, -0.125L};
  printf("%.12Lf %.12Lf\n", horner(c, 4, 2.0L), horner(c, 4, 1e-3L));
  long double sum = 0;
  for (int i = 1; i <= 20000; i++) sum += 1.0L / i;
  printf("%.10Lf %zu %d\n", sum, sizeof sum, (int)sum);
  double complex z = 1 + 2 * I;
  z = rotate(z, 3 - 1 * I);
  printf("%.2f %.2f\n", creal(z), cimag(z));
  z = z / (1 + 1 * I);
  printf("%.2f %.2f %.4f\n", creal(z), cimag(z), cabs(z));
  float complex f = 2 - 1 * I;
  f = f * f / (1.0f + 2.0f * I);
  printf("%.3f %.3f\n", (double)crealf(f), (double)cimagf(f));
  double complex w = 0.3 + 0.4 * I;
  for (int i = 0; i < 50000; i++) w = rotate(w, 0.6 + 0.8 * I);
  printf("%.4f\n", cabs(w));
  unsigned long long product;
  int overflow;
  printf("%d %d\n", __builtin_mul_overflow(1ULL << 40, 1ULL << 30, &product), __builtin_add_overflow(1, 2, &overflow));
  return 0;
}
