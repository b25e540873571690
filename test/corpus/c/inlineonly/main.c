/* C99 inline with no external definition anywhere: only an optimising build links, by inlining; ours must find the body. */
#include <stdio.h>

inline int triple(int n) { return n * 3; }
inline int clamp(int n, int low, int high) { return n < low ? low : n > high ? high : n; }
extern inline __attribute__((gnu_inline)) int gnu(int n) { return n + 100; }

int other(int n);

int main(void) {
  int sum = 0;
  for (int i = 0; i < 1000; i++) sum += clamp(triple(i), 10, 700) + gnu(i) + other(i);
  printf("%d\n", sum);
  return 0;
}
