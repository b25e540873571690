/* C99 inline: the definition in a header, the external one in one other file; the address is that one's. */
#include <stdio.h>
#include "inlines.h"

int other_sum(int n);
int (*other_address(void))(int);
static inline int local(int n) { return n * 7; }
inline __attribute__((always_inline)) static int always(int n) { return n - 1; }

int main(void) {
  int sum = 0;
  for (int i = 0; i < 1000; i++) sum += square(i % 10) + local(i % 3) + always(i % 5) + shared(i % 4);
  printf("%d %d\n", sum, other_sum(1000));
  printf("%d %d\n", square == other_address(), local(6));
  printf("%d\n", shared(5));
  return 0;
}
