/* The mathematical library: doubles, floats, long doubles, classification, rounding modes, functions by pointer. */
#include <fenv.h>
#include <float.h>
#include <math.h>
#include <stdio.h>

typedef double (*function)(double);
static const struct {
  const char *name;
  function f;
} table[] = {{"sin", sin}, {"cos", cos}, {"tan", tan}, {"exp", exp}, {"log", log}, {"sqrt", sqrt}, {"cbrt", cbrt}, {"floor", floor},
             {"ceil", ceil}, {"round", round}, {"trunc", trunc}, {"tanh", tanh}, {"erf", erf}, {"tgamma", tgamma}, {"log1p", log1p}};
double apply(function f, double x);

static void rounding(void) {
#pragma STDC FENV_ACCESS ON
  volatile double three = 3, one = 1;
  fesetround(FE_UPWARD);
  double up = one / three;
  fesetround(FE_DOWNWARD);
  double down = one / three;
  fesetround(FE_TONEAREST);
  printf("%d %d\n", up > down, nextafter(down, 1) == up);
}

int main(void) {
  for (unsigned i = 0; i < sizeof table / sizeof *table; i++) printf("%s %.6f %.6f\n", table[i].name, table[i].f(0.75), apply(table[i].f, 2.5));
  printf("%.6f %.6f %.6f %.6f\n", pow(2, 0.5), atan2(1, -1), hypot(3, 4), fmod(-7.5, 2));
  printf("%.4f %.4f %.4Lf\n", (double)sinf(1), (double)powf(2, 10), sqrtl(2.0L));
  int exponent;
  double whole, fraction = frexp(48.5, &exponent), part = modf(-3.25, &whole);
  printf("%.4f %d %.2f %.2f %.1f\n", fraction, exponent, part, whole, ldexp(0.75, 4));
  printf("%d %d %d %d %d\n", isnan(sqrt(-apply(fabs, 1))) != 0, isinf(apply(exp, 1000)) != 0, isfinite(1.0) != 0, signbit(-0.0) != 0, fpclassify(DBL_MIN / 4) == FP_SUBNORMAL);
  printf("%ld %lld %.1f %.1f\n", lround(2.5), llrint(3.5), nearbyint(4.5), copysign(3, -0.0));
  rounding();
  printf("%.6f %.6f %d\n", fma(2, 3, 4), remainder(10, 3), ilogb(1000));
  double sum = 0;
  for (int i = 1; i < 50000; i++) sum += sin(i) * exp(-i / 1e4) + table[i % 12].f(i % 9 + 1);
  printf("%.5f\n", sum);
  return 0;
}
