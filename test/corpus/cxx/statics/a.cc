#include "shared.h"

template struct Registry<short>;
Single *fromA() { return &single(); }
int useA(int n) {
  slot<int>() += n;
  Registry<short>::last++;
  return Registry<int>::add() + next();
}
const void *whereA() { return &slot<int>(); }
int (*pointerA())() { return next; }
