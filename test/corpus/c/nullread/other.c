/* Reads through whatever it is given. */
int follow(const int *p) { return *(const volatile int *)p + 1; }
