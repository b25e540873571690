#include "shared.h"

void dive(int depth, long &guards) {
  Guard guard(guards);
  if (depth == 0) throw Failure("bottom", 0);
  try {
    dive(depth - 1, guards);
  } catch (Failure &failure) {
    failure.depth++;
    throw;
  }
}

std::exception_ptr capture(int n) {
  try {
    if (n % 2 == 0) throw n;
    throw Failure("captured", n);
  } catch (...) {
    return std::current_exception();
  }
}
