#include "library.h"

int other(int n) {
  libraryFill();
  return n % 2 == 0 ? libraryAdd(-1) : libraryCount;
}
