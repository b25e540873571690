/* Emits the external definitions. */
#include "inlines.h"

int calls;
extern inline int square(int n);
extern inline int shared(int n);

int (*other_address(void))(int) { return square; }
int other_sum(int n) {
  int sum = 0;
  for (int i = 0; i < n; i++) sum += square(i % 6);
  return sum + calls;
}
