/* Calls what it is given, so that nothing is folded. */
double apply(double (*f)(double), double x) { return f(x); }
