#include "shared.h"

Single *fromB() { return &single(); }
int useB(int n) {
  slot<int>() -= n / 2;
  return Registry<int>::add() * (next() % 2) + slot<long>() % 3;
}
const void *whereB() { return &slot<int>(); }
int (*pointerB())() { return next; }
