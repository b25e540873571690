/* An atomic that both threads reach through another file. */
#include <stdatomic.h>

_Atomic unsigned long shared;

void others_part(int n) {
  atomic_fetch_add_explicit(&shared, (unsigned long)(n % 3), memory_order_relaxed);
}
