/* Its own table of the same functions, and what it saw first. */
#include "work.h"

unsigned turn(unsigned n) { return n << 7 | n >> 25; }
static unsigned hidden(unsigned n) { return n ^ 0x9e3779b9u; }
static unsigned step(unsigned n) { return n + turn(n); }
static const work table[] = {turn, hidden, step};
static work seen[4];

work from_table(int i) { return table[i]; }
int is_same(int i, work f) {
  if (!seen[i]) seen[i] = f;
  return seen[i] == f && (i != 1 || f == turn);
}
