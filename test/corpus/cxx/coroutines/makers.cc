#include "shared.h"

#include <stdexcept>

int destroyed = 0;
struct Local {
  ~Local() { destroyed++; }
};

Generator<long> squares(int limit) {
  Local local;
  for (long n = 0; n < limit; n++) co_yield n * n;
}

Generator<int> failing(int after) {
  Local local;
  for (int n = 0; n < after; n++) co_yield n;
  throw std::runtime_error("after all");
}

Task deep(int n) {
  if (n == 0) co_return 1;
  co_return co_await deep(n - 1) + 1;
}
