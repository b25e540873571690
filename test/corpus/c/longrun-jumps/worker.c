/* Goes deep and jumps out when the number is unlucky. */
#include "worker.h"

static unsigned long count;
static unsigned scramble(unsigned n) { return n * 1103515245u + 12345u; }

int work(unsigned n, int depth) {
  count++;
  if (depth == 0) {
    if (n % 13 == 0) leave((int)(n % 5) + 1, errors);
    return (int)(scramble(n) >> 20) + 1;
  }
  int below = work(n, depth - 1);
  for (int i = 0; i < 4; i++) below ^= (int)(scramble((unsigned)below + n) >> 24);
  return below | 1;
}
void leave(int code, jmp_buf to) {
  count++;
  longjmp(to, code);
}
unsigned long calls(void) { return count; }
