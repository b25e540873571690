/* Runs about a second: static counters in three files are bumped millions of times, and all calls are counted at the end. */
#include <stdio.h>

unsigned long left(unsigned long n);
unsigned long right(unsigned long n);
unsigned long left_calls(void), right_calls(void), shared_calls(void);
extern int initialisations;

static unsigned long own;
static unsigned long step(unsigned long n) {
  static unsigned long calls = 1000000;
  static unsigned char wraps;
  wraps++;
  own += wraps == 0;
  return ++calls ^ n;
}

int main(void) {
  unsigned long value = 1;
  for (unsigned long i = 0; i < 70000000; i++) value = value % 3 ? left(step(value)) : right(step(value + i));
  printf("%lu\n", value);
  printf("%lu %lu\n", left_calls() + right_calls(), shared_calls());
  unsigned long steps = step(0) - 1000000;
  printf("%lu %lu %d\n", steps, own, initialisations);
  return 0;
}
